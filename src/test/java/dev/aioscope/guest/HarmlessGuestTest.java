package dev.aioscope.guest;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The agent leaves nothing behind. */
@Tag("guest")
class HarmlessGuestTest {
    /** Nobody else in the guest uses BPF. */
    private static final String NOTHING = "prog 0\nmap 0\nlink 0\n";

    private static final Path KPROBE_EVENTS = Path.of("/sys/kernel/tracing/kprobe_events");

    @TempDir
    private Path folder;

    /** What BPF holds in the kernel: programs, maps, links; and the definitions of probes in tracefs. */
    private static String inKernel() throws IOException {
        return count("prog") + count("map") + count("link") + Files.readString(KPROBE_EVENTS);
    }

    private static String count(String kind) throws IOException {
        return kind + " " + (Command.run("bpftool", "-j", kind, "show").split("\"id\":", -1).length - 1) + "\n";
    }

    /** What was closed the kernel frees a moment later, that of an earlier test and of bpftool too. */
    private static void awaitNothingInKernel() throws IOException {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (!inKernel().equals(NOTHING) && System.nanoTime() < deadline) {
            Command.pause();
        }
        assertThat(inKernel()).isEqualTo(NOTHING);
    }

    @ParameterizedTest
    @CsvSource({"fentry, core", "kprobe, core", "kprobe, bcc"})
    void anAgentThatIsKilledLeavesNoProbeMapOrPinBehind(String mode, String engine) throws Exception {
        awaitNothingInKernel();
        Path output = folder.resolve("trace.log");
        Process agent = Command.start(
                output, Command.aioscope("trace", "--tier", "full", "--probe-mode", mode, "--engine", engine));
        Command.awaitText(output, "Tier full");
        assertThat(inKernel()).isNotEqualTo(NOTHING);

        agent.destroyForcibly();
        assertThat(agent.waitFor(60, TimeUnit.SECONDS)).isTrue();
        awaitNothingInKernel();
        assertThat(Path.of("/sys/fs/bpf")).isEmptyDirectory();
    }

    @ParameterizedTest
    @CsvSource({"INT, 130, fentry", "TERM, 143, kprobe"})
    void anAgentThatIsToldToEndRemovesItsProbes(String signal, int status, String mode) throws Exception {
        awaitNothingInKernel();
        Path output = folder.resolve("run.log");
        Process agent = Command.start(
                output,
                Command.aioscope(
                        "run", "--tier", "full", "--probe-mode", mode, "--recorder-directory", folder.toString()));
        Command.awaitText(output, " started: tier full");
        assertThat(inKernel()).isNotEqualTo(NOTHING);

        Command.run("kill", "-" + signal, "" + agent.pid());
        assertThat(agent.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(agent.exitValue()).as(Files.readString(output)).isEqualTo(status);
        assertThat(Files.readString(output)).doesNotContain("\tat ");
        awaitNothingInKernel();
    }
}
