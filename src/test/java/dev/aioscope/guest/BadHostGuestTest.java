package dev.aioscope.guest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aioscope.kernel.Host;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A host that lacks something gets a sentence with the cause and the hint, and the exit status for it. */
@Tag("guest")
class BadHostGuestTest {
    /** Hides the kept bytecode: the engine bcc needs neither libbcc nor types of the kernel where it has that. */
    static final String NOTHING_KEPT = "mount -t tmpfs none /var/cache";

    /** Runs aioscope in a mount namespace of its own, without what an earlier start has compiled, after this preparation. */
    static Command prepared(String preparation, String... arguments) throws IOException {
        String command = String.join(" ", Command.aioscope(arguments));
        return Command.runs(
                "unshare", "--mount", "sh", "-c", NOTHING_KEPT + " && " + preparation + " && exec " + command);
    }

    static void assertRefused(Command command, String cause, String hint) {
        assertThat(command.status()).as(command.output()).isEqualTo(3);
        assertThat(command.output()).contains(cause).contains(hint).doesNotContain("\tat ");
    }

    @Test
    @Tag("once")
    void withoutLibbpf() throws IOException {
        Command trace = prepared(
                "for f in /usr/lib/*/libbpf.so.1; do mount --bind /dev/null $f; done", "trace", "--tier", "sample");

        assertRefused(trace, "libbpf.so.1 cannot be loaded", "apt-get install libbpf1");
    }

    @Test
    void withoutBtf() throws IOException {
        Command trace = prepared("mount -t tmpfs none /sys/kernel/btf", "trace", "--tier", "sample");

        assertRefused(trace, "the probes cannot be loaded", "CONFIG_DEBUG_INFO_BTF=y");
    }

    @Test
    @Tag("once")
    void withoutBpfWhatProcTellsIsShown() throws IOException {
        Command trace = prepared("mount -t tmpfs none /sys/kernel/btf", "trace", "--for", "100ms");

        assertThat(trace.status()).as(trace.output()).isZero();
        assertThat(trace.output())
                .contains("Tier proc, engine none, probes: none")
                .contains("Not sample: the probes cannot be loaded")
                .contains("CONFIG_DEBUG_INFO_BTF=y");
    }

    @Test
    void withoutPermission() throws IOException {
        String command = String.join(" ", Command.aioscope("trace", "--tier", "sample"));
        Command trace =
                Command.runs("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "sh", "-c", command);

        assertRefused(trace, "EPERM", "run aioscope as root, or give it CAP_BPF and CAP_PERFMON");
    }

    @Test
    @Tag("once")
    void withProbesThatCannotBeRead(@TempDir Path folder) throws IOException {
        Path object = folder.resolve("bpf/" + Host.architecture() + "/aioscope.bpf.o");
        Files.createDirectories(object.getParent());
        Files.writeString(object, "this is no object");

        // The first on the class path is taken.
        Command trace = Command.runs(Command.aioscopeWith(folder, "trace", "--engine", "core"));

        assertRefused(trace, "the compiled probes cannot be read", "build or install aioscope again");
    }

    @Test
    @Tag("once")
    void withTracesThatGoNowhere(@TempDir Path folder) throws Exception {
        Path output = folder.resolve("run.log");
        String[] run = Command.aioscope("run", "--sampling-ratio", "1", "--recorder-directory", folder.toString());
        Process agent = Command.start(
                output,
                Stream.concat(
                                Stream.of(
                                        "env",
                                        "OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:1",
                                        "OTEL_BSP_SCHEDULE_DELAY=100"),
                                Arrays.stream(run))
                        .toArray(String[]::new));
        try {
            Command.awaitText(output, " watches: ");
            try (AioWork work = AioWork.start("wrong-handles")) {
                work.finish();
            }
            Command.awaitText(output, "Spans do not reach http://127.0.0.1:1/v1/traces: ");
            assertThat(agent.isAlive()).isTrue();
        } finally {
            agent.destroy();
        }
        assertThat(agent.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(agent.exitValue()).isEqualTo(143);
        assertThat(Files.readString(output)).contains("Lost so far: ").doesNotContain("\tat ");
    }

    @Test
    @Tag("once")
    void withTheWrongOption() throws IOException {
        Command trace = Command.runs(Command.aioscope("trace", "--tier", "best"));

        assertThat(trace.status()).isEqualTo(2);
        assertThat(trace.output()).contains("--tier").contains("--help").doesNotContain("\tat ");
    }
}
