package dev.aioscope.guest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aioscope.testing.Aioscope;
import dev.aioscope.testing.Await;
import dev.aioscope.testing.Commands;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The agent leaves nothing behind. */
@Tag("guest")
@Tag("turn3")
class CleanupGuestTest {
    /** Only aioscope uses BPF in the guest. */
    private static final String NOTHING = "prog 0\nmap 0\nlink 0\n";

    private static final Path KPROBE_EVENTS = Path.of("/sys/kernel/tracing/kprobe_events");

    @TempDir
    private Path folder;

    /** The numbers of BPF programs, maps and links, and the probe definitions in tracefs. */
    private static String inKernel() throws IOException {
        return count("prog") + count("map") + count("link") + Files.readString(KPROBE_EVENTS);
    }

    private static String count(String kind) throws IOException {
        Commands.assumeInstalled("bpftool");
        return kind + " " + (Commands.run("bpftool", "-j", kind, "show").split("\"id\":", -1).length - 1) + "\n";
    }

    /** The kernel frees closed objects a moment later, also those of an earlier test and of bpftool. */
    private static void awaitNothingInKernel() throws IOException {
        Await.value("no BPF objects", CleanupGuestTest::inKernel, NOTHING::equals);
    }

    @ParameterizedTest
    @CsvSource({"fentry, core", "kprobe, core", "kprobe, bcc"})
    void leavesNoProbeMapOrPinAfterKill(String mode, String engine) throws Exception {
        awaitNothingInKernel();
        Path output = folder.resolve("trace.log");
        Process agent = Commands.start(
                output, Aioscope.command("trace", "--tier", "full", "--probe-mode", mode, "--engine", engine));
        Commands.awaitText(agent, output, "Tier full");
        assertThat(inKernel()).isNotEqualTo(NOTHING);

        agent.destroyForcibly();
        Commands.awaitExit(agent);
        awaitNothingInKernel();
        assertThat(Path.of("/sys/fs/bpf")).isEmptyDirectory();
    }

    /** On one kernel: every kernel frees the same objects after a kill, where aioscope itself detaches nothing. */
    @ParameterizedTest
    @CsvSource({"INT, 130, fentry", "TERM, 0, kprobe"})
    void removesProbesOnSignal(String signal, int status, String mode) throws Exception {
        awaitNothingInKernel();
        Path output = folder.resolve("run.log");
        Process agent = Commands.start(
                output,
                Aioscope.command(
                        "run", "--tier", "full", "--probe-mode", mode, "--recorder-directory", folder.toString()));
        Commands.awaitText(agent, output, " started: tier full");
        assertThat(inKernel()).isNotEqualTo(NOTHING);

        Commands.stop(agent, signal, status, output);
        awaitNothingInKernel();
    }
}
