package dev.aioscope.guest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aioscope.kernel.Host;
import dev.aioscope.testing.Aioscope;
import dev.aioscope.testing.CommandResult;
import dev.aioscope.testing.Commands;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** On a host that lacks a requirement, the error names the cause and a hint, and the exit status matches. */
@Tag("guest")
@Tag("turn1")
class HostFailureGuestTest {
    /** Hides cached bytecode, with which the engine bcc needs neither libbcc nor kernel types. */
    static final String HIDE_BYTECODE = "mount -t tmpfs none /var/cache";

    /** Runs aioscope in its own mount namespace after a preparation, without cached bytecode. */
    static CommandResult prepared(String preparation, String... arguments) throws IOException {
        String command = String.join(" ", Aioscope.command(arguments));
        return Commands.execute(
                "unshare", "--mount", "sh", "-c", HIDE_BYTECODE + " && " + preparation + " && exec " + command);
    }

    static void assertFails(CommandResult command, String cause, String hint) {
        assertThat(command.status()).as(command.output()).isEqualTo(3);
        assertThat(command.output()).contains(cause).contains(hint).doesNotContain("\tat ");
    }

    @Test
    void reportsMissingLibbpf() throws IOException {
        CommandResult trace = prepared(
                "for f in /usr/lib/*/libbpf.so.1; do mount --bind /dev/null $f; done", "trace", "--tier", "sample");

        assertFails(trace, "cannot load libbpf.so.1", "apt-get install libbpf1");
    }

    @Test
    void reportsMissingBtf() throws IOException {
        CommandResult trace = prepared("mount -t tmpfs none /sys/kernel/btf", "trace", "--tier", "sample");

        assertFails(trace, "cannot load the probes", "CONFIG_DEBUG_INFO_BTF=y");
    }

    @Test
    void usesProcTierWithoutBpf() throws IOException {
        CommandResult trace = prepared("mount -t tmpfs none /sys/kernel/btf", "trace", "--for", "100ms");

        assertThat(trace.status()).as(trace.output()).isZero();
        assertThat(trace.output())
                .contains("Tier proc, engine none, probes: none")
                .contains("cannot use tier full, tier syscall, tier sample: cannot load the probes")
                .contains("CONFIG_DEBUG_INFO_BTF=y");
    }

    @Test
    void reportsMissingPermission() throws IOException {
        String command = String.join(" ", Aioscope.command("trace", "--tier", "sample"));
        CommandResult trace =
                Commands.execute("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "sh", "-c", command);

        assertFails(trace, "EPERM", "run aioscope as root, or give it CAP_BPF and CAP_PERFMON");
    }

    @Test
    void reportsUnreadableProbes(@TempDir Path folder) throws IOException {
        Path object = folder.resolve("bpf/" + Host.architecture() + "/aioscope.bpf.o");
        Files.createDirectories(object.getParent());
        Files.writeString(object, "this is no object");

        // The class path uses the first resource it finds.
        CommandResult trace = Commands.execute(Aioscope.commandWithResources(folder, "trace", "--engine", "core"));

        assertFails(trace, "cannot parse the probes", "reinstall aioscope");
    }

    @Test
    void reportsUnreachableTraceEndpoint(@TempDir Path folder) throws Exception {
        Path output = folder.resolve("run.log");
        String[] run = Aioscope.command("run", "--sampling-ratio", "1", "--recorder-directory", folder.toString());
        Process agent = Commands.start(
                output,
                Map.of("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1", "OTEL_BSP_SCHEDULE_DELAY", "100"),
                run);
        try {
            Commands.awaitText(agent, output, " started: ");
            try (AioWork work = AioWork.start("wrong-handles")) {
                work.finish();
            }
            Commands.awaitText(agent, output, "cannot export spans to http://127.0.0.1:1/v1/traces: ");
            assertThat(agent.isAlive()).isTrue();
            Commands.stop(agent, "TERM", 0, output);
        } finally {
            agent.destroyForcibly();
        }
        assertThat(Files.readString(output)).contains(" lost so far");
    }

    @Test
    void rejectsInvalidOption() throws IOException {
        CommandResult trace = Commands.execute(Aioscope.command("trace", "--tier", "best"));

        assertThat(trace.status()).isEqualTo(2);
        assertThat(trace.output()).contains("--tier").contains("--help").doesNotContain("\tat ");
    }
}
