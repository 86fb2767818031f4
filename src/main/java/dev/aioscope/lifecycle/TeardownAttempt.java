package dev.aioscope.lifecycle;

import dev.aioscope.event.DestroyExitEvent;
import dev.aioscope.event.Event;
import dev.aioscope.event.EventLayout;
import dev.aioscope.event.EventType;
import dev.aioscope.event.KillExitEvent;
import dev.aioscope.event.RingState;
import dev.aioscope.event.TaskInTeardownEvent;
import dev.aioscope.event.TeardownEnterEvent;
import dev.aioscope.event.Trigger;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One thread that ends a context, or tries to. Of several threads inside kill_ioctx with one context, the first to set
 * its {@code dead} flag wins, and the others get EINVAL. A thread makes one call at a time, so two records of one thread
 * with overlapping times belong to the same call.
 */
final class TeardownAttempt {
    final Task caller;
    final long kioctx;

    /** Null for a call with a handle that no context has. */
    @Nullable OpenTeardown teardown;

    @Nullable Trigger trigger;

    /** Its KILL_ENTER or DESTROY_ENTER arrived. */
    boolean entered;

    /** Its DESTROY_EXIT arrived. */
    boolean returned;

    /** A scan found the thread waiting. */
    boolean listed;

    long mm;
    long handle;
    int maxReqs = EventLayout.ABSENT_S32;
    int nrEvents = EventLayout.ABSENT_S32;
    long callTime = Absent.NEVER;
    long killEnterTime = Absent.NEVER;
    long killExitTime = Absent.NEVER;
    long unmapEnterTime = Absent.NEVER;
    long unmapExitTime = Absent.NEVER;
    long returnTime = Absent.NEVER;
    long result;
    int slots = EventLayout.ABSENT_S32;
    int refs = EventLayout.ABSENT_S32;
    int unreaped = EventLayout.ABSENT_S32;
    int siblings = EventLayout.ABSENT_S32;
    long aioNrBefore = EventLayout.ABSENT_U64;
    long aioNrAfter = EventLayout.ABSENT_U64;
    int unmapResult = EventLayout.ABSENT_S32;
    boolean sigkill;
    long switches = EventLayout.ABSENT_U64;

    /** Return addresses in the kernel at the latest scan, the innermost first; empty if not read. */
    List<Long> kernelStack = List.of();

    @Nullable RingState ring;

    @Nullable Boolean dead;

    @Nullable Boolean inTable;

    @Nullable UserStack stack;

    private long from;
    private long to;

    /** Starts with the first record of the call, which can be any. */
    TeardownAttempt(Event event) {
        caller = Task.of(event);
        kioctx = event.kioctx();
        mm = event.mm();
        from = event.time();
        to = event.time();
    }

    /** The attempt of a thread that a scan found waiting. */
    static TeardownAttempt listed(TaskInTeardownEvent event) {
        TeardownAttempt attempt = new TeardownAttempt(event);
        attempt.trigger = event.trigger();
        attempt.handle = attempt.trigger == Trigger.DESTROY ? event.handle() : 0;
        attempt.sigkill = event.pendingSigkill();
        attempt.listed = true;
        attempt.kernelStack = event.kernelFrames();
        return attempt;
    }

    /** Takes KILL_ENTER or DESTROY_ENTER. */
    void enter(TeardownEnterEvent event, Trigger why) {
        entered = true;
        trigger = why;
        mm = event.mm();
        handle = event.handle();
        maxReqs = event.maxReqs();
        nrEvents = event.nrEvents();
        if (event.callTime() != Absent.NEVER) {
            callTime = event.callTime();
        }
        if (event.type() == EventType.KILL_ENTER) {
            killEnterTime = event.time();
        }
        slots = event.outstandingSlots();
        refs = event.outstandingRefs();
        unreaped = event.unreaped();
        siblings = event.siblings();
        aioNrBefore = event.aioNr();
        ring = event.ring() == RingState.NOT_READ ? null : event.ring();
        span(callTime, event.time());
    }

    /** Takes KILL_EXIT. */
    void exit(KillExitEvent event) {
        if (killEnterTime == Absent.NEVER) {
            killEnterTime = event.enterTime();
        }
        killExitTime = event.time();
        unmapEnterTime = event.unmapEnterTime();
        unmapExitTime = event.unmapExitTime();
        unmapResult = event.unmapResult();
        aioNrAfter = event.aioNr();
        sigkill |= event.pendingSigkill();
        dead = event.dead();
        inTable = event.inTable();
        span(event.enterTime(), event.time());
    }

    /** Whether it had certainly killed the context by this time, even if KILL_EXIT is lost. */
    boolean isKilledBefore(long time) {
        return killExitTime != Absent.NEVER
                ? killExitTime < time
                : killEnterTime != Absent.NEVER && time - killEnterTime >= Lifecycle.OVERDUE_NS;
    }

    /** Takes a DESTROY_EXIT without error. */
    void destroyed(DestroyExitEvent event) {
        returned = true;
        trigger = Trigger.DESTROY;
        handle = event.handle();
        if (callTime == Absent.NEVER) {
            callTime = event.enterTime();
        }
        returnTime = event.time();
        result = event.result();
        switches = event.voluntarySwitches();
        sigkill |= event.pendingSigkill();
        span(event.enterTime(), event.time());
    }

    /** Whether a record with these times belongs to this call. */
    boolean overlaps(long begin, long end) {
        return from <= end && begin <= to;
    }

    /** Whether its records can have this pointer. */
    boolean canBeOn(long otherKioctx) {
        return kioctx == 0 || kioctx == otherKioctx;
    }

    /** Whether only a scan found it, and no event came. */
    boolean isOnlyListed() {
        return listed && !entered && killExitTime == Absent.NEVER && !returned;
    }

    /** The earliest time in its records. */
    long since() {
        return from;
    }

    /** Whether a SIGKILL was pending at the last moment that matters; null if that moment was not observed. */
    @Nullable Boolean pendingSigkill() {
        if (sigkill) {
            return true;
        }
        // The signal usually comes while io_destroy waits, so "no" is certain only after its return.
        boolean isLast = returned || (trigger != null && trigger != Trigger.DESTROY && killExitTime != Absent.NEVER);
        return isLast ? (Boolean) false : null;
    }

    /** The part of the report that this thread's records contain. */
    Teardown report(Context context, Teardown.End end) {
        return new Teardown(
                context,
                end,
                new Teardown.KillCall(
                        trigger,
                        caller,
                        Absent.u64(callTime),
                        Absent.u64(returnTime),
                        returned ? (Long) result : null,
                        pendingSigkill(),
                        Absent.u64(switches),
                        stack),
                new Teardown.Timeline(
                        Absent.u64(killEnterTime),
                        Absent.u64(killExitTime),
                        Absent.u64(unmapEnterTime),
                        Absent.u64(unmapExitTime),
                        null,
                        null,
                        null,
                        null,
                        null),
                new Teardown.RequestCounts(
                        Absent.s32(slots),
                        Absent.s32(refs),
                        Absent.s32(unreaped),
                        Absent.s32(siblings),
                        null,
                        null,
                        null),
                new Teardown.KernelState(
                        Absent.u64(aioNrBefore),
                        Absent.u64(aioNrAfter),
                        ring,
                        Absent.s32(unmapResult),
                        dead,
                        inTable,
                        null,
                        null));
    }

    private void span(long begin, long end) {
        if (begin != Absent.NEVER) {
            from = Math.min(from, begin);
        }
        to = Math.max(to, end);
    }
}
