package dev.aioscope.output;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aioscope.diagnosis.LimitFile;
import dev.aioscope.event.Operation;
import dev.aioscope.event.ReleasedBy;
import dev.aioscope.event.Trigger;
import dev.aioscope.event.WaitReason;
import dev.aioscope.host.Identities;
import dev.aioscope.host.Identity;
import dev.aioscope.host.Namespaces;
import dev.aioscope.kernel.Errno;
import dev.aioscope.kernel.WallClock;
import dev.aioscope.lifecycle.FailedCall;
import dev.aioscope.lifecycle.QuotaShare;
import dev.aioscope.lifecycle.RefusalOutcome;
import dev.aioscope.lifecycle.Straggler;
import dev.aioscope.lifecycle.Task;
import dev.aioscope.lifecycle.Teardown;
import dev.aioscope.lifecycle.TeardownBuilder;
import dev.aioscope.lifecycle.TeardownInProgress;
import dev.aioscope.lifecycle.WrongHandle;
import dev.aioscope.probe.proc.BlockDevice;
import java.math.BigInteger;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class TraceTableTest {
    private @Nullable LimitFile limitFile;

    private static final Task CALLER = new Task(100, 101, "mysqld", 1, 0);
    private static final Screen WIDE = new Screen(false, 200, 50);
    private static final String ID = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    /** Process 100 runs in a container; other processes are unknown. */
    private static final Identities IDENTITIES = (task, mm) -> task.pid() != 100
            ? Identity.UNKNOWN
            : new Identity(
                    null,
                    "/usr/sbin/mysqld",
                    List.of("mysqld"),
                    false,
                    "mysql",
                    null,
                    "/docker/" + ID,
                    Namespaces.HOST);

    private static List<String> functions(List<Long> addresses) {
        return addresses.stream().map(address -> "function_" + address).toList();
    }

    private TraceTable table(Screen screen) {
        // Boot was at noon.
        WallClock clock = new WallClock(() -> 0, () -> Instant.parse("2026-01-01T12:00:00Z"));
        return new TraceTable(
                clock,
                ZoneOffset.UTC,
                () -> screen,
                IDENTITIES,
                BlockDevice::of,
                TraceTableTest::functions,
                () -> limitFile);
    }

    @Test
    void showsEveryPhase() {
        assertThat(table(WIDE).teardown(TeardownBuilder.busy().build(), 0).lines())
                .containsExactly(
                        "TIME             PID COMM            CONTAINER           EXECUTABLE      TRIGGER          HANDLE   OUT   WAIT   KILL  GRACE     IO   WAKE  FREED RESULT",
                        "12:00:02.025     100 ib_io_rd-1      docker:0123456789ab mysqld          destroy    7f0000001000     3  2.02s    8µs 14.9ms  2.00s   10µs 15.0ms ok");
    }

    @Test
    void repeatsHeaderOnEachScreen() {
        TraceTable table = table(new Screen(false, 200, 4));
        StringBuilder printed = new StringBuilder();
        for (int i = 0; i < 4; i++) {
            printed.append(table.teardown(TeardownBuilder.idle().build(), 0)).append('\n');
        }
        assertThat(printed.toString().lines().map(line -> line.substring(0, 4)))
                .containsExactly("TIME", "12:0", "12:0", "TIME", "12:0", "12:0");
    }

    @Test
    void dropsColumnsOnNarrowScreen() {
        assertThat(table(new Screen(false, 80, 24))
                        .teardown(TeardownBuilder.busy().build(), 0)
                        .lines())
                .containsExactly(
                        "TIME         PID COMM         TRIGGER      OUT   WAIT  GRACE     IO RESULT",
                        "12:00:02     100 ib_io_rd-1   destroy        3  2.02s 14.9ms  2.00s ok");
    }

    private static TeardownInProgress stuck(Long... kernelStack) {
        TeardownBuilder teardown = TeardownBuilder.busy();
        teardown.end = Teardown.End.IN_PROGRESS;
        teardown.callTime = 1_000_000_000L;
        return new TeardownInProgress(
                teardown.build(), 1_000_000_000L, WaitReason.REQUESTS, 2, 0, true, List.of(kernelStack), true);
    }

    @Test
    void showsWaitReasonOfStuckTeardownAndFileOfStraggler() {
        assertThat(table(WIDE).stuck(stuck(), 3_500_000_000L).lines().skip(1))
                .containsExactly(
                        "12:00:03.500     100 ib_io_rd-1      docker:0123456789ab mysqld          destroy    7f0000001000     3  2.50s      –      –      –      –      – stuck",
                        "             └ waits for 2 requests to complete, SIGKILL pending");
        Straggler straggler =
                new Straggler(stuck(), 4_000_000_000L, Operation.READ, "/db/data", 7, 0xef53, 0, 0, 4096L, -Errno.EIO);
        assertThat(table(WIDE).straggler(straggler).lines().skip(1))
                .containsExactly(
                        "12:00:04.000     100 ib_io_rd-1      docker:0123456789ab mysqld          straggler  7f0000001000     –  3.00s      –      –      –      –      – EIO        read at 4096 of /db/data (inode 7) on 0:0");
    }

    @Test
    void wrapsAndLimitsKernelStack() {
        Long[] stack = {1L, 2L, 3L, 4L, 5L, 6L, 7L, 8L, 9L};
        assertThat(table(WIDE).stuck(stuck(1L, 2L), 3_500_000_000L).lines().skip(3))
                .containsExactly("               in function_1 < function_2");
        assertThat(table(new Screen(false, 80, 24))
                        .stuck(stuck(stack), 3_500_000_000L)
                        .lines()
                        .skip(3))
                .containsExactly(
                        "           in function_1 < function_2 < function_3 < function_4 < function_5 <",
                        "             function_6 < function_7 < function_8 < …");
    }

    @Test
    void showsDashForAbsentValues() {
        TeardownBuilder teardown = new TeardownBuilder();
        teardown.trigger = null;
        teardown.end = Teardown.End.VANISHED;

        assertThat(table(WIDE)
                        .teardown(teardown.build(), 5_000_000_000L)
                        .lines()
                        .skip(1))
                .containsExactly(
                        "12:00:05.000       – –               –                   –               –          7f0000001000     –      –      –      –      –      –      – vanished");
    }

    @Test
    void showsHowToRaiseLimitBelowRefusal() {
        limitFile = new LimitFile("/etc/sysctl.d/a.conf", 1, "65536", false, null);
        FailedCall refusal = new FailedCall(
                FailedCall.SystemCall.IO_SETUP,
                CALLER,
                1,
                1_000_000L,
                1_004_000L,
                Errno.EAGAIN,
                null,
                1024,
                BigInteger.valueOf(65000),
                BigInteger.valueOf(65536),
                null,
                List.of(),
                null);

        assertThat(table(WIDE).failedCall(refusal))
                .contains("hint: /etc/sysctl.d/a.conf, line 1, sets fs.aio-max-nr to 65536; run sysctl -w"
                        + " fs.aio-max-nr=66024; to");
    }

    @Test
    void showsInodeAsUnsigned() {
        Straggler straggler =
                new Straggler(stuck(), 4_000_000_000L, Operation.READ, "/db/data", -2, 0xef53, 0, 0, 4096L, -Errno.EIO);

        assertThat(table(WIDE).straggler(straggler)).contains("(inode 18446744073709551614)");
    }

    @Test
    void showsQuotaOfRefusal() {
        FailedCall refusal = new FailedCall(
                FailedCall.SystemCall.IO_SETUP,
                CALLER,
                1,
                1_000_000L,
                1_004_000L,
                Errno.EAGAIN,
                null,
                1024,
                BigInteger.valueOf(65000),
                BigInteger.valueOf(65536),
                null,
                List.of(new QuotaShare(CALLER, 3, 64_000)),
                null);

        assertThat(table(new Screen(false, 300, 50)).failedCall(refusal).lines().skip(1))
                .containsExactly(
                        "12:00:00.001     100 mysqld          docker:0123456789ab mysqld          io_setup              –     –    4µs      –      –      –      –      – EAGAIN     requested 1024, 65000 of 65536 in use, needs fs.aio-max-nr=66024, held by mysqld 100 (docker:0123456789ab): 64000");
        assertThat(table(new Screen(false, 80, 24)).failedCall(refusal).lines().skip(2))
                .containsExactly(
                        "         └ requested 1024, 65000 of 65536 in use, needs fs.aio-max-nr=66024,",
                        "           held by mysqld 100 (docker:0123456789ab): 64000");
    }

    private static RefusalOutcome outcome(
            RefusalOutcome.Status verdict, RefusalOutcome.Resolution cause, RefusalOutcome.Release release) {
        FailedCall refusal = new FailedCall(
                FailedCall.SystemCall.IO_SETUP,
                new Task(7, 7, "nginx", 1, 0),
                1,
                1_000_000L,
                1_000_000_000L,
                Errno.EAGAIN,
                null,
                1024,
                BigInteger.valueOf(65000),
                BigInteger.valueOf(65536),
                null,
                List.of(),
                null);
        return new RefusalOutcome(
                refusal,
                4,
                verdict,
                3_000_000_000L,
                cause,
                release,
                release != null,
                BigInteger.valueOf(2024),
                BigInteger.valueOf(65536));
    }

    @Test
    void showsRefusalOutcome() {
        RefusalOutcome over = outcome(
                RefusalOutcome.Status.TRANSIENT,
                RefusalOutcome.Resolution.TEARDOWN,
                new RefusalOutcome.Release(CALLER, Trigger.EXIT, 3, 64_000));
        assertThat(table(new Screen(false, 80, 24)).refusalOutcome(over).lines().skip(1))
                .containsExactly(
                        "12:00:03       7 nginx        io_setup       –  2.00s      –      – transient",
                        "         └ requested 1024, refused 5 times, 2024 of 65536 in use, mysqld 100",
                        "           (docker:0123456789ab) released 64000 by exit, a retry succeeded");
        assertThat(table(WIDE).refusalOutcome(outcome(RefusalOutcome.Status.LASTING, null, null)))
                .contains("lasting")
                .doesNotContain("released");
        assertThat(table(WIDE)
                        .refusalOutcome(outcome(RefusalOutcome.Status.OVER, RefusalOutcome.Resolution.LIMIT, null)))
                .contains("fs.aio-max-nr was raised");
    }

    @Test
    void warnsWhileRequestsOfLostRaceAreInFlight() {
        Task winner = new Task(100, 102, "mysqld", 1, 0);
        FailedCall lost = new FailedCall(
                FailedCall.SystemCall.IO_DESTROY,
                CALLER,
                1,
                1_000_000L,
                1_004_000L,
                Errno.EINVAL,
                0x7f0000001000L,
                null,
                null,
                null,
                null,
                List.of(),
                new WrongHandle(WrongHandle.Cause.LOST_RACE, null, winner, 1_002_000L, null, true, 3));

        assertThat(table(Screen.FILE).failedCall(lost))
                .endsWith("WARNING: another thread destroyed this handle at the same time: thread 102;"
                        + " that call still waits for 3 requests: do not free or reuse their buffers yet");
    }

    @Test
    void notesAnomalies() {
        TeardownBuilder teardown = TeardownBuilder.idle();
        teardown.trigger = Trigger.EXIT;
        teardown.usersReleasedBy = ReleasedBy.HOLDER;
        teardown.unmapResult = -Errno.EINTR;
        teardown.pendingSigkill = true;
        teardown.caller = new Task(300, 300, "other", 1, 0);

        assertThat(table(Screen.FILE).teardown(teardown.build(), 0))
                .endsWith(" waiting for threads inside AIO calls took 14.9ms, cannot unmap the ring: EINTR,"
                        + " SIGKILL pending, owner 100 mysqld");
    }

    @Test
    void replacesControlCharactersInNames() {
        TeardownBuilder teardown = TeardownBuilder.idle();
        teardown.caller = new Task(100, 100, "\u001b[2Jevil\u202e", 1, 0);

        assertThat(table(WIDE).teardown(teardown.build(), 0))
                .contains(" ?[2Jevil? ")
                .doesNotContain("\u001b");
    }

    @Test
    void coloursSlowValuesOnly() {
        Screen colours = new Screen(true, 200, 50);

        assertThat(table(colours)
                        .teardown(TeardownBuilder.idle().build(), 0)
                        .lines()
                        .skip(1))
                .singleElement()
                .asString()
                .doesNotContain("\u001b");
        assertThat(table(colours)
                        .teardown(TeardownBuilder.busy().build(), 0)
                        .lines()
                        .skip(1))
                .singleElement()
                .asString()
                .contains("\u001b[33m 2.02s\u001b[0m");
    }

    @Test
    void printsStacksBelowLine() {
        TeardownBuilder t = TeardownBuilder.busy();
        t.callStack = TeardownBuilder.stack("io_destroy+0x9 (libaio.so.1)", "main+0x1f (mysqld)");

        assertThat(table(WIDE).teardown(t.build(), 0).lines().skip(2).map(String::strip))
                .containsExactly("io_destroy stack:", "io_destroy+0x9 (libaio.so.1)", "main+0x1f (mysqld)");
    }
}
