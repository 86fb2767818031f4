package dev.aioscope.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.aioscope.testing.Await;
import java.io.IOException;
import java.lang.reflect.Proxy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HelperProcessTest {

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
        try (HelperProcess echo = new HelperProcess(HelperProcess.command(Echo.class), Await.LIMIT)) {
            assertThat(echo.greeting()).isEqualTo("hello");
            assertThat(echo.ask("one", Await.LIMIT)).isEqualTo("one");
            assertThat(echo.ask("zwei ü", Await.LIMIT)).isEqualTo("zwei ü");
            assertThat(echo.isAlive()).isTrue();
        }
    }

    @Test
    @Timeout(25)
    void abandonsHungProcess() throws IOException {
        try (HelperProcess stuck = new HelperProcess(HelperProcess.command(StuckHelper.class), Await.LIMIT)) {
            assertThatThrownBy(() -> stuck.ask("one", Duration.ofMillis(100)))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("no answer within");
        }
    }

    /** Calculates for a second before each line. */
    private static final String SLOW = """
            work() { local end=$((${EPOCHREALTIME/[.,]/} + 1000000)); while ((${EPOCHREALTIME/[.,]/} < end)); do :; done; }
            WORK; echo hello; while read -r line; do WORK; echo "$line"; done""";

    @ParameterizedTest
    @ValueSource(strings = {"work", "(work) | cat"})
    void waitsForProcessThatIsSlow(String work) throws IOException {
        Duration limit = Duration.ofMillis(500);
        try (HelperProcess slow = new HelperProcess(List.of("/bin/bash", "-c", SLOW.replace("WORK", work)), limit)) {
            assertThat(slow.greeting()).isEqualTo("hello");
            assertThat(slow.ask("one", limit)).isEqualTo("one");
        }
    }

    @Test
    @Timeout(60)
    void abandonsProcessThatWorksForever() {
        List<String> command = List.of("/bin/sh", "-c", "while :; do :; done");
        assertThatThrownBy(() -> new HelperProcess(command, Duration.ofMillis(200)).close())
                .isInstanceOf(IOException.class)
                .hasMessageContaining("no answer within");
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
        try (HelperProcess helper = HelperProcess.start(HelperProcess.command(EndedOnce.class), Await.LIMIT)) {
            assertThat(helper.greeting()).isEqualTo("hello");
        }
    }

    @Test
    void failsWhenProcessExits() {
        assertThatThrownBy(() -> new HelperProcess(HelperProcess.command(HelperProcessTest.class), Await.LIMIT).close())
                .isInstanceOf(IOException.class)
                .hasMessageContaining("the helper process exited");
    }

    /** A process that no signal ends. */
    private static ProcessHandle unkillable(AtomicBoolean isAlive) {
        return (ProcessHandle) Proxy.newProxyInstance(
                HelperProcessTest.class.getClassLoader(),
                new Class<?>[] {ProcessHandle.class},
                (proxy, method, arguments) -> switch (method.getName()) {
                    case "isAlive" -> isAlive.get();
                    case "hashCode" -> System.identityHashCode(proxy);
                    case "equals" -> proxy == arguments[0];
                    default -> throw new UnsupportedOperationException(method.getName());
                });
    }

    @Test
    void startsNoMoreThanEightProcessesThatHang() throws IOException {
        AtomicBoolean isAlive = new AtomicBoolean(true);
        List<ProcessHandle> hung = Stream.generate(() -> unkillable(isAlive))
                .limit(HelperProcess.MAX_HUNG)
                .toList();
        // Those that other tests killed exit.
        Await.until("no other process", () -> HelperProcess.HUNG.stream().noneMatch(ProcessHandle::isAlive));
        HelperProcess.HUNG.addAll(hung);
        try {
            assertThatThrownBy(() -> new HelperProcess(HelperProcess.command(Echo.class), Await.LIMIT).close())
                    .isInstanceOf(IOException.class)
                    .hasMessage("8 helper processes hang and cannot be killed");

            isAlive.set(false);
            try (HelperProcess echo = new HelperProcess(HelperProcess.command(Echo.class), Await.LIMIT)) {
                assertThat(echo.greeting()).isEqualTo("hello");
            }
        } finally {
            hung.forEach(HelperProcess.HUNG::remove);
        }
    }
}
