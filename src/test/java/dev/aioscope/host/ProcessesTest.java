package dev.aioscope.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import dev.aioscope.kernel.HelperProcess;
import dev.aioscope.kernel.Host;
import dev.aioscope.lifecycle.Task;
import dev.aioscope.testing.Await;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Reading processes with a helper; names and arguments are untrusted. */
class ProcessesTest {
    @Test
    void parsesAnswer() {
        Identity identity = Processes.parse("/usr/bin/a b\tmysql\t0::/x\\n1:name=systemd:/y\\n\ta\t-c\\tx\\\\n\t");

        assertThat(identity.executable()).isEqualTo("/usr/bin/a b");
        assertThat(identity.user()).isEqualTo("mysql");
        assertThat(identity.cgroup()).isEqualTo("/x");
        assertThat(identity.arguments()).containsExactly("a", "-c\tx\\n", "");
    }

    @Test
    void treatsMissingFieldsAsNull() {
        assertThat(Processes.parse("")).isEqualTo(Identity.UNKNOWN);
        assertThat(Processes.parse("\t\t")).isEqualTo(Identity.UNKNOWN);
    }

    private static Task task(long start) {
        return new Task((int) ProcessHandle.current().pid(), 1, "me", 0, start);
    }

    /** Answers each query with an identity; hangs for start time 666. */
    static final class Reader {
        public static void main(String[] arguments) throws InterruptedException {
            AtomicInteger asked = new AtomicInteger();
            HelperProcess.serve("ready", query -> {
                while (query.endsWith(" 666")) {
                    LockSupport.parkNanos(Duration.ofSeconds(60).toNanos());
                }
                return "/bin/" + asked.incrementAndGet() + "\troot\t0::/\tprogram\tsecret";
            });
        }
    }

    @Test
    void readsEachProcessOnceAndAgainAfterExec() {
        try (Processes processes = new Processes(Reader.class, false, null, Processes.DEFAULT_CAPACITY)) {
            assertThat(processes.of(task(1), 5, true).executable()).isEqualTo("/bin/1");
            assertThat(processes.of(task(1), 5, false).executable()).isEqualTo("/bin/1");
            assertThat(processes.of(task(1)).executable()).isEqualTo("/bin/1");
            assertThat(processes.of(task(1), 6, false)).isEqualTo(Identity.UNKNOWN);
            assertThat(processes.of(task(1), 6, true).executable()).isEqualTo("/bin/2");
            assertThat(processes.of(task(1), 5, true).executable()).isEqualTo("/bin/1");
            assertThat(processes.of(task(1)).executable()).isEqualTo("/bin/2");
            assertThat(processes.of(task(2)).executable()).isEqualTo("/bin/3");
            assertThat(processes.unidentified()).isZero();
        }
    }

    @Test
    void dropsHiddenArguments() {
        try (Processes processes = new Processes(Reader.class, true, null, Processes.DEFAULT_CAPACITY)) {
            Identity identity = processes.of(task(1));
            assertThat(identity.arguments()).containsExactly("program");
            assertThat(identity.command()).isEqualTo("program");
            assertThat(identity.hidesArguments()).isTrue();
        }
    }

    @Test
    void skipsExitedProcess() {
        try (Processes processes = new Processes(Reader.class, false, null, Processes.DEFAULT_CAPACITY)) {
            assertThat(processes.of(new Task(1 << 22, 1, "gone", 0, 1))).isEqualTo(Identity.UNKNOWN);
            assertThat(processes.unidentified()).isEqualTo(1);
            assertThat(processes.of(task(1)).executable()).isEqualTo("/bin/1");
        }
    }

    /** Exits soon after an answer; for start time 999 exits without an answer. */
    static final class Idler {
        public static void main(String[] arguments) throws InterruptedException {
            HelperProcess.serve(
                    "ready",
                    query -> {
                        if (query.endsWith(" 999")) {
                            Runtime.getRuntime().halt(1);
                        }
                        return "/bin/" + query.substring(query.indexOf(' ') + 1) + "\troot\t0::/\tprogram";
                    },
                    Duration.ofMillis(300));
        }
    }

    @Test
    @Timeout(120)
    void restartsIdleHelperWithoutLosingAnswers() {
        AtomicLong now = new AtomicLong();
        try (Processes processes = new Processes(Idler.class, false, now::get, Processes.DEFAULT_CAPACITY)) {
            for (int start = 1; start <= 4; start++) {
                assertThat(processes.of(task(start)).executable()).isEqualTo("/bin/" + start);
                awaitEndOf(Idler.class);
            }
            assertThat(processes.unidentified()).isZero();
            assertThat(processes.of(task(999)).executable())
                    .as("helper crashes")
                    .isNull();
            assertThat(processes.unidentified()).isEqualTo(1);
            assertThat(processes.of(task(5)).executable()).isEqualTo("/bin/5");
        }
    }

    private static void awaitEndOf(Class<?> main) {
        ProcessHandle.current()
                .children()
                .filter(child -> Host.read("/proc/" + child.pid() + "/cmdline")
                        .orElse("")
                        .contains(main.getName()))
                .forEach(child -> child.onExit().join());
    }

    @Test
    @Timeout(60)
    void replacesHelperThatHangs() {
        AtomicLong now = new AtomicLong();
        try (Processes processes = new Processes(Reader.class, false, now::get, Processes.DEFAULT_CAPACITY)) {
            assertThat(processes.of(task(1)).executable()).isEqualTo("/bin/1");
            assertThat(processes.of(task(666))).isEqualTo(Identity.UNKNOWN);
            assertThat(processes.fault())
                    .hasValueSatisfying(
                            fault -> assertThat(fault).isEqualTo("cannot identify processes: no answer within 3 s"));
            assertThat(processes.helperFailures()).isEqualTo(1);
            assertThat(processes.of(task(666))).isEqualTo(Identity.UNKNOWN);
            assertThat(processes.unidentified()).isEqualTo(1);
            Await.until(
                    "an identity", () -> "/bin/1".equals(processes.of(task(2)).executable()));
            assertThat(processes.fault()).isEmpty();
        }
    }

    /** Never greets, as if stopped by a signal. */
    static final class Silent {
        public static void main(String[] arguments) {
            LockSupport.parkNanos(Duration.ofMinutes(2).toNanos());
        }
    }

    @Test
    @Timeout(60)
    void eventsWaitForHelperThatDoesNotStartOnlyOnce() {
        AtomicLong now = new AtomicLong();
        try (Processes processes = new Processes(Silent.class, false, now::get, Processes.DEFAULT_CAPACITY)) {
            for (int start = 1; start <= 100; start++) {
                assertThat(processes.of(task(start))).as("would wait 500 s").isEqualTo(Identity.UNKNOWN);
            }
        }
    }

    /** Does not start unless a file exists. */
    static final class Broken {
        private static final Path SWITCH = Path.of(
                System.getProperty("java.io.tmpdir"),
                "aioscope-helper-"
                        + ProcessHandle.current().parent().orElseThrow().pid());

        public static void main(String[] arguments) throws InterruptedException {
            if (Files.exists(SWITCH)) {
                HelperProcess.serve("ready", query -> "/bin/found	root	0::/	program");
            }
        }
    }

    @Test
    @Timeout(120)
    void identifiesProcessesAgainAfterFailedStarts() throws IOException {
        Path works = Path.of(
                System.getProperty("java.io.tmpdir"),
                "aioscope-helper-" + ProcessHandle.current().pid());
        AtomicLong now = new AtomicLong();
        try (Processes processes = new Processes(Broken.class, false, now::get, Processes.DEFAULT_CAPACITY)) {
            assertThat(processes.of(task(1))).isEqualTo(Identity.UNKNOWN);
            Await.until("a failure", () -> processes.helperFailures() > 0);
            Files.createFile(works);
            Await.until(
                    "an identity",
                    () -> "/bin/found".equals(processes.of(task(1)).executable()));
            assertThat(processes.fault()).isEmpty();
        } finally {
            Files.deleteIfExists(works);
        }
    }

    @Test
    void rateLimitReadsForQuarterOfTime() {
        // Each clock reading advances 400 ms, so each read takes 400 ms.
        AtomicLong now = new AtomicLong();
        try (Processes processes =
                new Processes(Reader.class, false, () -> now.addAndGet(400_000_000), Processes.DEFAULT_CAPACITY)) {
            int identified = 0;
            for (int start = 1; start <= 100; start++) {
                identified += processes.of(task(start)).equals(Identity.UNKNOWN) ? 0 : 1;
            }
            assertThat(identified).isBetween(20, 30);
            assertThat(processes.unidentified()).isEqualTo(100 - identified);
        }
    }

    @Test
    void toleratesDamagedStat() {
        String stat = "4711 (a) b (c) S 1 4711 4711 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 123456 2703360 0 184467440";
        assertThat(ProcessReader.isSame(stat, 1_234_560_000_000L)).isTrue();
        assertThat(ProcessReader.isSame(stat, 1_234_580_000_000L)).isFalse();
        for (int seed = 0; seed < 20_000; seed++) {
            Random random = new Random(seed);
            StringBuilder text = new StringBuilder(stat);
            for (int i = random.nextInt(6); i >= 0; i--) {
                int at = random.nextInt(text.append(' ').length());
                switch (random.nextInt(4)) {
                    case 0 -> text.deleteCharAt(at);
                    case 1 -> text.insert(at, (char) random.nextInt(128));
                    case 2 -> text.setCharAt(at, " )(-9x\u0669".charAt(random.nextInt(7)));
                    default -> text.setLength(Math.max(1, at));
                }
            }
            assertThatCode(() -> ProcessReader.isSame(text.toString(), 1_234_560_000_000L))
                    .as("seed %d: %s", seed, text)
                    .doesNotThrowAnyException();
        }
    }

    @Test
    void escapesAndUnescapesAnyText() {
        for (int seed = 0; seed < 20_000; seed++) {
            Random random = new Random(seed);
            StringBuilder text = new StringBuilder();
            for (int i = random.nextInt(12); i > 0; i--) {
                text.append("\\tnr\t\n\ra".charAt(random.nextInt(8)));
            }
            String escaped = ProcessReader.escape(text.toString());
            assertThat(escaped).doesNotContain("\t", "\n", "\r");
            assertThat(ProcessReader.unescape(escaped)).as("seed %d", seed).isEqualTo(text.toString());
            assertThatCode(() -> Processes.parse(text.toString())).doesNotThrowAnyException();
        }
    }
}
