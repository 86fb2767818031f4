package dev.aioscope.host;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aioscope.host.Processes.IdentityKey;
import dev.aioscope.kernel.TaskStat;
import dev.aioscope.lifecycle.Task;
import dev.aioscope.testing.Await;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Keeps identities and reads what the kernel's records lack. */
@Timeout(120)
class ProcessesTest {
    private static final int PID = (int) ProcessHandle.current().pid();
    private static final long START =
            TaskStat.read("/proc/self/stat").orElseThrow().start();
    private static final Identity OF_KERNEL =
            new Identity(null, "/bin/db", List.of(), false, "mysql", null, "/db", new Namespaces(1, "web"));

    /** Never greets, as if stopped by a signal. */
    private static final List<String> SILENT = List.of("/bin/sleep", "60");

    private static Task task(int pid) {
        return new Task(pid, pid, "me", 0, START);
    }

    private static Processes processes(boolean hidesArguments) {
        return Processes.ofThisHost(hidesArguments, Processes.DEFAULT_CAPACITY);
    }

    @Test
    void keepsIdentityForEachProgramOfProcess() {
        try (Processes processes = processes(false)) {
            processes.remember(new IdentityKey(7, START, 5), OF_KERNEL);
            assertThat(processes.of(task(7), 5)).isEqualTo(OF_KERNEL);
            assertThat(processes.of(task(7))).isEqualTo(OF_KERNEL);
            assertThat(processes.of(task(7), 6)).as("after exec").isEqualTo(Identity.UNKNOWN);
            Identity next = OF_KERNEL.withUser("root");
            processes.remember(new IdentityKey(7, START, 6), next);
            assertThat(processes.of(task(7), 5)).isEqualTo(OF_KERNEL);
            assertThat(processes.of(task(7))).as("the latest").isEqualTo(next);
            assertThat(processes.of(task(8))).isEqualTo(Identity.UNKNOWN);
        }
    }

    /** 16,384 processes of one program must not cost megabytes. */
    @Test
    void sharesMemoryOfEqualIdentitiesAndTexts() {
        try (Processes processes = processes(false)) {
            for (int i = 0; i < 3000; i++) {
                Identity copy = new Identity(
                        null,
                        new String("/bin/db"),
                        List.of(new String("db"), "--shard=" + i % 1500),
                        false,
                        new String("mysql"),
                        null,
                        "/db",
                        Namespaces.HOST);
                processes.remember(new IdentityKey(i, START, i), copy);
                assertThat(processes.of(task(i), i)).isEqualTo(copy);
            }
            Identity first = processes.of(task(1), 1);
            Identity other = processes.of(task(2999), 2999);
            assertThat(other.executable()).isSameAs(first.executable());
            assertThat(other.user()).isSameAs(first.user());
            assertThat(other.arguments().get(0)).isSameAs(first.arguments().get(0));
            processes.remember(new IdentityKey(3000, START, 1), other.withUser(new String("mysql")));
            assertThat(processes.of(task(3000), 1)).isSameAs(other);
        }
    }

    @Test
    void boundsTotalLengthOfTexts() {
        try (Processes processes = processes(false)) {
            for (int i = 0; i < 4000; i++) {
                Identity identity = new Identity(
                        null, "/bin/db", List.of(i + "a".repeat(4000)), false, "mysql", null, "/db", Namespaces.HOST);
                processes.remember(new IdentityKey(i, START, i), identity);
                processes.of(task(0), 0); // The least recently used ones are forgotten.
            }
            assertThat(processes.isKnown(new IdentityKey(0, START, 0))).isTrue();
            long known = IntStream.range(0, 4000)
                    .filter(i -> processes.isKnown(new IdentityKey(i, START, i)))
                    .count();
            assertThat(known).isBetween(1900L, 2000L);
        }
    }

    @Test
    void readsWholeProcessThatKernelDidNotReport() {
        List<IdentityKey> observed = Collections.synchronizedList(new ArrayList<>());
        IdentityKey self = new IdentityKey(PID, START, PID);
        try (Processes processes = processes(false)) {
            processes.setObserver((process, identity) -> observed.add(process));
            processes.read(self);
            processes.await(Await.LIMIT);

            Identity identity = processes.of(task(PID), PID);
            assertThat(identity.executable()).endsWith("/java");
            assertThat(identity.arguments()).hasSizeGreaterThan(1);
            assertThat(processes.isKnown(self)).isTrue();
            assertThat(observed).containsExactly(self);
            assertThat(processes.unidentified()).isZero();
        }
    }

    @Test
    void addsOnlyArgumentsToRecordOfKernel() {
        IdentityKey self = new IdentityKey(PID, START, 5);
        Identity java =
                new Identity(null, "/jdk/bin/java", List.of(), false, "mysql", null, "/db", new Namespaces(1, "web"));
        try (Processes processes = processes(false)) {
            processes.learn(self, java);
            processes.read(self);
            processes.await(Await.LIMIT);

            Identity identity = processes.of(task(PID), 5);
            assertThat(identity.arguments()).hasSizeGreaterThan(1);
            assertThat(identity.withArguments(List.of())).isEqualTo(java);
        }
    }

    @Test
    void neverReadsHiddenArguments() {
        IdentityKey self = new IdentityKey(PID, START, 5);
        try (Processes processes =
                new Processes(new ProcessReader(List.of("/nowhere/sh")), true, Processes.DEFAULT_CAPACITY)) {
            processes.learn(self, OF_KERNEL.withArguments(List.of("db", "secret")));
            processes.read(self);
            processes.await(Await.LIMIT);

            Identity identity = processes.of(task(PID), 5);
            assertThat(identity.arguments()).containsExactly("db");
            assertThat(identity.hidesArguments()).isTrue();
            assertThat(processes.helperFailures()).as("not started").isZero();
        }
    }

    @Test
    void countsProcessThatHasExitedOnce() {
        IdentityKey gone = new IdentityKey(1 << 22, 1, 0);
        try (Processes processes = processes(false)) {
            processes.read(gone);
            processes.await(Await.LIMIT);
            assertThat(processes.unidentified()).isEqualTo(1);
            assertThat(processes.isKnown(gone)).isTrue();
        }
    }

    @Test
    void keepsProgramsBeforeExec() {
        try (Processes processes = Processes.fromRecording(false)) {
            processes.remember(new IdentityKey(PID, START, 1), program("/bin/sh"));
            processes.remember(new IdentityKey(PID, START, 2), program("/bin/env"));
            processes.remember(new IdentityKey(PID, START, 3), program("/bin/db"));
            processes.remember(new IdentityKey(PID, START, 2), program("/bin/env (deleted)"));

            assertThat(processes.of(task(PID)).executable())
                    .as("the latest one, although more of an earlier one was found later")
                    .isEqualTo("/bin/db");
            assertThat(processes.of(task(PID), 3).executable()).isEqualTo("/bin/db");
            assertThat(processes.of(task(PID), 2).executable()).isEqualTo("/bin/env (deleted)");
            assertThat(processes.of(task(PID), 1).executable()).isEqualTo("/bin/sh");
            assertThat(processes.isKnown(new IdentityKey(PID, START, 4))).isFalse();
        }
    }

    @Test
    void limitsProgramsOfProcess() {
        try (Processes processes = Processes.fromRecording(false)) {
            for (int mm = 1; mm <= 1000; mm++) {
                processes.remember(new IdentityKey(PID, START, mm), program("/bin/" + mm));
            }
            assertThat(IntStream.rangeClosed(1, 1000).filter(mm -> processes.isKnown(new IdentityKey(PID, START, mm))))
                    .containsExactly(993, 994, 995, 996, 997, 998, 999, 1000);
        }
    }

    private static Identity program(String executable) {
        return new Identity(null, executable, List.of(), false, null, null, null, Namespaces.HOST);
    }

    @Test
    void nothingWaitsForReaderThatDoesNotAnswer() {
        try (Processes processes = new Processes(new ProcessReader(SILENT), false, Processes.DEFAULT_CAPACITY)) {
            for (int pid = 1; pid <= 100; pid++) {
                processes.read(new IdentityKey(pid, START, 0));
                assertThat(processes.of(task(pid))).isEqualTo(Identity.UNKNOWN);
            }
            assertThat(processes.helperFailures()).as("it is still waiting").isZero();
        }
    }

    @Test
    void readsAgainAfterReaderWasKilled() {
        try (Processes processes = processes(false)) {
            for (int mm = 1; mm <= 3; mm++) {
                processes.read(new IdentityKey(PID, START, mm));
                ProcessHandle.current().children().forEach(ProcessHandle::destroyForcibly);
                processes.read(new IdentityKey(PID, START, 10 + mm));
                processes.await(Await.LIMIT);
                assertThat(processes.of(task(PID), 10 + mm).executable()).endsWith("/java");
            }
            assertThat(processes.fault()).isEmpty();
        }
    }

    /** The child process starts only once a file exists. */
    @Test
    void readsPostponedProcessesOnceReaderStarts(@TempDir Path folder) throws Exception {
        Path works = folder.resolve("works");
        List<String> command = List.of("/bin/sh", "-c", "[ -e " + works + " ] && " + ProcessReader.SCRIPT);
        IdentityKey self = new IdentityKey(PID, START, PID);
        try (Processes processes = new Processes(new ProcessReader(command), false, Processes.DEFAULT_CAPACITY)) {
            processes.read(self);
            processes.await(Await.LIMIT);
            assertThat(processes.helperFailures()).isEqualTo(1);
            assertThat(processes.fault()).isPresent();
            assertThat(processes.isKnown(self)).as("not given up").isFalse();

            Files.createFile(works);
            processes.readPostponed();
            processes.await(Await.LIMIT);
            assertThat(processes.of(task(PID), PID).executable()).endsWith("/java");
            assertThat(processes.fault()).isEmpty();
            assertThat(processes.unidentified()).isZero();
        }
    }

    @Test
    void takesNoArgumentsOfProgramThatReplacedAnother() {
        IdentityKey self = new IdentityKey(PID, START, 5);
        try (Processes processes = processes(false)) {
            processes.learn(self, OF_KERNEL);
            processes.read(self);
            processes.await(Await.LIMIT);
            assertThat(processes.of(task(PID), 5)).isEqualTo(OF_KERNEL);
        }
    }

    @Test
    void keepsNoMoreThanItsCapacity() {
        try (Processes processes = Processes.ofThisHost(false, 10)) {
            for (int pid = 1; pid <= 11; pid++) {
                processes.remember(new IdentityKey(pid, START, 5), OF_KERNEL);
            }
            assertThat(processes.of(task(1), 5)).isEqualTo(Identity.UNKNOWN);
            assertThat(processes.of(task(2), 5)).isEqualTo(OF_KERNEL);
        }
    }
}
