package dev.aioscope.lifecycle;

import dev.aioscope.event.ReleasedBy;
import dev.aioscope.event.RingState;
import dev.aioscope.event.Trigger;
import org.jspecify.annotations.Nullable;

/**
 * The teardown of one context. An unobserved value is null, never zero. Times are CLOCK_BOOTTIME, durations ns.
 *
 * <pre>
 *  enterTime  killEnterTime    killExitTime  usersEnterTime usersExitTime  reqsTime  returnTime   freeTime
 *     |  lookup   |      kill       |   usersWait  |    cancel    | reqsWait  |  wake   |             |
 *     |           |   [ unmap ]     |<------------- drain ------------------->|<--- deferred free --->|
 * </pre>
 *
 * The drain is the uninterruptible wait. Each of its two intervals is attributed to what the kernel waited for: an RCU
 * grace period, sibling threads inside AIO calls (the first), or requests (the second).
 *
 * @param context the context
 * @param end how the agent learnt that the teardown is over
 * @param call the call that ended the context
 * @param phases when the kernel's functions ran
 * @param counts requests and threads on the context
 * @param kernel other kernel state that the probes read
 */
public record Teardown(
        Context context, End end, KillCall call, Timeline phases, RequestCounts counts, KernelState kernel) {

    /** How the agent learnt that the teardown is over. */
    public enum End {
        /** Every record that the tier provides arrived. */
        COMPLETE,
        /** It is over, but a record is lost: some values are null. */
        INCOMPLETE,
        /** Its last record is missing, but later events or the time passed show that it is over. */
        UNKNOWN,
        /** One scan found the context, a later one did not, and no event reported the end. */
        VANISHED,
        /** It is in progress; only in {@link TeardownInProgress}. */
        IN_PROGRESS
    }

    /** The cause of a part of the drain. */
    public enum Wait {
        /** RCU only: normal, about 15 ms each at HZ=250. */
        GRACE,
        /** Outstanding requests. */
        IO,
        /** Threads inside io_submit, io_getevents or io_cancel on the context. */
        SIBLINGS
    }

    /**
     * The call that ended the context.
     *
     * @param trigger why the context ends; null if no record names it: the context vanished, or kill_ioctx was not
     *     observed
     * @param caller the thread that called kill_ioctx; in an exit the last user of the address space, possibly a thread
     *     of another process
     * @param enterTime when io_destroy was entered
     * @param returnTime when io_destroy returned
     * @param result return value of io_destroy
     * @param pendingSigkill whether a SIGKILL was pending for the caller
     * @param voluntarySwitches voluntary context switches of the caller during the call
     * @param stack where the program called io_destroy; null if not recorded
     */
    public record KillCall(
            @Nullable Trigger trigger,
            @Nullable Task caller,
            @Nullable Long enterTime,
            @Nullable Long returnTime,
            @Nullable Long result,
            @Nullable Boolean pendingSigkill,
            @Nullable Long voluntarySwitches,
            @Nullable UserStack stack) {

        /** A call of which at most the trigger is known. */
        static KillCall unknown(@Nullable Trigger trigger) {
            return new KillCall(trigger, null, null, null, null, null, null, null);
        }
    }

    /**
     * When the kernel's functions ran.
     *
     * @param killEnterTime kill_ioctx was entered
     * @param killExitTime kill_ioctx returned
     * @param unmapEnterTime vm_munmap was entered inside kill_ioctx
     * @param unmapExitTime vm_munmap returned
     * @param usersEnterTime free_ioctx_users was entered
     * @param usersExitTime free_ioctx_users returned
     * @param reqsTime free_ioctx_reqs was entered
     * @param freeTime free_ioctx was entered
     * @param lateReqsTime free_ioctx_reqs was entered with this context's pointer after io_destroy had returned: no
     *     kernel should do so, unless the records of a later context are lost
     */
    public record Timeline(
            @Nullable Long killEnterTime,
            @Nullable Long killExitTime,
            @Nullable Long unmapEnterTime,
            @Nullable Long unmapExitTime,
            @Nullable Long usersEnterTime,
            @Nullable Long usersExitTime,
            @Nullable Long reqsTime,
            @Nullable Long freeTime,
            @Nullable Long lateReqsTime) {
        static final Timeline UNKNOWN = new Timeline(null, null, null, null, null, null, null, null, null);

        Timeline withDrain(
                @Nullable Long usersEnter,
                @Nullable Long usersExit,
                @Nullable Long reqs,
                @Nullable Long free,
                @Nullable Long lateReqs) {
            return new Timeline(
                    killEnterTime,
                    killExitTime,
                    unmapEnterTime,
                    unmapExitTime,
                    usersEnter,
                    usersExit,
                    reqs,
                    free,
                    lateReqs);
        }
    }

    /**
     * Requests and threads on the context; the first four at the entry of kill_ioctx.
     *
     * @param outstandingSlots requests submitted and not completed, computed from the ring's free slots (formula A)
     * @param outstandingRefs the same, computed from the references (formula B)
     * @param unreaped requests completed that the program has not read
     * @param siblings other threads inside an AIO call on the context
     * @param outstandingAfterGrace outstanding requests at the entry of free_ioctx_users
     * @param cancellableBefore cancellable requests at the entry of free_ioctx_users
     * @param cancellableAfter cancellable requests at its return
     */
    public record RequestCounts(
            @Nullable Integer outstandingSlots,
            @Nullable Integer outstandingRefs,
            @Nullable Integer unreaped,
            @Nullable Integer siblings,
            @Nullable Integer outstandingAfterGrace,
            @Nullable Integer cancellableBefore,
            @Nullable Integer cancellableAfter) {
        static final RequestCounts UNKNOWN = new RequestCounts(null, null, null, null, null, null, null);

        RequestCounts withDrain(@Nullable Integer afterGrace, @Nullable Integer before, @Nullable Integer after) {
            return new RequestCounts(outstandingSlots, outstandingRefs, unreaped, siblings, afterGrace, before, after);
        }
    }

    /**
     * Other kernel state.
     *
     * @param aioNrBefore fs.aio-nr at the entry of kill_ioctx
     * @param aioNrAfter fs.aio-nr at its return
     * @param ring the mapping at the ring's address when io_destroy entered kill_ioctx
     * @param unmapResult return value of vm_munmap
     * @param dead whether the context was marked dead when kill_ioctx returned
     * @param inTable whether its address space still had it in its table then
     * @param usersReleasedBy which code dropped the last reference of a caller on the context
     * @param reqsReleasedBy which code dropped the last reference of a request on the context
     */
    public record KernelState(
            @Nullable Long aioNrBefore,
            @Nullable Long aioNrAfter,
            @Nullable RingState ring,
            @Nullable Integer unmapResult,
            @Nullable Boolean dead,
            @Nullable Boolean inTable,
            @Nullable ReleasedBy usersReleasedBy,
            @Nullable ReleasedBy reqsReleasedBy) {
        static final KernelState UNKNOWN = new KernelState(null, null, null, null, null, null, null, null);

        KernelState withReleases(@Nullable ReleasedBy users, @Nullable ReleasedBy reqs) {
            return new KernelState(aioNrBefore, aioNrAfter, ring, unmapResult, dead, inTable, users, reqs);
        }
    }

    /** A teardown of which at most the trigger is known. */
    static Teardown unknown(Context context, @Nullable Trigger trigger, End end) {
        return new Teardown(
                context, end, KillCall.unknown(trigger), Timeline.UNKNOWN, RequestCounts.UNKNOWN, KernelState.UNKNOWN);
    }

    Teardown withDrain(Timeline phases, RequestCounts counts, KernelState kernel) {
        return new Teardown(context, end, call, phases, counts, kernel);
    }

    /** Why the context ends; see {@link KillCall#trigger}. */
    public @Nullable Trigger trigger() {
        return call.trigger;
    }

    /** The thread that ends the context; see {@link KillCall#caller}. */
    public @Nullable Task caller() {
        return call.caller;
    }

    /** When the caller entered: io_destroy, or else kill_ioctx. */
    public @Nullable Long startTime() {
        return call.enterTime != null ? call.enterTime : phases.killEnterTime;
    }

    /** When the caller's wait ended: at the return of io_destroy, or else with the last request. */
    public @Nullable Long endTime() {
        return call.returnTime != null ? call.returnTime : phases.reqsTime;
    }

    /** Requests submitted and not completed at kill_ioctx: by references where they can be read, else by slots. */
    public @Nullable Integer outstanding() {
        return counts.outstandingRefs != null ? counts.outstandingRefs : counts.outstandingSlots;
    }

    /**
     * How long the caller was held: the whole io_destroy; in an exit from kill_ioctx to the end of the drain; in a
     * rollback kill_ioctx, since io_setup does not wait for the requests of the context that it takes back.
     */
    public @Nullable Long held() {
        return call.trigger == null
                ? null
                : switch (call.trigger) {
                    case DESTROY -> between(call.enterTime, call.returnTime);
                    case EXIT -> between(phases.killEnterTime, phases.reqsTime);
                    case ROLLBACK -> kill();
                };
    }

    /** Entry of io_destroy to entry of kill_ioctx: finding the context, which can wait for mmap_lock. */
    public @Nullable Long lookup() {
        return between(call.enterTime, phases.killEnterTime);
    }

    /** Entry to return of kill_ioctx. */
    public @Nullable Long kill() {
        return between(phases.killEnterTime, phases.killExitTime);
    }

    /** vm_munmap inside kill_ioctx: taking mmap_lock and removing the ring. */
    public @Nullable Long unmap() {
        return between(phases.unmapEnterTime, phases.unmapExitTime);
    }

    /** kill_ioctx's return to free_ioctx_reqs: the time the caller sat in TASK_UNINTERRUPTIBLE. */
    public @Nullable Long drain() {
        return between(phases.killExitTime, phases.reqsTime);
    }

    /** free_ioctx_users: cancelling what can be cancelled. */
    public @Nullable Long cancel() {
        return between(phases.usersEnterTime, phases.usersExitTime);
    }

    /** The cause of the drain before free_ioctx_users; null if unknown. Requests never delay this part. */
    public @Nullable Wait usersWait() {
        return wait(kernel.usersReleasedBy, Wait.SIBLINGS);
    }

    /** The cause of the drain after free_ioctx_users; null if unknown. */
    public @Nullable Wait reqsWait() {
        if (counts.outstandingAfterGrace != null && counts.outstandingAfterGrace == 0) {
            return Wait.GRACE;
        }
        return wait(kernel.reqsReleasedBy, Wait.IO);
    }

    private static @Nullable Wait wait(@Nullable ReleasedBy releasedBy, Wait holder) {
        return releasedBy == null
                ? null
                : switch (releasedBy) {
                    case RCU -> Wait.GRACE;
                    case HOLDER -> holder;
                    case UNKNOWN -> null;
                };
    }

    /** The part of the drain that only waited for RCU grace periods. */
    public @Nullable Long grace() {
        return spent(Wait.GRACE);
    }

    /** The part of the drain that waited for outstanding requests. */
    public @Nullable Long io() {
        return spent(Wait.IO);
    }

    /** The part of the drain in which a sibling thread was still inside an AIO call on the context. */
    public @Nullable Long inSiblings() {
        return spent(Wait.SIBLINGS);
    }

    /** free_ioctx_reqs to the return of io_destroy. */
    public @Nullable Long wake() {
        return between(phases.reqsTime, call.returnTime);
    }

    /** free_ioctx_reqs to free_ioctx, after the caller stopped waiting. */
    public @Nullable Long deferredFree() {
        return between(phases.reqsTime, phases.freeTime);
    }

    private @Nullable Long spent(Wait wait) {
        Long users = between(phases.killExitTime, phases.usersEnterTime);
        Long reqs = between(phases.usersExitTime, phases.reqsTime);
        if (users == null || reqs == null || usersWait() == null || reqsWait() == null) {
            return null;
        }
        return (usersWait() == wait ? users : 0) + (reqsWait() == wait ? reqs : 0);
    }

    private static @Nullable Long between(@Nullable Long from, @Nullable Long to) {
        return from == null || to == null ? null : (Long) Math.max(0, to - from);
    }
}
