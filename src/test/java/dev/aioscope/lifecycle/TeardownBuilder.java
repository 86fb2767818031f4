package dev.aioscope.lifecycle;

import dev.aioscope.event.ReleasedBy;
import dev.aioscope.event.RingState;
import dev.aioscope.event.Trigger;
import java.util.List;

/** Builds teardowns for tests. Values are absent until set. */
public final class TeardownBuilder {
    public Context context = Context.of(7, 0xffff888000001000L, 0, 0x7f0000001000L);
    public Trigger trigger = Trigger.DESTROY;
    public Task caller;
    public Teardown.End end = Teardown.End.COMPLETE;
    public Long callTime;
    public Long killEnterTime;
    public Long killExitTime;
    public Long unmapEnterTime;
    public Long unmapExitTime;
    public Long usersEnterTime;
    public Long usersExitTime;
    public Long reqsTime;
    public Long returnTime;
    public Long freeTime;
    public Long result;
    public Integer outstanding;
    public Integer unreaped;
    public Integer siblings;
    public Integer outstandingAfterGrace;
    public Integer cancellableBefore;
    public Integer cancellableAfter;
    public ReleasedBy usersReleasedBy;
    public ReleasedBy reqsReleasedBy;
    public Long aioNrBefore;
    public Long aioNrAfter;
    public Integer unmapResult;
    public Boolean pendingSigkill;
    public Long voluntarySwitches;
    public RingState ringAtKill;
    public Boolean deadAfterKill;
    public Boolean inTableAfterKill;
    public Long lateReqsTime;
    public UserStack callStack;

    /** A stack of process 100 with these frame names. */
    public static UserStack stack(String... frames) {
        UserStack stack = new UserStack(100, new long[frames.length]);
        stack.nameBy(() -> List.of(frames));
        return stack;
    }

    /** A context of process 100 with 3 requests outstanding, destroyed by its thread 101. All values are set. */
    public static TeardownBuilder busy() {
        TeardownBuilder t = idle();
        t.reqsTime = 2_025_000_000L;
        t.returnTime = 2_025_010_000L;
        t.freeTime = 2_040_000_000L;
        t.outstanding = 3;
        t.outstandingAfterGrace = 3;
        t.cancellableBefore = 2;
        t.cancellableAfter = 0;
        t.reqsReleasedBy = ReleasedBy.HOLDER;
        return t;
    }

    /** The same without outstanding requests: two grace periods. */
    public static TeardownBuilder idle() {
        TeardownBuilder t = new TeardownBuilder();
        Task owner = new Task(100, 100, "mysqld", 1, 0);
        t.context = Context.of(7, 0xffff888000001000L, 1, 0x7f0000001000L)
                .withSize(128, 511)
                .withOwner(owner)
                .withSetup(null, 5L, null);
        t.caller = new Task(100, 101, "ib_io_rd-1", 1, 0);
        t.callTime = 1_000L;
        t.killEnterTime = 2_000L;
        t.unmapEnterTime = 3_000L;
        t.unmapExitTime = 9_000L;
        t.killExitTime = 10_000L;
        t.usersEnterTime = 15_000_000L;
        t.usersExitTime = 15_004_000L;
        t.reqsTime = 30_000_000L;
        t.returnTime = 30_010_000L;
        t.freeTime = 45_000_000L;
        t.result = 0L;
        t.outstanding = 0;
        t.unreaped = 4;
        t.siblings = 0;
        t.outstandingAfterGrace = 0;
        t.cancellableBefore = 0;
        t.cancellableAfter = 0;
        t.usersReleasedBy = ReleasedBy.RCU;
        t.reqsReleasedBy = ReleasedBy.RCU;
        t.aioNrBefore = 1024L;
        t.aioNrAfter = 896L;
        t.unmapResult = 0;
        t.pendingSigkill = false;
        t.voluntarySwitches = 1L;
        t.ringAtKill = RingState.PRESENT;
        t.deadAfterKill = true;
        t.inTableAfterKill = false;
        return t;
    }

    /** Builds the teardown. */
    public Teardown build() {
        return new Teardown(
                context,
                end,
                new Teardown.KillCall(
                        trigger, caller, callTime, returnTime, result, pendingSigkill, voluntarySwitches, callStack),
                new Teardown.Timeline(
                        killEnterTime,
                        killExitTime,
                        unmapEnterTime,
                        unmapExitTime,
                        usersEnterTime,
                        usersExitTime,
                        reqsTime,
                        freeTime,
                        lateReqsTime),
                new Teardown.RequestCounts(
                        null,
                        outstanding,
                        unreaped,
                        siblings,
                        outstandingAfterGrace,
                        cancellableBefore,
                        cancellableAfter),
                new Teardown.KernelState(
                        aioNrBefore,
                        aioNrAfter,
                        ringAtKill,
                        unmapResult,
                        deadAfterKill,
                        inTableAfterKill,
                        usersReleasedBy,
                        reqsReleasedBy));
    }
}
