package dev.aioscope.lifecycle;

import dev.aioscope.event.KillExitEvent;
import dev.aioscope.event.LiveContextEvent;
import dev.aioscope.event.Trigger;
import dev.aioscope.event.WaitReason;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** A teardown in progress. Its records can come in any order. */
final class OpenTeardown {
    /** The context; it becomes live again if no attempt ends it. */
    final LiveContexts.Known known;

    /** Usually one; several while it is undecided which of them wins. */
    final List<TeardownAttempt> attempts = new ArrayList<>(1);

    final Drain drain = new Drain();

    /** The attempt that ends the context, once that is certain. */
    @Nullable TeardownAttempt winner;

    /** If the teardown is over and its last records are missing, it is reported at this time. */
    long overdueAt = Absent.NEVER;

    private final int hash;
    private final long firstSeen;
    private ScanState.WaitState scanned = ScanState.WaitState.UNKNOWN;
    private boolean isWaitReported;
    private boolean isEndReported;
    private boolean isNotWoken;

    OpenTeardown(LiveContexts.Known known, long firstSeen) {
        this.known = known;
        this.firstSeen = firstSeen;
        this.hash = Long.hashCode(known.context.generation());
    }

    Context context() {
        return known.context;
    }

    /** The identity hash code takes as long as all other work for a record. */
    @Override
    public int hashCode() {
        return hash;
    }

    // ---- attempts ----

    void join(TeardownAttempt attempt) {
        if (attempt.teardown != this) {
            attempt.teardown = this;
            attempts.add(attempt);
        }
    }

    /** The attempt of this thread that a record with these times belongs to. */
    @Nullable TeardownAttempt attemptOf(int tid, long begin, long end) {
        for (TeardownAttempt attempt : attempts) {
            if (attempt.caller.tid() == tid && attempt.overlaps(begin, end)) {
                return attempt;
            }
        }
        return null;
    }

    /** The attempt that ends the context: the certain one, or the only one. */
    @Nullable TeardownAttempt by() {
        return winner != null ? winner : attempts.size() == 1 ? attempts.get(0) : null;
    }

    /** The trigger, if all attempts agree. */
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

    // ---- which records belong to it ----

    /** Whether this time lies before the teardown, so that a record of it belongs to an earlier context. */
    boolean beginsAfter(long time) {
        TeardownAttempt by = by();
        return by != null && Absent.isBefore(time, by.killEnterTime);
    }

    /** Takes a REQS that comes after the drain: if it belongs to this context, io_destroy returned too early. */
    void lateReqs(long time) {
        if (winner != null && winner.returned) {
            drain.lateReqs(time);
        }
    }

    /**
     * Whether a kill_ioctx that another call entered at this time can belong to this context. It cannot once the
     * references are gone, nor if the call began after the context had left the table.
     */
    boolean admits(long killEnterTime, long callTime) {
        boolean isTooLate = winner != null && Absent.isBefore(winner.killExitTime, callTime);
        return !drain.isBeforeKill(killEnterTime) && !isTooLate;
    }

    /**
     * Whether this KILL_EXIT of a thread without a known attempt can belong to this context. In an exit it can come so
     * late that the kernel has reused the pointer and even the address space.
     */
    boolean canTake(KillExitEvent killExit) {
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

    /** Whether a scan that found this pointer in a table found another context. */
    boolean isReplacedBy(LiveContextEvent live) {
        TeardownAttempt by = by();
        if (by == null || !Absent.isBefore(by.killEnterTime, live.time())) {
            return false;
        }
        return !LiveContexts.hasHandle(context(), live.mm(), live.handle())
                || Absent.isBefore(by.killExitTime, live.time());
    }

    // ---- progress ----

    /** Whether its context was certainly killed by this time. */
    boolean isKilledBefore(long time) {
        TeardownAttempt by = by();
        return drain.hasUsersBefore(time) || (by != null && by.isKilledBefore(time));
    }

    /** Whether no remaining record indicates a teardown. */
    boolean isEmpty() {
        return attempts.isEmpty() && !drain.hasUsers() && !drain.isOver();
    }

    /** Whether all records of the tier {@code full} arrived. */
    boolean hasAllPhases() {
        TeardownAttempt by = by();
        return by != null
                && by.entered
                && by.killExitTime != Absent.NEVER
                && drain.hasUsers()
                && drain.isDrained()
                && drain.isFreed()
                && (by.trigger != Trigger.DESTROY || by.returned);
    }

    /** Whether both records of the io_destroy that ended it arrived. */
    boolean hasWholeCall() {
        return winner != null && winner.entered && winner.returned;
    }

    /** Whether a record shows that the teardown ended, not only that it began. */
    boolean hasEnd() {
        return drain.isDrained() || drain.isFreed() || (winner != null && winner.returned);
    }

    /** When the last request completed, at the latest when the caller returned. */
    long drainedTime() {
        return drain.isDrained() || winner == null ? drain.reqsTime() : winner.returnTime;
    }

    long since() {
        long since = firstSeen;
        for (TeardownAttempt attempt : attempts) {
            since = Math.min(since, attempt.since());
        }
        return since;
    }

    /** Whether its caller has returned and the memory is not freed. */
    boolean isToBeFreed() {
        return drain.isDrained()
                && !drain.isFreed()
                && winner != null
                && (winner.returned || winner.trigger != Trigger.DESTROY);
    }

    // ---- stuck ----

    /** Takes what a scan read from the context. */
    void scanned(ScanState.WaitState state) {
        scanned = state;
    }

    boolean hasWaitReason() {
        return scanned.waitReason() != null;
    }

    /** Marks the teardown as reported stuck; false if it was before. The wait and what follows it are reported apart. */
    boolean becomesStuck() {
        boolean wasStuck = isStuck();
        isWaitReported |= !drain.isOver();
        isEndReported |= drain.isOver();
        return !wasStuck;
    }

    boolean isStuck() {
        return drain.isOver() ? isEndReported : isWaitReported;
    }

    /** When the current wait began: for the requests, or after them for the wake-up or the freeing. */
    long waitsSince() {
        return !drain.isOver() ? since() : isNotWoken || isToBeFreed() ? drain.reqsTime() : Long.MAX_VALUE;
    }

    /** Whether a thread waits, or the teardown is reported stuck after the wait. */
    boolean isInProgress() {
        return !drain.isOver() || (isStuck() && (isNotWoken || isToBeFreed()));
    }

    /**
     * Decides whether the caller still waits although no request is outstanding.
     *
     * @param waitsForAnother whether an exit can wait for another context; called only if that decides
     */
    boolean updateNotWoken(ScanState scan, Predicate<TeardownAttempt> waitsForAnother) {
        TeardownAttempt by = by();
        isNotWoken = drain.isDrained()
                && drain.reqsTime() < scan.begin
                && by != null
                && scan.isWaiting(by.caller.tid())
                && (by.trigger == Trigger.EXIT
                        ? !waitsForAnother.test(by)
                        : by.trigger == Trigger.DESTROY && !by.returned);
        return isNotWoken;
    }

    /**
     * Whether the scan found memory that is reported as not freed. If the record of the free is lost, only a scan can end
     * that report.
     */
    boolean isFoundUnfreed() {
        return isStuck() && isToBeFreed() && scanned.waitReason() == WaitReason.WAKE;
    }

    /** Whether a scan reads the context: a thread waits, or its memory is reported as not freed. */
    boolean isFollowed() {
        return context().kioctx() != 0 && (!drain.isOver() || (isStuck() && isToBeFreed()));
    }

    /** Whether this or a later scan can still find the thread of a drained exit waiting. */
    boolean canBeUnwoken(ScanState scan) {
        TeardownAttempt by = by();
        return by != null && (drain.reqsTime() >= scan.begin || scan.isWaitingInExit(by.caller));
    }

    private @Nullable WaitReason waitReason() {
        if (isToBeFreed() && !isNotWoken) {
            return WaitReason.DEFERRED_FREE;
        }
        if (drain.isOver()) {
            return drain.isDrained() ? WaitReason.WAKE : null;
        }
        if (scanned.waitReason() == WaitReason.REQUESTS && drain.hasOnlyCancelled()) {
            return WaitReason.CANCELLED_POLLS;
        }
        TeardownAttempt by = by();
        boolean isInKill = by != null && by.killEnterTime != Absent.NEVER && by.killExitTime == Absent.NEVER;
        return scanned.waitReason() == null && isInKill && trigger() == Trigger.DESTROY
                ? WaitReason.MMAP_LOCK
                : scanned.waitReason();
    }

    // ---- reports ----

    TeardownInProgress progress() {
        TeardownAttempt by = by();
        return new TeardownInProgress(
                report(Teardown.End.IN_PROGRESS),
                since(),
                waitReason(),
                drain.isDrained() ? (Integer) 0 : scanned.requests(),
                scanned.siblings(),
                by == null ? null : by.listed ? (Boolean) by.sigkill : by.pendingSigkill(),
                by == null ? List.of() : by.kernelStack,
                isStuck());
    }

    Teardown report(Teardown.End end) {
        TeardownAttempt by = by();
        return drain.addTo(by == null ? Teardown.unknown(context(), trigger(), end) : by.report(context(), end));
    }
}
