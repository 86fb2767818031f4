package dev.aioscope.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class HelperProcessTest {
    private static final Duration START = Duration.ofSeconds(60);

    /** Answers with what it was asked. */
    static final class Echo {
        public static void main(String[] arguments) throws InterruptedException {
            HelperProcess.serve("hello", question -> question);
        }
    }

    /** Never answers; its output stays open when it is killed, as that of a process which hangs in the kernel. */
    static final class StuckHelper {
        public static void main(String[] arguments) throws Exception {
            new ProcessBuilder("sleep", "30")
                    .redirectOutput(ProcessBuilder.Redirect.INHERIT)
                    .start();
            HelperProcess.serve("hello", question -> {
                try {
                    Thread.sleep(30_000);
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
                return question;
            });
        }
    }

    @Test
    void answersLineByLine() throws IOException {
        try (HelperProcess echo = new HelperProcess(HelperProcess.command(Echo.class), START)) {
            assertThat(echo.greeting()).isEqualTo("hello");
            assertThat(echo.ask("one", START)).isEqualTo("one");
            assertThat(echo.ask("zwei ü", START)).isEqualTo("zwei ü");
            assertThat(echo.isAlive()).isTrue();
        }
    }

    @Test
    @Timeout(25)
    void abandonsHungProcess() throws IOException {
        try (HelperProcess stuck = new HelperProcess(HelperProcess.command(StuckHelper.class), START)) {
            assertThatThrownBy(() -> stuck.ask("one", Duration.ofMillis(100)))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("no answer within");
        }
    }

    /** Exits before its greeting unless an earlier one has done so. */
    static final class EndedOnce {
        static final String FILE = "aioscope-ended-";

        public static void main(String[] arguments) throws Exception {
            Path marker = Path.of(
                    System.getProperty("java.io.tmpdir"),
                    FILE + ProcessHandle.current().parent().orElseThrow().pid());
            if (Files.deleteIfExists(marker)) {
                HelperProcess.serve("hello", question -> question);
            }
            Files.createFile(marker);
        }
    }

    @Test
    void startsAgainIfSignalEndsIt() throws IOException {
        try (HelperProcess helper = HelperProcess.start(HelperProcess.command(EndedOnce.class), START)) {
            assertThat(helper.greeting()).isEqualTo("hello");
        }
    }

    @Test
    void failsWhenProcessExits() {
        assertThatThrownBy(() -> new HelperProcess(HelperProcess.command(HelperProcessTest.class), START).close())
                .isInstanceOf(IOException.class)
                .hasMessageContaining("the helper process exited");
    }
}
