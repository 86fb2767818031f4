package dev.aioscope.lifecycle;

import dev.aioscope.event.EventLayout;
import dev.aioscope.event.FreeEvent;
import dev.aioscope.event.ReleasedBy;
import dev.aioscope.event.ReqsEvent;
import dev.aioscope.event.UsersEvent;
import org.jspecify.annotations.Nullable;

/** The part of a teardown after kill_ioctx, from USERS, REQS and FREE in any order. */
final class Drain {
    private long usersEnterTime = Absent.NEVER;
    private long usersExitTime = Absent.NEVER;
    private long reqsTime = Absent.NEVER;
    private long freeTime = Absent.NEVER;
    private long lateReqsTime = Absent.NEVER;
    private long overBefore = Absent.NEVER;
    private int outstandingAfterGrace = EventLayout.ABSENT_S32;
    private int cancellableBefore = EventLayout.ABSENT_S32;
    private int cancellableAfter = EventLayout.ABSENT_S32;
    private @Nullable ReleasedBy usersReleasedBy;
    private @Nullable ReleasedBy reqsReleasedBy;

    void users(UsersEvent event) {
        usersReleasedBy = event.releasedBy();
        usersEnterTime = event.enterTime();
        usersExitTime = event.time();
        outstandingAfterGrace = event.outstanding();
        cancellableBefore = event.cancellableBefore();
        cancellableAfter = event.cancellableAfter();
    }

    void reqs(ReqsEvent event) {
        reqsReleasedBy = event.releasedBy();
        reqsTime = event.time();
    }

    void free(FreeEvent event) {
        freeTime = event.time();
    }

    /** A REQS with this context's pointer came after io_destroy had returned. */
    void lateReqs(long time) {
        if (hasUsers() && !isDrained() && !isFreed()) {
            lateReqsTime = time;
        }
    }

    /** The caller was observed elsewhere at this time, so the wait ended before. */
    void endsBefore(long time) {
        if (overBefore == Absent.NEVER) {
            overBefore = time;
        }
    }

    /** Whether a USERS at this time comes after the drain, so that its pointer belongs to another context. */
    boolean isBeforeUsers(long time) {
        return hasUsers() || isBefore(reqsTime, time) || isBefore(freeTime, time) || isBefore(overBefore, time);
    }

    /** Whether a REQS at this time comes after the drain; see {@link #isBeforeUsers}. */
    boolean isBeforeReqs(long time) {
        return isDrained() || isBefore(freeTime, time) || isBefore(overBefore, time);
    }

    /** Whether a kill_ioctx entered at this time comes too late to get a reference on the context. */
    boolean isBeforeKill(long killEnterTime) {
        return isBefore(usersEnterTime, killEnterTime)
                || isBefore(reqsTime, killEnterTime)
                || isBefore(freeTime, killEnterTime)
                || isBefore(overBefore, killEnterTime);
    }

    /** Whether free_ioctx_users was entered after this time. */
    boolean hasUsersAfter(long time) {
        return isBefore(time, usersEnterTime);
    }

    /** Whether free_ioctx_users was entered before this time. */
    boolean hasUsersBefore(long time) {
        return isBefore(usersEnterTime, time);
    }

    /** Whether free_ioctx_reqs was entered after this time. */
    boolean hasReqsAfter(long time) {
        return isBefore(time, reqsTime);
    }

    boolean hasUsers() {
        return usersEnterTime != Absent.NEVER;
    }

    boolean isDrained() {
        return reqsTime != Absent.NEVER;
    }

    boolean isFreed() {
        return freeTime != Absent.NEVER;
    }

    /** Whether no thread waits any more. Records can still come. */
    boolean isOver() {
        return isDrained() || isFreed() || overBefore != Absent.NEVER;
    }

    /** Whether all outstanding requests were cancelled. */
    boolean hasOnlyCancelled() {
        return outstandingAfterGrace > 0 && cancellableBefore >= outstandingAfterGrace;
    }

    /** The time of REQS; {@link Absent#NEVER} without it. */
    long reqsTime() {
        return reqsTime;
    }

    /** The teardown with what these records contain. */
    Teardown addTo(Teardown teardown) {
        return teardown.withDrain(
                teardown.phases()
                        .withDrain(
                                Absent.u64(usersEnterTime),
                                Absent.u64(usersExitTime),
                                Absent.u64(reqsTime),
                                Absent.u64(freeTime),
                                Absent.u64(lateReqsTime)),
                teardown.counts()
                        .withDrain(
                                Absent.s32(outstandingAfterGrace),
                                Absent.s32(cancellableBefore),
                                Absent.s32(cancellableAfter)),
                teardown.kernel().withReleases(usersReleasedBy, reqsReleasedBy));
    }

    private static boolean isBefore(long earlier, long later) {
        return Absent.isBefore(earlier, later);
    }
}
