package dev.aioscope.lifecycle;

import dev.aioscope.event.ReleasedBy;
import dev.aioscope.event.RingState;
import dev.aioscope.event.Trigger;
import org.jspecify.annotations.Nullable;

/**
 * The end of one context. What was not seen is null, never zero. Times are CLOCK_BOOTTIME, durations ns.
 *
 * <pre>
 *  callTime   killEnterTime    killExitTime  usersEnterTime usersExitTime  reqsTime  returnTime   freeTime
 *     |  lookup   |      kill       |   usersWait  |    cancel    | reqsWait  |  wake   |             |
 *     |           |   [ unmap ]     |<------------- drain ------------------->|<--- deferred free --->|
 * </pre>
 *
 * The drain is the uninterruptible wait. Each of its two intervals is laid to what the kernel really waited for: an RCU
 * grace period, requests, or sibling threads inside AIO calls.
 *
 * @param context the context that ended
 * @param trigger why; null if no record told: a context that vanished, or one whose kill_ioctx was not seen
 * @param caller the thread that called kill_ioctx: for an exit whoever gave up the address space last, which can be an
 *     outsider
 * @param end how the agent learnt that it was over
 * @param callTime io_destroy was entered
 * @param killEnterTime kill_ioctx was entered
 * @param killExitTime kill_ioctx returned
 * @param unmapEnterTime vm_munmap was entered inside kill_ioctx
 * @param unmapExitTime vm_munmap returned
 * @param usersEnterTime free_ioctx_users was entered
 * @param usersExitTime free_ioctx_users returned
 * @param reqsTime free_ioctx_reqs was entered
 * @param returnTime io_destroy returned
 * @param freeTime free_ioctx was entered
 * @param result what io_destroy returned
 * @param outstandingSlots requests submitted and not completed when kill_ioctx was entered, computed from the ring's
 *     free slots (formula A)
 * @param outstandingRefs the same, computed from the references (formula B)
 * @param unreaped requests completed that the program had not read
 * @param siblings other threads inside an AIO call on the context
 * @param outstandingAfterGrace requests left when free_ioctx_users was entered
 * @param cancellableBefore requests that could be cancelled
 * @param cancellableAfter of those, left after the cancelling
 * @param usersReleasedBy who dropped the last reference of a caller on the context
 * @param reqsReleasedBy who dropped the last reference of a request on the context
 * @param aioNrBefore fs.aio-nr when kill_ioctx was entered
 * @param aioNrAfter fs.aio-nr when kill_ioctx returned
 * @param unmapResult what vm_munmap returned
 * @param pendingSigkill whether a SIGKILL was waiting for the caller
 * @param voluntarySwitches voluntary context switches of the caller during the call
 * @param ringAtKill what stood at the ring's place when io_destroy entered kill_ioctx
 * @param deadAfterKill whether the context was marked dead when kill_ioctx returned
 * @param inTableAfterKill whether its address space still had it in its table then
 * @param lateReqsTime free_ioctx_reqs was entered with this context's pointer when io_destroy had returned: what no
 *     kernel should do, unless the records of a later context were lost
 * @param callStack where the program called io_destroy, if that was to be recorded
 */
public record Teardown(
        Context context,
        @Nullable Trigger trigger,
        @Nullable Task caller,
        End end,
        @Nullable Long callTime,
        @Nullable Long killEnterTime,
        @Nullable Long killExitTime,
        @Nullable Long unmapEnterTime,
        @Nullable Long unmapExitTime,
        @Nullable Long usersEnterTime,
        @Nullable Long usersExitTime,
        @Nullable Long reqsTime,
        @Nullable Long returnTime,
        @Nullable Long freeTime,
        @Nullable Long result,
        @Nullable Integer outstandingSlots,
        @Nullable Integer outstandingRefs,
        @Nullable Integer unreaped,
        @Nullable Integer siblings,
        @Nullable Integer outstandingAfterGrace,
        @Nullable Integer cancellableBefore,
        @Nullable Integer cancellableAfter,
        @Nullable ReleasedBy usersReleasedBy,
        @Nullable ReleasedBy reqsReleasedBy,
        @Nullable Long aioNrBefore,
        @Nullable Long aioNrAfter,
        @Nullable Integer unmapResult,
        @Nullable Boolean pendingSigkill,
        @Nullable Long voluntarySwitches,
        @Nullable RingState ringAtKill,
        @Nullable Boolean deadAfterKill,
        @Nullable Boolean inTableAfterKill,
        @Nullable Long lateReqsTime,
        @Nullable UserStack callStack) {

    /** How the agent learnt that the teardown was over. */
    public enum End {
        /** Every record that the tier gives was seen. */
        COMPLETE,
        /** It is over, but a record of it was lost: some values are null. */
        INCOMPLETE,
        /** Its end was not seen, though later events prove or time suggests that it is over. */
        UNKNOWN,
        /** The context was there at one look and gone at a later one, and no event told of its end. */
        VANISHED,
        /** It goes on; only in {@link TeardownInProgress}. */
        IN_PROGRESS
    }

    /** What a part of the drain waits for. */
    public enum Wait {
        /** RCU only: normal, some 15 ms each at HZ=250. */
        GRACE,
        /** Requests really left. */
        IO,
        /** Threads inside io_submit, io_getevents or io_cancel on the context. */
        SIBLINGS
    }

    /** Requests submitted and not completed at kill_ioctx: by references where they can be read, else by slots. */
    public @Nullable Integer outstanding() {
        return outstandingRefs != null ? outstandingRefs : outstandingSlots;
    }

    /**
     * How long the caller was held: the whole io_destroy; in an exit from kill_ioctx to the end of the drain; in a
     * rollback kill_ioctx, since io_setup does not wait for the requests of the context that it takes back.
     */
    public @Nullable Long held() {
        return trigger == null
                ? null
                : switch (trigger) {
                    case DESTROY -> between(callTime, returnTime);
                    case EXIT -> between(killEnterTime, reqsTime);
                    case ROLLBACK -> kill();
                };
    }

    /** Entry of io_destroy to entry of kill_ioctx: finding the context, which can wait for mmap_lock. */
    public @Nullable Long lookup() {
        return between(callTime, killEnterTime);
    }

    /** Entry to return of kill_ioctx. */
    public @Nullable Long kill() {
        return between(killEnterTime, killExitTime);
    }

    /** vm_munmap inside kill_ioctx: taking mmap_lock and removing the ring. */
    public @Nullable Long unmap() {
        return between(unmapEnterTime, unmapExitTime);
    }

    /** kill_ioctx's return to free_ioctx_reqs: the time the caller sat in TASK_UNINTERRUPTIBLE. */
    public @Nullable Long drain() {
        return between(killExitTime, reqsTime);
    }

    /** free_ioctx_users: cancelling what can be cancelled. */
    public @Nullable Long cancel() {
        return between(usersEnterTime, usersExitTime);
    }

    /** What the part of the drain before free_ioctx_users was waiting for; null if it cannot be told. */
    public @Nullable Wait usersWait() {
        if (usersReleasedBy == ReleasedBy.HOLDER) {
            return Wait.SIBLINGS;
        }
        if (outstandingAfterGrace == null) {
            return null;
        }
        // No request can be added to a dead context: what is left now was left all the time.
        return outstandingAfterGrace > 0 ? Wait.IO : usersReleasedBy == ReleasedBy.RCU ? Wait.GRACE : null;
    }

    /** What the part of the drain after free_ioctx_users was waiting for; null if it cannot be told. */
    public @Nullable Wait reqsWait() {
        if (outstandingAfterGrace != null && outstandingAfterGrace == 0) {
            return Wait.GRACE;
        }
        return reqsReleasedBy == null
                ? null
                : switch (reqsReleasedBy) {
                    case RCU -> Wait.GRACE;
                    case HOLDER -> Wait.IO;
                    case UNKNOWN -> null;
                };
    }

    /** The part of the drain in which only RCU grace periods were left to wait for. */
    public @Nullable Long grace() {
        return spent(Wait.GRACE);
    }

    /** The part of the drain in which requests were left. */
    public @Nullable Long io() {
        return spent(Wait.IO);
    }

    /** The part of the drain in which a sibling thread was still inside an AIO call on the context. */
    public @Nullable Long inSiblings() {
        return spent(Wait.SIBLINGS);
    }

    /** free_ioctx_reqs to the return of io_destroy. */
    public @Nullable Long wake() {
        return between(reqsTime, returnTime);
    }

    /** free_ioctx_reqs to free_ioctx, after the caller has gone on. */
    public @Nullable Long deferredFree() {
        return between(reqsTime, freeTime);
    }

    private @Nullable Long spent(Wait wait) {
        Long users = between(killExitTime, usersEnterTime);
        Long reqs = between(usersExitTime, reqsTime);
        if (users == null || reqs == null || usersWait() == null || reqsWait() == null) {
            return null;
        }
        return (usersWait() == wait ? users : 0) + (reqsWait() == wait ? reqs : 0);
    }

    private static @Nullable Long between(@Nullable Long from, @Nullable Long to) {
        return from == null || to == null ? null : (Long) Math.max(0, to - from);
    }
}
