package dev.aioscope.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aioscope.testing.Aioscope;
import dev.aioscope.testing.Commands;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Commands whose standard output cannot be written. */
@Timeout(120)
class LostOutputTest {
    private static final String LOST = "aioscope: cannot write to standard output: ";

    @TempDir
    private Path folder;

    private int run(Path output, String command, boolean closes) throws IOException {
        Process process = new ProcessBuilder(Aioscope.commandOfClasses(List.of(), command.split(" ", -1)))
                .redirectInput(Path.of("/dev/null").toFile())
                .redirectOutput(
                        closes
                                ? ProcessBuilder.Redirect.PIPE
                                : ProcessBuilder.Redirect.to(
                                        Path.of("/dev/full").toFile()))
                .redirectError(output.toFile())
                .start();
        process.getInputStream().close();
        Commands.awaitExit(process);
        return process.exitValue();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "--help",
                "version",
                "config show --effective --json",
                "contexts --tier proc",
                "contexts --tier proc --json",
                "contexts --tier proc --watch 1s",
                "top --tier proc",
                "top --tier proc --once",
                "plan --tier proc --json"
            })
    void reportsFullDisk(String command) throws IOException {
        Path err = folder.resolve("err");

        assertThat(run(err, command, false)).isEqualTo(1);
        assertThat(Files.readString(err))
                .containsOnlyOnce(LOST + "No space left on device")
                .doesNotContain("\tat ");
    }

    @ParameterizedTest
    @ValueSource(strings = {"version", "contexts --tier proc --json"})
    void reportsClosedPipe(String command) throws IOException {
        Path err = folder.resolve("err");

        assertThat(run(err, command, true)).isEqualTo(141);
        assertThat(Files.readString(err)).containsOnlyOnce(LOST + "Broken pipe");
    }

    @ParameterizedTest
    @ValueSource(strings = {"contexts --tier proc --watch 1s", "top --tier proc"})
    void endsLiveViewQuietlyWhenReaderLeaves(String command) throws IOException {
        Path err = folder.resolve("err");

        assertThat(run(err, command, true)).isEqualTo(141);
        assertThat(Files.readString(err)).doesNotContain(LOST);
    }
}
