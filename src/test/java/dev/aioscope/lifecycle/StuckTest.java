package dev.aioscope.lifecycle;

import static dev.aioscope.lifecycle.RecordingListener.feed;
import static org.assertj.core.api.Assertions.assertThat;

import dev.aioscope.event.EventBuilder;
import dev.aioscope.event.EventLayout;
import dev.aioscope.event.Operation;
import dev.aioscope.event.Trigger;
import dev.aioscope.event.WaitReason;
import dev.aioscope.probe.Tier;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Long teardowns. Times are in ms. */
class StuckTest {
    private static final long KIOCTX = 0xffff_8880_0000_1000L;
    private static final long MM = 0xffff_8880_0000_2000L;
    private static final long HANDLE = 0x7f00_0000_0000L;
    private static final int PID = 100;
    private static final int TID = 101;

    private final RecordingListener received = new RecordingListener();
    private final Lifecycle full = new Lifecycle(received, Tier.FULL, Limits.DEFAULT);
    private final Lifecycle sample = new Lifecycle(received, Tier.SAMPLE, Limits.DEFAULT);

    private static long ms(long ms) {
        return ms * 1_000_000;
    }

    private static EventBuilder at(EventBuilder record, long ms) {
        return record.kioctx(KIOCTX).mm(MM).task(PID, TID, "db").time(ms(ms));
    }

    private static EventBuilder enter() {
        return at(EventBuilder.killEnter(Trigger.DESTROY).callTime(ms(99)).handle(HANDLE), 100);
    }

    private static EventBuilder killed() {
        return at(EventBuilder.killExit().enterTime(ms(100)), 101);
    }

    private static EventBuilder users(long ms) {
        return at(EventBuilder.users().enterTime(ms(ms)), ms);
    }

    private static EventBuilder waiter(long ms) {
        return at(EventBuilder.taskInTeardown(Trigger.DESTROY).handle(HANDLE), ms)
                .kioctx(0);
    }

    private static EventBuilder inside(int waitReason, int siblings, int requests) {
        return EventBuilder.teardownState(waitReason).kioctx(KIOCTX).left(siblings, requests);
    }

    private static void scan(Lifecycle lifecycle, long ms, EventBuilder... found) {
        lifecycle.beginScan(ms(ms));
        feed(lifecycle, found);
        lifecycle.endScan();
    }

    private static TeardownInProgress only(Lifecycle lifecycle) {
        return assertThat(lifecycle.teardownsInProgress()).singleElement().actual();
    }

    @ParameterizedTest
    @CsvSource({"1, MMAP_LOCK", "2, GRACE", "3, SIBLINGS", "4, REQUESTS", "5, WAKE"})
    void reportsWaitReasonAndOutstandingCountsAfterScan(int code, WaitReason waitReason) {
        feed(full, enter(), killed());
        scan(full, 2000, inside(code, 1, 3), waiter(2000).pendingSigkill(true).kernelFrames(7, 8));
        assertThat(only(full).waitReason()).isEqualTo(waitReason);
        assertThat(only(full).siblingsNow()).isEqualTo(1);
        assertThat(only(full).outstandingNow()).isEqualTo(3);
        assertThat(only(full).pendingSigkill()).isTrue();
        assertThat(only(full).kernelStack()).containsExactly(7L, 8L);
        assertThat(only(full).isFoundLate()).isFalse();
        assertThat(only(full).age(ms(2000))).isEqualTo(ms(1901));

        scan(full, 3000, waiter(3000));
        assertThat(only(full).waitReason()).as("absent in the latest scan").isNull();
        assertThat(only(full).outstandingNow()).isNull();
    }

    @Test
    void dropsStateOfContextFreedDuringScan() {
        feed(full, enter(), killed());
        full.beginScan(ms(2000));
        feed(full, inside(4, 0, 3), users(2001), at(EventBuilder.reqs(), 2002), at(EventBuilder.free(), 2003));
        full.endScan();
        assertThat(full.teardownsInProgress()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({"5, 0", "0, -1"})
    void endsDrainedTeardownWithLostReqs(int waitReason, int requests) {
        feed(full, enter(), killed());
        scan(
                full,
                2000,
                requests < 0 ? EventBuilder.teardownState(waitReason).kioctx(KIOCTX) : inside(waitReason, 0, requests));
        assertThat(full.teardownsInProgress()).isEmpty();
        assertThat(full.contextsInTeardown()).isEmpty();
        full.advance(ms(2000) + Lifecycle.OVERDUE_NS);
        assertThat(received.teardowns)
                .singleElement()
                .satisfies(teardown -> assertThat(teardown.end()).isEqualTo(Teardown.End.UNKNOWN));
    }

    @Test
    void keepsTeardownThatScanReadDuringKill() {
        feed(full, enter());
        scan(full, 101, EventBuilder.teardownState(0).kioctx(KIOCTX));
        feed(full, killed());
        scan(full, 2000, inside(4, 0, 3));
        full.advance(ms(2000) + 2 * Lifecycle.OVERDUE_NS);
        assertThat(only(full).outstandingNow()).isEqualTo(3);
    }

    /** Before Linux 5.18, the parts of a count cannot be located if the kernel hides its symbols. */
    @Test
    void keepsTeardownWithUnknownRequestCount() {
        feed(full, enter(), killed());
        scan(full, 2000, EventBuilder.teardownState(2).kioctx(KIOCTX));
        full.advance(ms(2000) + 2 * Lifecycle.OVERDUE_NS);
        assertThat(only(full).waitReason()).isEqualTo(WaitReason.GRACE);
    }

    @Test
    void acceptsStateOnlyWhileCallerWaitsInSampleTier() {
        scan(sample, 50, at(EventBuilder.liveContext().handle(HANDLE).size(128, 383), 50));
        scan(sample, 1000, waiter(1000));
        assertThat(sample.contextsInTeardown()).containsOnlyKeys(KIOCTX).containsValue(HANDLE);
        scan(sample, 2000, inside(3, 1, 0), waiter(2000));
        assertThat(only(sample).waitReason()).isEqualTo(WaitReason.SIBLINGS);
        assertThat(only(sample).isFoundLate()).isTrue();

        scan(sample, 3000, inside(3, 1, 0));
        assertThat(sample.teardownsInProgress()).isEmpty();
        assertThat(sample.contextsInTeardown()).isEmpty();
    }

    @Test
    void reportsCancelledPollsWhenAllRequestsWereCancelled() {
        feed(full, enter(), killed(), users(110).cancel(2, 0, 2));
        scan(full, 2000, inside(4, 0, 1));
        assertThat(only(full).waitReason()).isEqualTo(WaitReason.CANCELLED_POLLS);
    }

    @Test
    void reportsRequestsWhenOneIsNotCancellable() {
        feed(full, enter(), killed(), users(110).cancel(2, 0, 3));
        scan(full, 2000, inside(4, 0, 1));
        assertThat(only(full).waitReason()).isEqualTo(WaitReason.REQUESTS);
    }

    @Test
    void reportsMmapLockUntilKillReturns() {
        feed(full, enter());
        assertThat(only(full).waitReason()).isEqualTo(WaitReason.MMAP_LOCK);
    }

    @Test
    void reportsMmapLockWhenTwoScansFindCallBeforeKill() {
        EventBuilder live = at(EventBuilder.liveContext().handle(HANDLE).size(128, 383), 60);
        scan(full, 50, live);
        scan(full, 1000, live, waiter(1000));
        assertThat(full.teardownsInProgress()).isEmpty();
        scan(full, 2000, live, waiter(2000));
        assertThat(only(full).waitReason()).isEqualTo(WaitReason.MMAP_LOCK);
        assertThat(only(full).known().context().maxReqs()).isEqualTo(128);
        scan(full, 3000, live);
        assertThat(full.teardownsInProgress()).isEmpty();
        assertThat(full.liveContexts()).hasSize(1);
    }

    @Test
    void returnsEachNewlyStuckTeardownOnceOldestFirst() {
        EventBuilder[] calls = LongStream.range(0, 500)
                .mapToObj(i -> EventBuilder.killEnter(Trigger.DESTROY)
                        .kioctx(KIOCTX + 64 * i)
                        .mm(MM)
                        .handle(HANDLE + 4096 * i)
                        .task(PID, (int) (TID + i), "db")
                        .callTime(ms(100 + i))
                        .time(ms(100 + i)))
                .toArray(EventBuilder[]::new);
        feed(full, calls);
        assertThat(full.isNewlyStuck(ms(99))).isFalse();
        assertThat(full.newlyStuck(ms(349)))
                .hasSize(250)
                .extracting(TeardownInProgress::seenSince)
                .isSorted();
        assertThat(full.isNewlyStuck(ms(349))).isFalse();
        assertThat(full.newlyStuck(ms(600))).hasSize(250).allMatch(TeardownInProgress::isStuck);
        assertThat(full.contextsInTeardown()).hasSize(500);

        for (long i = 0; i < 500; i++) {
            feed(
                    full,
                    EventBuilder.destroyExit()
                            .kioctx(0)
                            .mm(MM)
                            .handle(HANDLE + 4096 * i)
                            .task(PID, (int) (TID + i), "db")
                            .enterTime(ms(100 + i))
                            .time(ms(5000)));
        }
        full.advance(ms(5000) + Lifecycle.OVERDUE_NS);
        assertThat(received.teardowns).hasSize(500);
        assertThat(full.teardownsInProgress()).isEmpty();
    }

    @Test
    void keepsTeardownInProgressWhileScansFindUnwokenCaller() {
        feed(full, enter(), killed(), users(110), at(EventBuilder.reqs(), 120), at(EventBuilder.free(), 140));
        for (long time = 2000; time < 30_000; time += 2000) {
            scan(full, time, waiter(time));
            List<TeardownInProgress> stuck = full.newlyStuck(ms(time - 1000));
            assertThat(stuck).hasSize(time == 2000 ? 1 : 0);
            assertThat(only(full).waitReason()).isEqualTo(WaitReason.WAKE);
            assertThat(only(full).isReported()).isFalse();
            assertThat(only(full).outstandingNow()).isZero();
            full.advance(ms(time));
        }
        assertThat(received.teardowns).isEmpty();
        feed(full, at(EventBuilder.destroyExit().handle(HANDLE).enterTime(ms(99)), 31_000));
        assertThat(received.teardowns).hasSize(1);
        assertThat(full.teardownsInProgress()).isEmpty();
    }

    @Test
    void reportsLateCompletionWithItsFile() {
        feed(full, enter(), killed());
        feed(
                full,
                EventBuilder.straggler(1, 8192, 4096, 8 << 20 | 1, "data", "db", "/")
                        .kioctx(KIOCTX)
                        .time(ms(2099)));
        assertThat(received.stragglers).singleElement().satisfies(straggler -> {
            assertThat(straggler.operation()).isEqualTo(Operation.READ);
            assertThat(straggler.path()).isEqualTo("/db/data");
            assertThat(straggler.device()).isEqualTo("8:1");
            assertThat(straggler.offset()).isEqualTo(8192);
            assertThat(straggler.result()).isEqualTo(4096);
            assertThat(straggler.age()).isEqualTo(ms(2000));
        });
        feed(
                full,
                EventBuilder.straggler(5, -1, 1, 14, "h", "g", "f", "e", "d", "c", "b", "a")
                        .kioctx(KIOCTX)
                        .time(ms(2100)),
                EventBuilder.straggler(5, -1, 1, 14, "").kioctx(KIOCTX).time(ms(2100)),
                EventBuilder.straggler(5, -1, 1, 14, "").kioctx(KIOCTX + 64).time(ms(2100)));
        assertThat(received.stragglers)
                .extracting(Straggler::path)
                .containsExactly("/db/data", "…/a/b/c/d/e/f/g/h", null);
        assertThat(received.stragglers.get(1).offset()).isNull();
        assertThat(full.counters().orphanEvents()).as("unknown context").isEqualTo(1);
    }

    @Test
    void reportsDeferredFreeAsStuckWithoutWaiter() {
        feed(
                full,
                enter(),
                killed(),
                users(110),
                at(EventBuilder.reqs(), 120),
                at(EventBuilder.destroyExit().handle(HANDLE).enterTime(ms(99)), 121));
        assertThat(full.teardownsInProgress()).isEmpty();
        assertThat(full.newlyStuck(ms(119))).isEmpty();
        assertThat(full.newlyStuck(ms(121))).singleElement().satisfies(teardown -> {
            assertThat(teardown.waitReason()).isEqualTo(WaitReason.DEFERRED_FREE);
            assertThat(teardown.isWaitedFor()).isFalse();
            assertThat(teardown.age(ms(2000))).isEqualTo(ms(1880));
        });
        feed(full, at(EventBuilder.free(), 3000));
        assertThat(full.teardownsInProgress()).isEmpty();
    }

    @Test
    void keepsDeferredFreeInProgressWhileScansFindMemory() {
        feed(
                full,
                enter(),
                killed(),
                users(110),
                at(EventBuilder.reqs(), 120),
                at(EventBuilder.destroyExit().handle(HANDLE).enterTime(ms(99)), 121));
        assertThat(full.contextsInTeardown()).isEmpty();
        assertThat(full.newlyStuck(ms(121))).hasSize(1);
        for (long time = 2000; time < 60_000; time += 2000) {
            assertThat(full.contextsInTeardown()).containsOnlyKeys(KIOCTX);
            scan(full, time, inside(5, 0, 0));
            full.advance(ms(time));
            assertThat(only(full).waitReason()).isEqualTo(WaitReason.DEFERRED_FREE);
            assertThat(full.newlyStuck(ms(time))).isEmpty();
        }
        assertThat(received.teardowns).isEmpty();
        // The FREE record is lost, but the memory no longer contains a context.
        scan(full, 60_000, inside(0, EventLayout.ABSENT_S32, EventLayout.ABSENT_S32));
        full.advance(ms(60_000) + Lifecycle.OVERDUE_NS);
        assertThat(full.teardownsInProgress()).isEmpty();
        assertThat(received.teardowns).singleElement().extracting(Teardown::end).isEqualTo(Teardown.End.INCOMPLETE);
    }

    private static EventBuilder[] exit(long kioctx, long drainedAt) {
        return new EventBuilder[] {
            at(EventBuilder.killEnter(Trigger.EXIT).handle(HANDLE), 100).kioctx(kioctx),
            at(EventBuilder.killExit().enterTime(ms(100)), 101).kioctx(kioctx),
            at(EventBuilder.users().enterTime(ms(110)), 110).kioctx(kioctx),
            at(EventBuilder.reqs(), drainedAt).kioctx(kioctx),
            at(EventBuilder.free(), drainedAt + 10).kioctx(kioctx)
        };
    }

    private static EventBuilder exiting(long ms) {
        return at(EventBuilder.taskInTeardown(Trigger.EXIT), ms).kioctx(0).mm(0);
    }

    @Test
    void keepsUnwokenExitInProgressAfterReportingItsTeardown() {
        feed(full, exit(KIOCTX, 120));
        assertThat(received.teardowns).hasSize(1);
        assertThat(full.teardownsInProgress()).isEmpty();
        for (long time = 2000; time < 30_000; time += 2000) {
            scan(full, time, exiting(time).kernelFrames(7));
            assertThat(full.newlyStuck(ms(time - 1000))).hasSize(time == 2000 ? 1 : 0);
            assertThat(only(full).waitReason()).isEqualTo(WaitReason.WAKE);
            assertThat(only(full).isFoundLate()).isFalse();
            assertThat(only(full).isReported()).isTrue();
            assertThat(only(full).known().context().handle()).isEqualTo(HANDLE);
            assertThat(only(full).kernelStack()).containsExactly(7L);
            full.advance(ms(time));
        }
        assertThat(received.woken).isEmpty();
        scan(full, 30_000);
        assertThat(full.teardownsInProgress()).isEmpty();
        assertThat(received.teardowns).as("reported before").hasSize(1);
        assertThat(received.woken).singleElement().satisfies(exit -> {
            assertThat(exit.known().context())
                    .isEqualTo(received.teardowns.get(0).context());
            assertThat(exit.isReported()).isTrue();
            assertThat(exit.kernelStack()).containsExactly(7L);
        });
        scan(full, 31_000);
        assertThat(received.woken).hasSize(1);
    }

    @Test
    void delaysReportOfUnwokenExitWithLostRecord() {
        EventBuilder[] records = exit(KIOCTX, 120);
        feed(full, records[0], records[1], records[3], records[4]);
        scan(full, 2000, exiting(2000));
        assertThat(full.newlyStuck(ms(1000))).singleElement().satisfies(teardown -> {
            assertThat(teardown.waitReason()).isEqualTo(WaitReason.WAKE);
            assertThat(teardown.isReported()).isFalse();
        });
        assertThat(received.teardowns).isEmpty();
        scan(full, 3000);
        full.advance(ms(3000) + Lifecycle.OVERDUE_NS);
        assertThat(received.teardowns).hasSize(1);
    }

    @Test
    void ignoresExitThatIsWokenSoon() {
        feed(full, exit(KIOCTX, 1990));
        scan(full, 2000, exiting(2000));
        assertThat(full.newlyStuck(ms(1000))).isEmpty();
        assertThat(full.teardownsInProgress()).isEmpty();
        scan(full, 3000);
        assertThat(full.newlyStuck(ms(2000))).isEmpty();
        assertThat(received.teardowns).hasSize(1);
        assertThat(received.woken).as("it was not reported as stuck").isEmpty();
    }

    @Test
    void reportsRequestsOfOtherContextBeforeWakeOfExit() {
        feed(full, exit(KIOCTX, 120));
        EventBuilder[] other = exit(KIOCTX + 64, 5000);
        feed(full, other[0], other[1], other[2]);
        scan(full, 2000, exiting(2000), inside(4, 0, 2).kioctx(KIOCTX + 64));
        full.newlyStuck(ms(1000));
        assertThat(only(full).waitReason()).isEqualTo(WaitReason.REQUESTS);
        assertThat(only(full).outstandingNow()).isEqualTo(2);

        feed(full, other[3], other[4]);
        scan(full, 7000, exiting(7000));
        assertThat(full.newlyStuck(ms(6000))).hasSize(1);
        assertThat(only(full).waitReason()).isEqualTo(WaitReason.WAKE);
    }

    @Test
    void marksExitThatMayWaitForUnreportedContextAsFoundLate() {
        scan(
                full,
                50,
                at(EventBuilder.liveContext().handle(HANDLE).size(128, 383), 50).kioctx(KIOCTX + 64));
        feed(full, exit(KIOCTX, 120));
        scan(full, 2000, exiting(2000));
        assertThat(only(full).waitReason()).isNull();
        assertThat(only(full).isFoundLate()).isTrue();
    }

    @Test
    void reportsWaitReasonOfWaiterInProcTier() {
        Lifecycle proc = new Lifecycle(received, Tier.PROC, Limits.DEFAULT);
        EventBuilder state =
                EventBuilder.teardownState(3).task(PID, TID, "db").kioctx(0).left(2, EventLayout.ABSENT_S32);
        scan(proc, 1000, waiter(1000), state);
        assertThat(only(proc).waitReason()).isEqualTo(WaitReason.SIBLINGS);
        assertThat(only(proc).siblingsNow()).isEqualTo(2);
        assertThat(only(proc).outstandingNow()).isNull();
        assertThat(only(proc).isFoundLate()).isTrue();
        scan(proc, 2000, waiter(2000));
        assertThat(only(proc).waitReason()).isNull();
    }
}
