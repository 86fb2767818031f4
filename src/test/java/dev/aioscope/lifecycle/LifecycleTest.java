package dev.aioscope.lifecycle;

import static dev.aioscope.lifecycle.RecordingListener.feed;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.aioscope.event.EventBuilder;
import dev.aioscope.event.ReleasedBy;
import dev.aioscope.event.Trigger;
import dev.aioscope.lifecycle.Teardown.End;
import dev.aioscope.probe.Tier;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Times are in ms. */
class LifecycleTest {
    private static final long KIOCTX = 0xffff_8880_0000_1000L;
    private static final long MM = 0xffff_8880_0000_2000L;
    private static final long HANDLE = 0x7f00_0000_0000L;
    private static final int EINVAL = 22;
    private static final int PID = 100;
    private static final int TID = 101;
    private static final int OTHER_TID = 102;

    private final RecordingListener received = new RecordingListener();
    private final Lifecycle full = new Lifecycle(received, Tier.FULL, Limits.DEFAULT);
    private final Lifecycle syscall = new Lifecycle(received, Tier.SYSCALL, Limits.DEFAULT);
    private final Lifecycle sample = new Lifecycle(received, Tier.SAMPLE, Limits.DEFAULT);

    // ---- setup ----

    @Test
    void reportsContextAfterSetup() {
        feed(full, setup(10));
        assertThat(received.setups).isEqualTo(full.liveContexts());
        assertThat(received.setups)
                .containsExactly(new Context(
                        1, KIOCTX, MM, HANDLE, 128, 383, new Task(PID, TID, "worker", 7, 0), ms(9), ms(10), null));
    }

    @Test
    void reportsRefusedSetupAsFailedCall() {
        feed(full, failedSetup(10, -11));
        assertThat(received.failedCalls)
                .containsExactly(new FailedCall(
                        FailedCall.SystemCall.IO_SETUP,
                        new Task(PID, TID, "worker", 7, 0),
                        MM,
                        ms(9),
                        ms(10),
                        11,
                        null,
                        128,
                        BigInteger.valueOf(65000),
                        BigInteger.valueOf(65536),
                        null,
                        List.of(),
                        null));
        assertThat(received.failedCalls.get(0).isRefusal()).isTrue();
        assertThat(full.liveContexts()).isEmpty();
    }

    @Test
    void reportsLargestHoldersAndNeededLimitOfRefusal() {
        for (int i = 1; i <= 7; i++) {
            feed(
                    full,
                    setup(i).kioctx(KIOCTX + 64L * i)
                            .handle(HANDLE + 4096L * i)
                            .task(i, i, "db")
                            .size(10 * i, 383),
                    setup(i).kioctx(KIOCTX + 64L * i + 32)
                            .handle(HANDLE + 4096L * i + 2048)
                            .task(i, i + 1, "db")
                            .size(i, 383));
        }
        feed(
                full,
                failedSetup(10, -11).aioNr(65500),
                setup(11).task(9, 9, "late").size(1000, 383));
        feed(full, failedSetup(50, -11).aioNr(65500), failedSetup(200, -11).aioNr(65500));

        FailedCall refusal = received.failedCalls.get(0);
        assertThat(refusal.neededLimit()).isEqualTo(65500 + 128);
        assertThat(refusal.largest()).extracting(QuotaShare::charge).containsExactly(77L, 66L, 55L, 44L, 33L);
        assertThat(refusal.largest()).extracting(QuotaShare::contexts).containsOnly(2);
        assertThat(received.failedCalls.get(1).largest()).as("soon after").isEqualTo(refusal.largest());
        assertThat(received.failedCalls.get(2).largest().get(0).owner().comm()).isEqualTo("late");
        feed(full, failedSetup(300, -22));
        assertThat(received.failedCalls.get(3).largest()).isEmpty();
        assertThat(received.failedCalls.get(3).neededLimit()).isNull();
    }

    @Test
    void separatesContextsWithSameHandleInTwoProcesses() {
        feed(full, setup(10), setup(11).kioctx(KIOCTX + 64).mm(MM + 64));
        assertThat(full.liveContexts()).hasSize(2);
    }

    @Test
    void keepsContextWhenProgramUnmapsItsRing() {
        feed(full, setup(10), setup(11).kioctx(KIOCTX + 64));
        assertThat(full.liveContexts()).extracting(Context::kioctx).containsExactly(KIOCTX, KIOCTX + 64);
        assertThat(received.teardowns).isEmpty();
    }

    @Test
    void matchesSetupWithoutPointerByHandle() {
        feed(full, setup(10).kioctx(0));
        feed(full, destroy());
        assertThat(only().context().setupTime()).isEqualTo(ms(10));
        assertThat(only().context().kioctx()).isEqualTo(KIOCTX);
        assertThat(full.liveContexts()).isEmpty();
    }

    @Test
    void endsContextWithLostTeardownWhenPointerIsReused() {
        feed(full, setup(10), setup(90).handle(HANDLE + 4096));
        assertThat(only().end()).isEqualTo(End.UNKNOWN);
        assertThat(only().trigger()).isNull();
        assertThat(only().context().setupTime()).isEqualTo(ms(10));
        assertThat(full.liveContexts()).extracting(Context::setupTime).containsExactly(ms(90));
    }

    @Test
    void reportsContextDestroyedBeforeItsSetupReturned() {
        EventBuilder[] records = destroy();
        feed(full, records[0], records[1], setup(102).enterTime(ms(98)));
        assertThat(full.liveContexts()).isEmpty();
        feed(full, records[2], records[3], records[4], records[5]);
        assertThat(only().context().setupTime()).isEqualTo(ms(102));
        assertThat(only().end()).isEqualTo(End.COMPLETE);
    }

    // ---- tier full ----

    @Test
    void reportsAllValuesOfDestroy() {
        feed(full, setup(10));
        feed(full, destroy());
        assertThat(only())
                .isEqualTo(new Teardown(
                        received.setups.get(0),
                        End.COMPLETE,
                        new Teardown.KillCall(
                                Trigger.DESTROY,
                                new Task(PID, TID, "worker", 7, 0),
                                ms(99),
                                ms(131),
                                0L,
                                true,
                                2L,
                                null),
                        new Teardown.Timeline(
                                ms(100), ms(103), ms(101), ms(102), ms(115), ms(116), ms(130), ms(150), null),
                        new Teardown.RequestCounts(3, 4, 5, 1, 2, 7, 6),
                        new Teardown.KernelState(640L, 512L, null, 0, null, null, ReleasedBy.RCU, ReleasedBy.HOLDER)));
        assertThat(full.liveContexts()).isEmpty();
        assertThat(full.teardownsInProgress()).isEmpty();
        assertThat(full.counters()).isEqualTo(new Counters(0, 0, 0, 0));
    }

    @Test
    void reportsSameTeardownForEachOrderThatKeepsCallersOrder() {
        List<List<Integer>> orders = new ArrayList<>();
        permute(new ArrayList<>(List.of(0, 1, 2, 3, 4, 5)), 0, orders);
        orders.removeIf(order -> order.indexOf(0) > order.indexOf(1) || order.indexOf(1) > order.indexOf(4));
        assertThat(orders).hasSize(120);
        feed(full, setup(10));
        feed(full, destroy());
        Teardown expected = only();
        for (List<Integer> order : orders) {
            RecordingListener again = new RecordingListener();
            Lifecycle lifecycle = new Lifecycle(again, Tier.FULL, Limits.DEFAULT);
            feed(lifecycle, setup(10));
            order.forEach(i -> feed(lifecycle, destroy()[i]));
            assertThat(again.teardowns).containsExactly(expected);
            assertThat(lifecycle.counters().orphanEvents()).isZero();
        }
    }

    @Test
    void reportsContextOlderThanAgentWhenDestroyed() {
        feed(full, destroy());
        assertThat(only().end()).isEqualTo(End.COMPLETE);
        assertThat(only().context())
                .isEqualTo(Context.of(1, KIOCTX, MM, HANDLE)
                        .withSize(128, 383)
                        .withOwner(new Task(PID, TID, "worker", 7, 0)));
    }

    @Test
    void omitsOwnerOfContextOlderThanAgentAfterExit() {
        feed(full, killEnter(100, Trigger.EXIT), free(150));
        full.advance(ms(150) + Lifecycle.OVERDUE_NS);
        assertThat(only().context().owner()).isNull();
        assertThat(only().caller()).isNotNull();
    }

    @Test
    void completesExitWithoutReturn() {
        feed(full, setup(10), setup(11).kioctx(KIOCTX + 64).handle(HANDLE + 4096));
        feed(full, killEnter(100, Trigger.EXIT), killExit(101, 0));
        feed(full, killEnter(102, Trigger.EXIT).kioctx(KIOCTX + 64).handle(HANDLE + 4096));
        feed(full, killExit(103, 0).kioctx(KIOCTX + 64).pendingSigkill(false));
        feed(
                full,
                users(115),
                users(116).kioctx(KIOCTX + 64),
                reqs(130),
                reqs(131).kioctx(KIOCTX + 64));
        assertThat(received.teardowns).isEmpty();
        feed(full, free(150).kioctx(KIOCTX + 64), free(151));
        assertThat(received.teardowns).extracting(Teardown::end).containsOnly(End.COMPLETE);
        assertThat(received.teardowns).extracting(Teardown::trigger).containsOnly(Trigger.EXIT);
        assertThat(received.teardowns).extracting(t -> t.call().returnTime()).containsOnlyNulls();
        assertThat(received.teardowns).extracting(t -> t.call().result()).containsOnlyNulls();
        assertThat(received.teardowns)
                .extracting(t -> t.call().pendingSigkill())
                .containsExactly(false, true);
        assertThat(received.teardowns).extracting(t -> t.context().setupTime()).containsExactly(ms(11), ms(10));
    }

    @Test
    void completesExitThatIsPreemptedInsideKillIoctx() {
        feed(full, killEnter(100, Trigger.EXIT), users(115), reqs(130), free(150));
        feed(full, setup(151).task(PID + 50, PID + 50, "next").mm(MM + 64));
        feed(full, killExit(160, 0).enterTime(ms(100)));
        assertThat(only().end()).isEqualTo(End.COMPLETE);
        assertThat(only().phases().killExitTime()).isEqualTo(ms(160));
        assertThat(full.liveContexts()).hasSize(1);
    }

    @Test
    void reportsTeardownAndFailedCallOfRollback() {
        feed(
                full,
                killEnter(100, Trigger.ROLLBACK),
                killExit(101, 0),
                failedSetup(102, -14).enterTime(ms(99)));
        feed(full, users(115), reqs(130), free(150));
        assertThat(only().end()).isEqualTo(End.COMPLETE);
        assertThat(only().trigger()).isEqualTo(Trigger.ROLLBACK);
        assertThat(received.failedCalls).extracting(FailedCall::errno).containsExactly(14);
        assertThat(received.setups).isEmpty();
    }

    @Test
    void reportsDestroyWithoutContextAsFailedCall() {
        feed(full, destroyExit(100, -EINVAL));
        assertThat(received.failedCalls)
                .containsExactly(new FailedCall(
                        FailedCall.SystemCall.IO_DESTROY,
                        new Task(PID, TID, "worker", 7, 0),
                        MM,
                        ms(99),
                        ms(100),
                        EINVAL,
                        HANDLE,
                        null,
                        null,
                        null,
                        null,
                        List.of(),
                        null));
        assertThat(received.teardowns).isEmpty();
    }

    @Test
    void reportsFirstThreadWhenItWinsRace() {
        raceWonBy(TID, OTHER_TID);
    }

    @Test
    void reportsSecondThreadWhenItWinsRace() {
        raceWonBy(OTHER_TID, TID);
    }

    private void raceWonBy(int winner, int loser) {
        feed(full, setup(10));
        feed(
                full,
                killEnter(100, Trigger.DESTROY),
                killEnter(100.1, Trigger.DESTROY).task(PID, OTHER_TID, "other"));
        feed(
                full,
                killExit(100.2, -EINVAL)
                        .enterTime(loser == TID ? ms(100) : ms(100.1))
                        .task(PID, loser, "l"));
        feed(full, destroyExit(100.3, -EINVAL).task(PID, loser, "l"));
        assertThat(full.teardownsInProgress()).hasSize(1);
        feed(
                full,
                killExit(103, 0).enterTime(winner == TID ? ms(100) : ms(100.1)).task(PID, winner, "w"));
        feed(full, users(115), reqs(130), destroyExit(131, 0).task(PID, winner, "w"), free(150));
        assertThat(only().end()).isEqualTo(End.COMPLETE);
        assertThat(only().caller().tid()).isEqualTo(winner);
        assertThat(only().phases().killEnterTime()).isEqualTo(winner == TID ? ms(100) : ms(100.1));
        assertThat(received.failedCalls).extracting(call -> call.caller().tid()).containsExactly(loser);
    }

    @Test
    void ignoresLoserThatEntersAfterWinnerLeftKillIoctx() {
        EventBuilder[] records = destroy();
        feed(full, setup(10), records[0], records[1]);
        feed(full, killEnter(103.2, Trigger.DESTROY).callTime(ms(102)).task(PID, OTHER_TID, "other"));
        feed(full, killExit(103.3, -EINVAL).enterTime(ms(103.2)).task(PID, OTHER_TID, "other"));
        feed(full, destroyExit(103.4, -EINVAL).enterTime(ms(102)).task(PID, OTHER_TID, "other"));
        feed(full, records[2], records[3], records[4], records[5]);
        assertThat(only().end()).isEqualTo(End.COMPLETE);
        assertThat(only().caller().tid()).isEqualTo(TID);
    }

    @Test
    void keepsContextWhenOnlyLoserIsRecorded() {
        feed(
                full,
                setup(10),
                killEnter(100, Trigger.DESTROY),
                killExit(100.2, -EINVAL).enterTime(ms(100)));
        assertThat(full.teardownsInProgress()).isEmpty();
        assertThat(full.liveContexts()).hasSize(1);
        assertThat(received.teardowns).isEmpty();
    }

    @Test
    void omitsCallerOfRaceWithoutRecordedResult() {
        feed(full, setup(10));
        feed(
                full,
                killEnter(100, Trigger.DESTROY),
                killEnter(100.1, Trigger.DESTROY).task(PID, OTHER_TID, "other"));
        feed(full, users(115), reqs(130), free(150));
        full.advance(ms(150) + Lifecycle.OVERDUE_NS);
        assertThat(only().caller()).isNull();
        assertThat(only().phases().killEnterTime()).isNull();
        assertThat(only().trigger()).isEqualTo(Trigger.DESTROY);
        assertThat(only().phases().freeTime()).isEqualTo(ms(150));
    }

    @Test
    void matchesReturnOfCallerAfterPointerIsReused() {
        EventBuilder[] records = destroy();
        feed(full, setup(10), records[0], records[1], records[2], records[3], free(131));
        feed(full, setup(132).task(PID, OTHER_TID, "other").handle(HANDLE + 4096));
        feed(full, destroyExit(140, 0));
        assertThat(only().end()).isEqualTo(End.COMPLETE);
        assertThat(only().call().returnTime()).isEqualTo(ms(140));
        assertThat(full.liveContexts()).extracting(Context::setupTime).containsExactly(ms(132));
    }

    @Test
    void countsGenerationWhenHandleAndPointerAreReused() {
        feed(full, setup(10));
        feed(full, destroy());
        feed(full, setup(160));
        assertThat(received.setups).extracting(Context::generation).containsExactly(1L, 2L);
        assertThat(received.setups).extracting(Context::id).doesNotHaveDuplicates();
    }

    // ---- tier full with losses ----

    @Test
    void reportsIncompleteTeardownAfterEachSingleLoss() {
        for (int lost = 0; lost < 6; lost++) {
            RecordingListener again = new RecordingListener();
            Lifecycle lifecycle = new Lifecycle(again, Tier.FULL, Limits.DEFAULT);
            EventBuilder[] records = destroy();
            feed(lifecycle, setup(10));
            for (int i = 0; i < records.length; i++) {
                if (i != lost) {
                    feed(lifecycle, records[i]);
                }
            }
            assertThat(again.teardowns).isEmpty();
            lifecycle.advance(ms(150) + Lifecycle.OVERDUE_NS);
            assertThat(again.teardowns).hasSize(1);
            assertThat(again.teardowns.get(0).end()).isEqualTo(End.INCOMPLETE);
            assertThat(again.teardowns.get(0).context().setupTime()).isEqualTo(ms(10));
            assertThat(lifecycle.counters().orphanEvents()).isZero();
        }
    }

    @Test
    void waitsForMissingFreeInEventTime() {
        EventBuilder[] records = destroy();
        feed(full, records[0], records[1], records[2], records[3], records[4]);
        full.advance(ms(131) + Lifecycle.OVERDUE_NS - 1);
        assertThat(received.teardowns).isEmpty();
        full.advance(ms(131) + Lifecycle.OVERDUE_NS);
        assertThat(only().end()).isEqualTo(End.INCOMPLETE);
        assertThat(only().phases().freeTime()).isNull();
        assertThat(only().call().returnTime()).isEqualTo(ms(131));
    }

    @Test
    void advancesTimeWithEvents() {
        EventBuilder[] records = destroy();
        feed(
                full,
                records[0],
                records[1],
                records[2],
                records[3],
                records[4],
                setup(20_000).kioctx(KIOCTX + 64));
        assertThat(only().end()).isEqualTo(End.INCOMPLETE);
    }

    @Test
    void keepsWaitingTeardownInProgressRegardlessOfTime() {
        feed(full, killEnter(100, Trigger.DESTROY), killExit(103, 0), users(115));
        full.advance(ms(100_000_000_000L));
        assertThat(received.teardowns).isEmpty();
        assertThat(full.teardownsInProgress()).hasSize(1);
        TeardownInProgress stuck = full.teardownsInProgress().get(0);
        assertThat(stuck.seenSince()).isEqualTo(ms(99));
        assertThat(stuck.known().end()).isEqualTo(End.IN_PROGRESS);
        assertThat(stuck.known().outstanding()).isEqualTo(4);
        assertThat(stuck.known().call().pendingSigkill()).isTrue();
    }

    @Test
    void endsTeardownWhenCallerCallsAgain() {
        feed(full, killEnter(100, Trigger.DESTROY), killExit(103, 0));
        feed(full, setup(500).kioctx(KIOCTX + 64).handle(HANDLE + 4096));
        assertThat(full.teardownsInProgress()).isEmpty();
        assertThat(received.teardowns).isEmpty();
        full.advance(ms(500) + Lifecycle.OVERDUE_NS);
        assertThat(only().end()).isEqualTo(End.UNKNOWN);
        assertThat(only().call().returnTime()).isNull();
    }

    @Test
    void endsTeardownImmediatelyWhenPointerIsReused() {
        feed(full, setup(10), killEnter(100, Trigger.DESTROY), killExit(103, 0));
        feed(full, setup(500).task(PID, OTHER_TID, "other"));
        assertThat(only().end()).isEqualTo(End.UNKNOWN);
        assertThat(full.liveContexts()).hasSize(1);
        feed(full, users(615));
        assertThat(received.teardowns).hasSize(1);
        assertThat(full.teardownsInProgress())
                .extracting(t -> t.known().context().setupTime())
                .containsExactly(ms(500));
    }

    @Test
    void endsTeardownImmediatelyWhenPointerIsKilledAgain() {
        feed(full, killEnter(100, Trigger.DESTROY), killExit(103, 0), users(115), reqs(130));
        feed(full, killEnter(500, Trigger.DESTROY).callTime(ms(499)).task(PID, OTHER_TID, "other"));
        assertThat(only().end()).isEqualTo(End.INCOMPLETE);
        assertThat(full.teardownsInProgress())
                .extracting(t -> t.known().caller().tid())
                .containsExactly(OTHER_TID);
    }

    @Test
    void assignsRepeatedRecordToNextContext() {
        feed(full, killEnter(100, Trigger.DESTROY), killExit(103, 0), users(115), reqs(130));
        feed(full, reqs(500));
        assertThat(only().end()).isEqualTo(End.INCOMPLETE);
        assertThat(only().phases().reqsTime()).isEqualTo(ms(130));
        assertThat(full.counters().orphanEvents()).isEqualTo(1);
    }

    @Test
    void ignoresKillExitOfEarlierContext() {
        // The exiting thread was preempted, and its KILL_ENTER is lost.
        feed(full, killEnter(500, Trigger.DESTROY).callTime(ms(499)));
        feed(full, killExit(501, 0).enterTime(ms(100)).task(PID + 50, PID + 50, "earlier"));
        assertThat(full.counters().orphanEvents()).isEqualTo(1);
        assertThat(full.teardownsInProgress())
                .extracting(teardown -> teardown.known().caller().tid())
                .containsExactly(TID);
    }

    @Test
    void endsTeardownWhenLaterCallFindsReusedPointer() {
        feed(full, killEnter(100, Trigger.DESTROY), killExit(103, 0));
        feed(full, killEnter(500, Trigger.DESTROY).callTime(ms(499)).task(PID, OTHER_TID, "other"));
        assertThat(only().caller().tid()).isEqualTo(TID);
        assertThat(only().end()).isEqualTo(End.UNKNOWN);
    }

    @Test
    void reportsIncompleteTeardownWhenOnlyDestroyExitArrives() {
        feed(full, setup(10), destroyExit(131, 0));
        full.advance(ms(131) + Lifecycle.OVERDUE_NS);
        assertThat(only().end()).isEqualTo(End.INCOMPLETE);
        assertThat(only().trigger()).isEqualTo(Trigger.DESTROY);
        assertThat(only().call().enterTime()).isEqualTo(ms(99));
        assertThat(only().phases().killEnterTime()).isNull();
        assertThat(only().call().pendingSigkill()).isTrue();
    }

    @Test
    void countsRecordsOfUnknownTeardownAsOrphans() {
        feed(full, killExit(103, 0), users(115), reqs(130), destroyExit(131, 0), free(150));
        assertThat(received.teardowns).isEmpty();
        assertThat(full.counters().orphanEvents()).isEqualTo(5);
    }

    @Test
    void ignoresLateRecordsOfClosedTeardown() {
        EventBuilder[] records = destroy();
        feed(full, setup(10), records[0], records[1]);
        feed(full, setup(500).task(PID, OTHER_TID, "other").handle(HANDLE + 4096));
        feed(full, destroyExit(501, 0), free(50));
        assertThat(received.teardowns).hasSize(1);
        assertThat(full.liveContexts()).hasSize(1);
    }

    @Test
    void omitsPendingSigkillWhenReturnIsAbsent() {
        feed(full, killEnter(100, Trigger.DESTROY), killExit(103, 0).pendingSigkill(false), users(115), reqs(130));
        feed(full, free(150));
        full.advance(ms(150) + Lifecycle.OVERDUE_NS);
        assertThat(only().call().pendingSigkill()).isNull();
    }

    // ---- tier syscall ----

    @Test
    void completesTeardownFromEntryAndReturnInSyscallTier() {
        feed(syscall, setup(10), destroyEnter(100));
        assertThat(syscall.teardownsInProgress()).hasSize(1);
        feed(syscall, destroyExit(131, 0).enterTime(ms(100)));
        assertThat(only().end()).isEqualTo(End.COMPLETE);
        assertThat(only().call().enterTime()).isEqualTo(ms(100));
        assertThat(only().call().returnTime()).isEqualTo(ms(131));
        assertThat(only().outstanding()).isEqualTo(4);
        assertThat(only().phases().killEnterTime()).isNull();
        assertThat(only().drain()).isNull();
    }

    @Test
    void reportsWrongHandleAsFailedCallInSyscallTier() {
        feed(
                syscall,
                setup(10),
                destroyEnter(100).kioctx(0).handle(1),
                destroyExit(101, -EINVAL).handle(1));
        assertThat(received.teardowns).isEmpty();
        assertThat(received.failedCalls).extracting(FailedCall::handle).containsExactly(1L);
        assertThat(syscall.liveContexts()).hasSize(1);
    }

    @Test
    void reportsLoserOfRaceAsFailedCallInSyscallTier() {
        feed(syscall, setup(10), destroyEnter(100), destroyEnter(100.1).task(PID, OTHER_TID, "other"));
        feed(syscall, destroyExit(100.2, -EINVAL).enterTime(ms(100)));
        feed(syscall, destroyExit(131, 0).enterTime(ms(100.1)).task(PID, OTHER_TID, "other"));
        assertThat(only().end()).isEqualTo(End.COMPLETE);
        assertThat(only().caller().tid()).isEqualTo(OTHER_TID);
        assertThat(received.failedCalls).hasSize(1);
    }

    @Test
    void closesTeardownWithLostEntryInSyscallTier() {
        feed(syscall, setup(10), destroyExit(131, 0));
        assertThat(only().end()).isEqualTo(End.INCOMPLETE);
        assertThat(only().outstanding()).isNull();
    }

    @Test
    void closesTeardownWhenCallerMakesAnotherCallInSyscallTier() {
        feed(syscall, setup(10), destroyEnter(100), destroyExit(500, -EINVAL).enterTime(ms(499)));
        assertThat(only().end()).isEqualTo(End.UNKNOWN);
        assertThat(received.failedCalls).hasSize(1);
    }

    // ---- inventory ----

    @Test
    void discoversOlderContextsInScan() {
        scan(full, 50, live(51), live(51.5).task(PID, OTHER_TID, "other"));
        assertThat(full.liveContexts())
                .containsExactly(Context.of(1, KIOCTX, MM, HANDLE)
                        .withSize(128, 383)
                        .withOwner(new Task(PID, PID, "main", 7, 0)));
        feed(full, killEnter(100, Trigger.EXIT), killExit(101, 0), users(115), reqs(130), free(150));
        assertThat(only().context().owner()).isEqualTo(new Task(PID, PID, "main", 7, 0));
        assertThat(only().end()).isEqualTo(End.COMPLETE);
    }

    @Test
    void matchesScanAheadOfRing() {
        // All records of one context are unread in the ring, and the scan finds the next context with its pointer.
        full.beginScan(ms(200));
        feed(full, live(201));
        feed(full, setup(10));
        feed(full, destroy());
        feed(full, setup(160));
        full.endScan();
        assertThat(only().context().setupTime()).isEqualTo(ms(10));
        assertThat(only().end()).isEqualTo(End.COMPLETE);
        assertThat(full.liveContexts()).extracting(Context::setupTime).containsExactly(ms(160));
    }

    @Test
    void reportsOneContextWhenScanFindsItBeforeSetupReturns() {
        full.beginScan(ms(50));
        feed(full, live(51));
        feed(full, setup(51.5));
        full.endScan();
        assertThat(received.teardowns).isEmpty();
        assertThat(full.liveContexts()).extracting(Context::generation).containsExactly(1L);
        assertThat(full.liveContexts()).extracting(Context::setupTime).containsExactly(ms(51.5));
    }

    @Test
    void matchesScanAheadOfRingWhenLaterContextDiffersInSize() {
        full.beginScan(ms(200));
        feed(full, live(201).size(1, 127));
        feed(full, setup(10));
        feed(full, destroy());
        feed(full, setup(160).size(1, 127));
        full.endScan();
        assertThat(only().end()).isEqualTo(End.COMPLETE);
        assertThat(full.liveContexts()).extracting(Context::maxReqs).containsExactly(1);
    }

    @Test
    void omitsOwnerThatScanFoundForLaterContext() {
        full.beginScan(ms(200));
        feed(full, live(201).task(PID + 50, PID + 50, "later"));
        feed(full, killEnter(100, Trigger.EXIT));
        full.endScan();
        assertThat(full.teardownsInProgress())
                .extracting(teardown -> teardown.known().context().owner())
                .containsOnlyNulls();
    }

    @Test
    void completesTeardownWhenScanIsAheadOfItsEnd() {
        EventBuilder[] records = destroy();
        feed(full, setup(10), records[0], records[1]);
        full.beginScan(ms(200));
        feed(full, live(201));
        feed(full, records[2], records[3], records[4], records[5], setup(160));
        full.endScan();
        assertThat(only().end()).isEqualTo(End.COMPLETE);
        assertThat(full.liveContexts()).extracting(Context::setupTime).containsExactly(ms(160));
    }

    @Test
    void endsTeardownWhenScanFindsPointerInTable() {
        feed(full, setup(10), killEnter(100, Trigger.DESTROY), killExit(103, 0));
        scan(full, 500, live(501));
        assertThat(only().end()).isEqualTo(End.UNKNOWN);
        scan(full, 600, live(601));
        assertThat(full.liveContexts()).extracting(Context::generation).containsExactly(2L);
    }

    @ParameterizedTest
    @EnumSource(names = {"SYSCALL", "SAMPLE", "PROC"})
    void reportsMissingContextAsVanished(Tier tier) {
        Lifecycle lifecycle = new Lifecycle(received, tier, Limits.DEFAULT);
        scan(lifecycle, 50, live(51));
        scan(lifecycle, 60, live(61));
        assertThat(received.teardowns).isEmpty();
        scan(lifecycle, 70);
        assertThat(only().end()).isEqualTo(End.VANISHED);
        assertThat(only().trigger()).isNull();
        assertThat(only().caller()).isNull();
        assertThat(lifecycle.liveContexts()).isEmpty();
    }

    @Test
    void keepsContextThatWasSetUpDuringScan() {
        syscall.beginScan(ms(50));
        feed(syscall, setup(51));
        syscall.endScan();
        assertThat(received.teardowns).isEmpty();
        scan(syscall, 60);
        assertThat(only().end()).isEqualTo(End.VANISHED);
    }

    @Test
    void reportsContextAsVanishedAfterTwoScansInFullTier() {
        feed(full, setup(10));
        scan(full, 50);
        scan(full, 5_000);
        assertThat(received.teardowns).isEmpty();
        scan(full, 6_000, live(6_001));
        scan(full, 17_000);
        assertThat(received.teardowns).isEmpty();
        scan(full, 27_000);
        assertThat(only().end()).isEqualTo(End.VANISHED);
    }

    @Test
    void reportsWaitingDestroyInSampleTier() {
        scan(sample, 50, live(51));
        scan(sample, 100, waiting(101, Trigger.DESTROY));
        assertThat(received.teardowns).isEmpty();
        TeardownInProgress slow = sample.teardownsInProgress().get(0);
        assertThat(slow.seenSince()).isEqualTo(ms(101));
        assertThat(slow.known().trigger()).isEqualTo(Trigger.DESTROY);
        assertThat(slow.known().caller().tid()).isEqualTo(TID);
        assertThat(slow.known().context().maxReqs()).isEqualTo(128);
        scan(sample, 200, waiting(201, Trigger.DESTROY));
        assertThat(sample.teardownsInProgress()).containsExactly(slow);
        scan(sample, 300);
        assertThat(only().end()).isEqualTo(End.VANISHED);
        assertThat(only().caller().tid()).isEqualTo(TID);
    }

    @Test
    void reportsWaitingExitInSampleTier() {
        scan(sample, 50, live(51), live(51).kioctx(KIOCTX + 64).handle(HANDLE + 4096));
        scan(sample, 100, waiting(101, Trigger.EXIT));
        assertThat(sample.teardownsInProgress()).hasSize(2);
        scan(sample, 200);
        assertThat(received.teardowns).extracting(Teardown::trigger).containsExactly(Trigger.EXIT, Trigger.EXIT);
        assertThat(received.teardowns).extracting(Teardown::end).containsOnly(End.VANISHED);
    }

    @Test
    void endsScannedAndNewContextsOnExitDuringScan() {
        syscall.beginScan(ms(50));
        feed(syscall, live(51), waiting(60, Trigger.EXIT));
        feed(syscall, setup(55).kioctx(0).handle(HANDLE + 4096));
        syscall.endScan();
        assertThat(syscall.teardownsInProgress())
                .extracting(teardown -> teardown.known().context().handle())
                .containsExactly(HANDLE, HANDLE + 4096);
        scan(syscall, 200);
        assertThat(received.teardowns).extracting(Teardown::trigger).containsExactly(Trigger.EXIT, Trigger.EXIT);
        assertThat(syscall.liveContexts()).isEmpty();
    }

    @Test
    void keepsContextsOfThreadThatEndsAnotherAddressSpace() {
        scan(sample, 50, live(51), waiting(60, Trigger.EXIT).mm(MM));
        assertThat(sample.liveContexts()).hasSize(1);
        assertThat(sample.teardownsInProgress())
                .extracting(teardown -> teardown.known().context().handle())
                .containsExactly(0L);
    }

    @Test
    void opensNoTeardownWhileDestroyWaitsBeforeKillIoctx() {
        scan(sample, 100, live(101), waiting(102, Trigger.DESTROY));
        assertThat(sample.teardownsInProgress()).isEmpty();
        assertThat(sample.liveContexts()).hasSize(1);
    }

    @Test
    void keepsDestroyOlderThanAgentInProgressUntilReturn() {
        scan(full, 100, waiting(101, Trigger.DESTROY));
        assertThat(full.teardownsInProgress()).hasSize(1);
        feed(full, reqs(130), destroyExit(131, 0).enterTime(ms(1)), free(150));
        assertThat(only().end()).isEqualTo(End.INCOMPLETE);
        assertThat(only().call().returnTime()).isEqualTo(ms(131));
        assertThat(full.counters().orphanEvents()).isEqualTo(2);
    }

    @Test
    void reportsExitOnceWhenScanIsAheadOfIt() {
        scan(full, 50, live(51));
        scan(full, 100, waiting(101, Trigger.EXIT));
        feed(full, killEnter(102, Trigger.EXIT), killExit(103, 0).enterTime(ms(102)), users(115), reqs(130), free(150));
        scan(full, 200);
        assertThat(only().end()).isEqualTo(End.COMPLETE);
        assertThat(full.teardownsInProgress()).isEmpty();
    }

    @Test
    void opensNoTeardownForCallThatReturnedDuringScan() {
        sample.beginScan(ms(100));
        feed(sample, waiting(101, Trigger.DESTROY), destroyExit(110, -EINVAL));
        sample.endScan();
        assertThat(sample.teardownsInProgress()).isEmpty();
    }

    @Test
    void endsTeardownWhenScanNoLongerFindsItsWait() {
        feed(full, killEnter(100, Trigger.DESTROY), killExit(103, 0));
        scan(full, 200, waiting(201, Trigger.DESTROY));
        assertThat(full.teardownsInProgress()).hasSize(1);
        scan(full, 300);
        assertThat(full.teardownsInProgress()).isEmpty();
        full.advance(ms(300) + Lifecycle.OVERDUE_NS);
        assertThat(only().end()).isEqualTo(End.UNKNOWN);
    }

    @Test
    void keepsTeardownWhenNoScanFoundItsWait() {
        feed(full, killEnter(100, Trigger.DESTROY), killExit(103, 0));
        scan(full, 200_000);
        scan(full, 400_000);
        full.advance(ms(1_000_000));
        assertThat(full.teardownsInProgress()).hasSize(1);
    }

    @Test
    void keepsContextsOfSkippedProcess() {
        scan(sample, 50, live(51));
        scanWithout(PID, 60);
        assertThat(received.teardowns).isEmpty();
        scan(sample, 70, live(71));
        scanWithout(PID + 1, 80);
        assertThat(only().end()).isEqualTo(End.VANISHED);
    }

    @Test
    void keepsTeardownsOfSkippedProcess() {
        scan(sample, 50, waiting(51, Trigger.DESTROY));
        scanWithout(PID, 60);
        assertThat(sample.teardownsInProgress()).hasSize(1);
        scanWithout(PID + 1, 70);
        assertThat(sample.teardownsInProgress()).isEmpty();
    }

    private void scanWithout(int pid, double ms) {
        sample.beginScan(ms(ms));
        sample.skip(pid);
        sample.endScan();
    }

    @Test
    void rejectsScanCallsBeforeBegin() {
        assertThatThrownBy(full::endScan).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> full.skip(PID)).isInstanceOf(IllegalStateException.class);
        feed(full, live(51), waiting(52, Trigger.EXIT));
        assertThat(full.counters().orphanEvents()).isEqualTo(2);
    }

    // ---- limits ----

    @Test
    void limitsTables() {
        Lifecycle small = new Lifecycle(received, Tier.FULL, new Limits(3, 2, 2));
        for (int i = 0; i < 10; i++) {
            feed(small, setup(10 + i).kioctx(KIOCTX + i * 64L).handle(HANDLE + i * 4096L));
        }
        assertThat(small.liveContexts()).hasSize(3);
        for (int i = 0; i < 10; i++) {
            feed(
                    small,
                    killEnter(100 + i, Trigger.DESTROY)
                            .kioctx(KIOCTX + i * 64L)
                            .handle(HANDLE + i * 4096L)
                            .callTime(ms(99))
                            .task(PID, TID + i, "w"));
        }
        assertThat(small.liveContexts()).isEmpty();
        assertThat(small.teardownsInProgress()).hasSize(2);
        assertThat(received.teardowns).hasSize(8).extracting(Teardown::end).containsOnly(End.UNKNOWN);
        assertThat(small.counters()).isEqualTo(new Counters(7, 8, 0, 0));
        assertThatThrownBy(() -> new Limits(0, 1, 1)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void evictsEndedTeardownsBeforeStuckOnes() {
        Lifecycle small = new Lifecycle(received, Tier.FULL, new Limits(10, 2, 10));
        feed(small, killEnter(100, Trigger.EXIT));
        feed(small, killEnter(101, Trigger.EXIT).kioctx(KIOCTX + 64), free(120).kioctx(KIOCTX + 64));
        feed(small, killEnter(130, Trigger.EXIT).kioctx(KIOCTX + 128));
        assertThat(received.teardowns).extracting(t -> t.context().kioctx()).containsExactly(KIOCTX + 64);
    }

    @Test
    void limitsCallsInProgress() {
        Lifecycle small = new Lifecycle(received, Tier.SYSCALL, new Limits(10, 10, 2));
        for (int i = 0; i < 5; i++) {
            feed(small, destroyEnter(100 + i).kioctx(0).task(PID, TID + i, "w"));
        }
        assertThat(small.counters().evictedCalls()).isEqualTo(3);
    }

    // ---- records ----

    private Teardown only() {
        assertThat(received.teardowns).hasSize(1);
        return received.teardowns.get(0);
    }

    private static long ms(double ms) {
        return Math.round(ms * 1_000_000);
    }

    private static EventBuilder caller(EventBuilder record, double ms) {
        return record.time(ms(ms)).kioctx(KIOCTX).mm(MM).cgroup(7).task(PID, TID, "worker");
    }

    private static EventBuilder setup(double ms) {
        return caller(EventBuilder.setup(), ms)
                .enterTime(ms(ms - 1))
                .handle(HANDLE)
                .size(128, 383)
                .aioNr(65000)
                .aioMaxNr(65536);
    }

    private static EventBuilder failedSetup(double ms, int result) {
        return caller(EventBuilder.setup(), ms)
                .kioctx(0)
                .enterTime(ms(ms - 1))
                .result(result)
                .size(128, Integer.MIN_VALUE)
                .aioNr(65000)
                .aioMaxNr(65536);
    }

    private static EventBuilder killEnter(double ms, Trigger trigger) {
        EventBuilder record = caller(EventBuilder.killEnter(trigger), ms)
                .handle(HANDLE)
                .size(128, 383)
                .requests(3, 4, 5, 1)
                .aioNr(640);
        return trigger == Trigger.DESTROY ? record.callTime(ms(99)) : record;
    }

    private static EventBuilder destroyEnter(double ms) {
        return caller(EventBuilder.destroyEnter(), ms)
                .callTime(ms(ms))
                .handle(HANDLE)
                .size(128, 383)
                .requests(3, 4, 5, 0);
    }

    private static EventBuilder killExit(double ms, int result) {
        return caller(EventBuilder.killExit(), ms)
                .enterTime(ms(Math.max(100, ms - 3)))
                .result(result)
                .aioNr(512)
                .unmap(ms(101), ms(102), 0)
                .voluntarySwitches(1000)
                .pendingSigkill(true);
    }

    private static EventBuilder users(double ms) {
        return EventBuilder.users()
                .time(ms(ms + 1))
                .enterTime(ms(ms))
                .kioctx(KIOCTX)
                .cancel(7, 6, 2)
                .releasedBy(ReleasedBy.RCU);
    }

    private static EventBuilder reqs(double ms) {
        return EventBuilder.reqs().time(ms(ms)).kioctx(KIOCTX).releasedBy(ReleasedBy.HOLDER);
    }

    private static EventBuilder free(double ms) {
        return EventBuilder.free().time(ms(ms)).kioctx(KIOCTX);
    }

    private static EventBuilder destroyExit(double ms, int result) {
        return caller(EventBuilder.destroyExit(), ms)
                .kioctx(0)
                .enterTime(ms(99))
                .handle(HANDLE)
                .result(result)
                .voluntarySwitches(2)
                .pendingSigkill(true);
    }

    /** All records of a destroy, in order. */
    private static EventBuilder[] destroy() {
        return new EventBuilder[] {
            killEnter(100, Trigger.DESTROY), killExit(103, 0), users(115), reqs(130), destroyExit(131, 0), free(150)
        };
    }

    private static EventBuilder live(double ms) {
        return EventBuilder.liveContext()
                .time(ms(ms))
                .kioctx(KIOCTX)
                .mm(MM)
                .cgroup(7)
                .task(PID, PID, "main")
                .handle(HANDLE)
                .size(128, 383);
    }

    private static EventBuilder waiting(double ms, Trigger trigger) {
        EventBuilder record =
                EventBuilder.taskInTeardown(trigger).time(ms(ms)).cgroup(7).task(PID, TID, "worker");
        return trigger == Trigger.DESTROY ? record.mm(MM).handle(HANDLE) : record;
    }

    private static void scan(Lifecycle lifecycle, double ms, EventBuilder... found) {
        lifecycle.beginScan(ms(ms));
        feed(lifecycle, found);
        lifecycle.endScan();
    }

    private static void permute(List<Integer> records, int from, List<List<Integer>> to) {
        if (from == records.size()) {
            to.add(List.copyOf(records));
        }
        for (int i = from; i < records.size(); i++) {
            Collections.swap(records, from, i);
            permute(records, from + 1, to);
            Collections.swap(records, from, i);
        }
    }
}
