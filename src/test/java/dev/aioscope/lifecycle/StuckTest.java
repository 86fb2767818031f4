package dev.aioscope.lifecycle;

import static dev.aioscope.lifecycle.Heard.feed;
import static org.assertj.core.api.Assertions.assertThat;

import dev.aioscope.event.EventBuilder;
import dev.aioscope.event.Operation;
import dev.aioscope.event.Trigger;
import dev.aioscope.event.WaitsFor;
import dev.aioscope.probe.Tier;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Teardowns that go on for long. Times are in ms. */
class StuckTest {
    private static final long KIOCTX = 0xffff_8880_0000_1000L;
    private static final long MM = 0xffff_8880_0000_2000L;
    private static final long HANDLE = 0x7f00_0000_0000L;
    private static final int PID = 100;
    private static final int TID = 101;

    private final Heard heard = new Heard();
    private final Lifecycle full = new Lifecycle(heard, Tier.FULL, Limits.DEFAULT);
    private final Lifecycle sample = new Lifecycle(heard, Tier.SAMPLE, Limits.DEFAULT);

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

    private static EventBuilder inside(int waitsFor, int siblings, int requests) {
        return EventBuilder.teardownLook(waitsFor).kioctx(KIOCTX).left(siblings, requests);
    }

    private static void look(Lifecycle lifecycle, long ms, EventBuilder... found) {
        lifecycle.beginInventory(ms(ms));
        feed(lifecycle, found);
        lifecycle.endInventory();
    }

    private static TeardownInProgress only(Lifecycle lifecycle) {
        return assertThat(lifecycle.teardownsInProgress()).singleElement().actual();
    }

    @ParameterizedTest
    @CsvSource({"1, MMAP_LOCK", "2, GRACE", "3, SIBLINGS", "4, REQUESTS", "5, WAKE"})
    void aLookTellsWhatItWaitsForAndHowMuchIsLeft(int code, WaitsFor waitsFor) {
        feed(full, enter(), killed());
        look(full, 2000, inside(code, 1, 3), waiter(2000).pendingSigkill(true).kernelFrames(7, 8));
        assertThat(only(full).waitsFor()).isEqualTo(waitsFor);
        assertThat(only(full).siblingsLeft()).isEqualTo(1);
        assertThat(only(full).requestsLeft()).isEqualTo(3);
        assertThat(only(full).pendingSigkill()).isTrue();
        assertThat(only(full).kernelStack()).containsExactly(7L, 8L);
        assertThat(only(full).isFoundLate()).isFalse();
        assertThat(only(full).age(ms(2000))).isEqualTo(ms(1901));

        look(full, 3000, waiter(3000));
        assertThat(only(full).waitsFor()).as("not seen any more").isNull();
        assertThat(only(full).requestsLeft()).isNull();
    }

    @Test
    void whatWasReadOfAContextThatIsFreedByTheEndOfTheLookIsDropped() {
        feed(full, enter(), killed());
        full.beginInventory(ms(2000));
        feed(full, inside(4, 0, 3), users(2001), at(EventBuilder.reqs(), 2002), at(EventBuilder.free(), 2003));
        full.endInventory();
        assertThat(full.teardownsInProgress()).isEmpty();
    }

    @Test
    void withoutPhasesOnlyAContextWhoseCallerStillWaitsIsBelieved() {
        look(sample, 50, at(EventBuilder.liveContext().handle(HANDLE).size(128, 383), 50));
        look(sample, 1000, waiter(1000));
        assertThat(sample.contextsInTeardown()).containsOnlyKeys(KIOCTX).containsValue(HANDLE);
        look(sample, 2000, inside(3, 1, 0), waiter(2000));
        assertThat(only(sample).waitsFor()).isEqualTo(WaitsFor.SIBLINGS);
        assertThat(only(sample).isFoundLate()).isTrue();

        look(sample, 3000, inside(3, 1, 0));
        assertThat(sample.teardownsInProgress()).isEmpty();
        assertThat(sample.contextsInTeardown()).isEmpty();
    }

    @Test
    void requestsThatWereAllCancelledAreCancelledPolls() {
        feed(full, enter(), killed(), users(110).cancel(2, 0, 2));
        look(full, 2000, inside(4, 0, 1));
        assertThat(only(full).waitsFor()).isEqualTo(WaitsFor.CANCELLED_POLLS);
    }

    @Test
    void oneReadAmongThemIsARequest() {
        feed(full, enter(), killed(), users(110).cancel(2, 0, 3));
        look(full, 2000, inside(4, 0, 1));
        assertThat(only(full).waitsFor()).isEqualTo(WaitsFor.REQUESTS);
    }

    @Test
    void aKillThatDoesNotReturnWaitsForTheLock() {
        feed(full, enter());
        assertThat(only(full).waitsFor()).isEqualTo(WaitsFor.MMAP_LOCK);
    }

    @Test
    void aCallThatDoesNotReachKillWaitsForTheLockIfTwoLooksFindItSo() {
        EventBuilder live = at(EventBuilder.liveContext().handle(HANDLE).size(128, 383), 60);
        look(full, 50, live);
        look(full, 1000, live, waiter(1000));
        assertThat(full.teardownsInProgress()).isEmpty();
        look(full, 2000, live, waiter(2000));
        assertThat(only(full).waitsFor()).isEqualTo(WaitsFor.MMAP_LOCK);
        assertThat(only(full).known().context().maxReqs()).isEqualTo(128);
        look(full, 3000, live);
        assertThat(full.teardownsInProgress()).isEmpty();
        assertThat(full.liveContexts()).hasSize(1);
    }

    @Test
    void eachIsToldOfOnceTheOldestFirst() {
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
        assertThat(heard.teardowns).hasSize(500);
        assertThat(full.teardownsInProgress()).isEmpty();
    }

    @Test
    void aCallerThatIsNotWokenIsInProgressAsLongAsItIsSeenToWait() {
        feed(full, enter(), killed(), users(110), at(EventBuilder.reqs(), 120), at(EventBuilder.free(), 140));
        for (long time = 2000; time < 30_000; time += 2000) {
            look(full, time, waiter(time));
            List<TeardownInProgress> told = full.newlyStuck(ms(time - 1000));
            assertThat(told).hasSize(time == 2000 ? 1 : 0);
            assertThat(only(full).waitsFor()).isEqualTo(WaitsFor.WAKE);
            assertThat(only(full).requestsLeft()).isZero();
            full.advance(ms(time));
        }
        assertThat(heard.teardowns).isEmpty();
        feed(full, at(EventBuilder.destroyExit().handle(HANDLE).enterTime(ms(99)), 31_000));
        assertThat(heard.teardowns).hasSize(1);
        assertThat(full.teardownsInProgress()).isEmpty();
    }

    @Test
    void whatCompletesLateIsToldWithItsFile() {
        feed(full, enter(), killed());
        feed(
                full,
                EventBuilder.straggler(1, 8192, 4096, 8 << 20 | 1, "data", "db", "/")
                        .kioctx(KIOCTX)
                        .time(ms(2099)));
        assertThat(heard.stragglers).singleElement().satisfies(straggler -> {
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
        assertThat(heard.stragglers).extracting(Straggler::path).containsExactly("/db/data", "…/a/b/c/d/e/f/g/h", null);
        assertThat(heard.stragglers.get(1).offset()).isNull();
        assertThat(full.counters().orphanEvents()).as("of nothing known").isEqualTo(1);
    }

    @Test
    void memoryThatIsNotFreedIsToldOfThoughNobodyWaits() {
        feed(
                full,
                enter(),
                killed(),
                users(110),
                at(EventBuilder.reqs(), 120),
                at(EventBuilder.destroyExit().handle(HANDLE).enterTime(ms(99)), 121));
        assertThat(full.teardownsInProgress()).isEmpty();
        assertThat(full.newlyStuck(ms(119))).isEmpty();
        assertThat(full.newlyStuck(ms(121))).singleElement().satisfies(going -> {
            assertThat(going.waitsFor()).isEqualTo(WaitsFor.DEFERRED_FREE);
            assertThat(going.isWaitedFor()).isFalse();
            assertThat(going.age(ms(2000))).isEqualTo(ms(1880));
        });
        feed(full, at(EventBuilder.free(), 3000));
        assertThat(full.teardownsInProgress()).isEmpty();
    }
}
