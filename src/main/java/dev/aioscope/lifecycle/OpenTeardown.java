package dev.aioscope.lifecycle;

import dev.aioscope.event.Event;
import dev.aioscope.event.EventLayout;
import dev.aioscope.event.EventType;
import dev.aioscope.event.ReleasedBy;
import dev.aioscope.event.Trigger;
import dev.aioscope.event.WaitReason;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** A teardown that is being put together from its records, in whatever order they come. */
final class OpenTeardown {
    /** What is ended; goes back to the living if nobody ended it after all. */
    final LiveContexts.Known known;

    /** Usually one; several while it is open which of them wins. */
    final List<TeardownAttempt> attempts = new ArrayList<>(1);

    /** The attempt that ends the context, once that is certain. */
    @Nullable TeardownAttempt winner;

    /** When it is reported as it is, if it is over and its last records do not come. */
    long overdueAt = Absent.NEVER;

    private final int hash;
    private final long firstSeen;
    private long usersEnterTime = Absent.NEVER;
    private long usersExitTime = Absent.NEVER;
    private long reqsTime = Absent.NEVER;
    private long freeTime = Absent.NEVER;
    private long lateReqsTime = Absent.NEVER;
    private int outstandingAfterGrace = EventLayout.ABSENT_S32;
    private int cancellableBefore = EventLayout.ABSENT_S32;
    private int cancellableAfter = EventLayout.ABSENT_S32;
    private @Nullable ReleasedBy usersReleasedBy;
    private @Nullable ReleasedBy reqsReleasedBy;
    private ScanState.Inside inside = ScanState.Inside.NOT_SEEN;
    private boolean isToldOf;
    private boolean isEndToldOf;
    private boolean isNotWoken;
    private long overBefore = Absent.NEVER;

    OpenTeardown(LiveContexts.Known known, long firstSeen) {
        this.known = known;
        this.firstSeen = firstSeen;
        this.hash = Long.hashCode(known.context.generation());
    }

    Context context() {
        return known.context;
    }

    /** Java's own takes as long as all else that is done for a record. */
    @Override
    public int hashCode() {
        return hash;
    }

    void join(TeardownAttempt attempt) {
        if (attempt.teardown != this) {
            attempt.teardown = this;
            attempts.add(attempt);
        }
    }

    /** The attempt of this thread that a record which covers this time is about. */
    @Nullable TeardownAttempt attemptOf(int tid, long begin, long end) {
        for (TeardownAttempt attempt : attempts) {
            if (attempt.caller.tid() == tid && attempt.overlaps(begin, end)) {
                return attempt;
            }
        }
        return null;
    }

    /** Takes USERS, REQS or FREE. */
    void apply(Event event) {
        switch (event.type()) {
            case USERS -> {
                usersReleasedBy = event.releasedBy();
                usersEnterTime = event.enterTime();
                usersExitTime = event.time();
                outstandingAfterGrace = event.outstandingRefs();
                cancellableBefore = event.cancellableBefore();
                cancellableAfter = event.cancellableAfter();
            }
            case REQS -> {
                reqsReleasedBy = event.releasedBy();
                reqsTime = event.time();
            }
            case FREE -> freeTime = event.time();
            default -> throw new IllegalArgumentException(event.type() + " is no phase");
        }
    }

    /** The time that orders a USERS, REQS or FREE among the others: free_ioctx_reqs can run before USERS is sent. */
    static long phaseTime(Event event) {
        return event.type() == EventType.USERS ? event.enterTime() : event.time();
    }

    /**
     * Whether this USERS, REQS or FREE is younger than the whole teardown: it was seen already, a later phase lies
     * before it, or the caller had gone on. Then the pointer belongs to another context by now.
     */
    boolean isOutlivedBy(Event event) {
        long time = phaseTime(event);
        return switch (event.type()) {
            case USERS ->
                usersEnterTime != Absent.NEVER
                        || isBefore(reqsTime, time)
                        || isBefore(freeTime, time)
                        || isBefore(overBefore, time);
            case REQS -> reqsTime != Absent.NEVER || isBefore(freeTime, time) || isBefore(overBefore, time);
            default -> freeTime != Absent.NEVER;
        };
    }

    /** Takes the REQS that outlives the teardown, if it can be its own: io_destroy has returned too early then. */
    void outlivedBy(Event event) {
        boolean hasReturned = winner != null && winner.returned;
        if (event.type() == EventType.REQS
                && hasReturned
                && usersEnterTime != Absent.NEVER
                && reqsTime == Absent.NEVER
                && freeTime == Absent.NEVER) {
            lateReqsTime = event.time();
        }
    }

    /** Whether this USERS, REQS or FREE is older than the teardown: left over from an earlier context. */
    boolean isNewerThan(Event event) {
        long time = phaseTime(event);
        TeardownAttempt by = by();
        return (by != null && isBefore(time, by.killEnterTime))
                || (event.type() != EventType.USERS && isBefore(time, usersEnterTime))
                || (event.type() == EventType.FREE && isBefore(time, reqsTime));
    }

    /**
     * Whether a kill_ioctx entered at this time by another call can still be about this context: nobody gets hold of it
     * any more once its references are gone, nor if the call began after it had left the table.
     */
    boolean admits(long killEnterTime, long callTime) {
        boolean over = isBefore(usersEnterTime, killEnterTime)
                || isBefore(reqsTime, killEnterTime)
                || isBefore(freeTime, killEnterTime)
                || isBefore(overBefore, killEnterTime);
        boolean tooLate = winner != null && isBefore(winner.killExitTime, callTime);
        return !over && !tooLate;
    }

    /**
     * Whether this KILL_EXIT of a thread not known to be inside can be about this context at all. In an exit it can be
     * so late that the pointer and even the address space are in use again.
     */
    boolean isOfTime(Event killExit) {
        Long setupTime = context().setupTime();
        if (context().mm() != killExit.mm() || (setupTime != null && killExit.enterTime() < setupTime)) {
            return false;
        }
        for (TeardownAttempt attempt : attempts) {
            boolean isEarlier = killExit.enterTime() < attempt.since();
            if (isEarlier && (attempt.trigger == Trigger.EXIT || attempt.caller.pid() != killExit.pid())) {
                return false;
            }
        }
        return true;
    }

    /** Whether a look that found a context in a table at this time, with this pointer, found another one. */
    boolean isReplacedBy(Event live) {
        TeardownAttempt by = by();
        if (by == null || !isBefore(by.killEnterTime, live.time())) {
            return false;
        }
        return !LiveContexts.samePlace(context(), live.mm(), live.handle()) || isBefore(by.killExitTime, live.time());
    }

    /** Whether its context was surely killed by this time. */
    boolean isKilledBefore(long time) {
        TeardownAttempt by = by();
        return (usersEnterTime != Absent.NEVER && usersEnterTime < time) || (by != null && by.isKilledBefore(time));
    }

    /** The caller was seen elsewhere at this time: the wait had ended before. */
    void isOverBefore(long time) {
        if (overBefore == Absent.NEVER) {
            overBefore = time;
        }
    }

    /** Whether nobody waits for it any more. Records can still come. */
    boolean isOver() {
        return reqsTime != Absent.NEVER || freeTime != Absent.NEVER || overBefore != Absent.NEVER;
    }

    boolean isFreed() {
        return freeTime != Absent.NEVER;
    }

    /** Whether nothing is left that tells of a teardown. */
    boolean isEmpty() {
        return attempts.isEmpty() && usersEnterTime == Absent.NEVER && !isOver();
    }

    /** Whether every record was seen that probes on all the functions give. */
    boolean hasAllPhases() {
        TeardownAttempt by = by();
        return by != null
                && by.entered
                && by.killExitTime != Absent.NEVER
                && usersEnterTime != Absent.NEVER
                && reqsTime != Absent.NEVER
                && freeTime != Absent.NEVER
                && (by.trigger != Trigger.DESTROY || by.returned);
    }

    /** Whether both records of the io_destroy that ended it were seen. */
    boolean hasWholeCall() {
        return winner != null && winner.entered && winner.returned;
    }

    /** Whether a record tells that the teardown went through, not only that it began. */
    boolean hasEnd() {
        return reqsTime != Absent.NEVER || freeTime != Absent.NEVER || (winner != null && winner.returned);
    }

    /** When the last request was gone, as far as it was seen: at the latest when the caller returned. */
    long drainedTime() {
        return reqsTime != Absent.NEVER || winner == null ? reqsTime : winner.returnTime;
    }

    long since() {
        long since = firstSeen;
        for (TeardownAttempt attempt : attempts) {
            since = Math.min(since, attempt.since());
        }
        return since;
    }

    /** Takes what a look saw inside of the context. */
    void isSeenInside(ScanState.Inside seen) {
        inside = seen;
    }

    boolean isSeenToWait() {
        return inside.waitReason() != null;
    }

    /** It has lasted for so long that it is told of; false if it was already. What follows the wait is told of apart. */
    boolean becomesStuck() {
        boolean wasStuck = isStuck();
        isToldOf |= !isOver();
        isEndToldOf |= isOver();
        return !wasStuck;
    }

    boolean isStuck() {
        return isOver() ? isEndToldOf : isToldOf;
    }

    /** When what it waits for began, or would begin: the requests, or the wake-up and the freeing after them. */
    long waitsSince() {
        return !isOver() ? since() : isNotWoken || isToBeFreed() ? reqsTime : Long.MAX_VALUE;
    }

    /** Whether somebody waits, or what should follow the wait does not come. */
    boolean goesOn() {
        return !isOver() || (isStuck() && (isNotWoken || isToBeFreed()));
    }

    /**
     * Whether the caller is still seen to wait, though no request is left.
     *
     * @param waitsForAnother whether an exit can wait for another context; asked only if that decides
     */
    boolean isNotWoken(ScanState seen, Predicate<TeardownAttempt> waitsForAnother) {
        TeardownAttempt by = by();
        isNotWoken = reqsTime != Absent.NEVER
                && reqsTime < seen.begin
                && by != null
                && seen.isWaiting(by.caller.tid())
                && (by.trigger == Trigger.EXIT
                        ? !waitsForAnother.test(by)
                        : by.trigger == Trigger.DESTROY && !by.returned);
        return isNotWoken;
    }

    /**
     * Whether the look found that the memory, of which it was told that it is not freed, is there still: there is nothing
     * else that would end what is told of it if the record of its end was lost.
     */
    boolean isSeenUnfreed() {
        return isStuck() && isToBeFreed() && inside.waitReason() == WaitReason.WAKE;
    }

    /** Whether a look looks into the context: somebody waits, or its memory is told not to be freed. */
    boolean isFollowed() {
        return context().kioctx() != 0 && (!isOver() || (isStuck() && isToBeFreed()));
    }

    /** Whether the thread of an exit, whose last request is gone, can still be seen by this or a later look. */
    boolean canBeUnwoken(ScanState seen) {
        TeardownAttempt by = by();
        return by != null && (reqsTime >= seen.begin || seen.isWaitingInExit(by.caller));
    }

    /** Whether its caller has gone on and the memory is still there. */
    boolean isToBeFreed() {
        return reqsTime != Absent.NEVER
                && freeTime == Absent.NEVER
                && winner != null
                && (winner.returned || winner.trigger != Trigger.DESTROY);
    }

    private @Nullable WaitReason waitReason() {
        TeardownAttempt by = by();
        if (isToBeFreed() && !isNotWoken) {
            return WaitReason.DEFERRED_FREE;
        }
        if (isOver()) {
            return reqsTime == Absent.NEVER ? null : WaitReason.WAKE;
        }
        if (inside.waitReason() == WaitReason.REQUESTS
                && outstandingAfterGrace > 0
                && cancellableBefore >= outstandingAfterGrace) {
            return WaitReason.CANCELLED_POLLS;
        }
        boolean isInKill = by != null && by.killEnterTime != Absent.NEVER && by.killExitTime == Absent.NEVER;
        return inside.waitReason() == null && isInKill && trigger() == Trigger.DESTROY
                ? WaitReason.MMAP_LOCK
                : inside.waitReason();
    }

    TeardownInProgress progress() {
        TeardownAttempt by = by();
        return new TeardownInProgress(
                report(Teardown.End.IN_PROGRESS),
                since(),
                waitReason(),
                reqsTime != Absent.NEVER ? (Integer) 0 : inside.requests(),
                inside.siblings(),
                by == null ? null : by.listed ? (Boolean) by.sigkill : by.pendingSigkill(),
                by == null ? List.of() : by.kernelStack,
                isStuck());
    }

    /** The attempt that ends the context: the certain one, or the only one. */
    @Nullable TeardownAttempt by() {
        return winner != null ? winner : attempts.size() == 1 ? attempts.get(0) : null;
    }

    Teardown report(Teardown.End end) {
        TeardownAttempt by = by();
        Teardown known = by == null ? Teardown.unknown(context(), trigger(), end) : by.report(context(), end);
        return known.withDrain(
                known.phases()
                        .withDrain(
                                Absent.u64(usersEnterTime),
                                Absent.u64(usersExitTime),
                                Absent.u64(reqsTime),
                                Absent.u64(freeTime),
                                Absent.u64(lateReqsTime)),
                known.counts()
                        .withDrain(
                                Absent.s32(outstandingAfterGrace),
                                Absent.s32(cancellableBefore),
                                Absent.s32(cancellableAfter)),
                known.kernel().withReleases(usersReleasedBy, reqsReleasedBy));
    }

    /** The trigger, if all that can have ended the context agree. */
    private @Nullable Trigger trigger() {
        TeardownAttempt by = by();
        if (by != null) {
            return by.trigger;
        }
        Trigger trigger = attempts.isEmpty() ? null : attempts.get(0).trigger;
        for (TeardownAttempt attempt : attempts) {
            if (attempt.trigger != trigger) {
                return null;
            }
        }
        return trigger;
    }

    /** Whether the earlier time was seen and lies before the later one. */
    private static boolean isBefore(long earlier, long later) {
        return earlier != Absent.NEVER && later != Absent.NEVER && earlier < later;
    }
}
