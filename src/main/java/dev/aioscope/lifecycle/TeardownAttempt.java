package dev.aioscope.lifecycle;

import dev.aioscope.event.Event;
import dev.aioscope.event.EventLayout;
import dev.aioscope.event.EventType;
import dev.aioscope.event.RingState;
import dev.aioscope.event.Trigger;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One thread that ends a context, or tries to: of several inside kill_ioctx with one context, the first to swap its
 * {@code dead} wins and the others get EINVAL. A thread does one thing at a time, so two records of one thread whose
 * spans overlap are about the same call.
 */
final class TeardownAttempt {
    final Task caller;
    final long kioctx;

    /** What it ends; null for a call with a handle that no context has. */
    @Nullable OpenTeardown teardown;

    @Nullable Trigger trigger;

    /** Its KILL_ENTER or DESTROY_ENTER was seen. */
    boolean entered;

    /** Its DESTROY_EXIT was seen. */
    boolean returned;

    /** A look found the thread waiting. */
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

    /** Where in the kernel it waited at the latest look, the innermost first; empty if that was not seen. */
    List<Long> kernelStack = List.of();

    @Nullable RingState ring;

    @Nullable Boolean dead;

    @Nullable Boolean inTable;

    @Nullable UserStack stack;

    private long from;
    private long to;

    /** Begins with the first record of the thread, whichever it is. */
    TeardownAttempt(Event event) {
        caller = Task.of(event);
        kioctx = event.kioctx();
        mm = event.mm();
        from = event.time();
        to = event.time();
    }

    /** Takes KILL_ENTER or DESTROY_ENTER. */
    void enter(Event event, Trigger why) {
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
    void exit(Event event) {
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

    /** Whether it had surely killed the context by this time, also if the record of that was lost. */
    boolean isKilledBefore(long time) {
        return killExitTime != Absent.NEVER
                ? killExitTime < time
                : killEnterTime != Absent.NEVER && time - killEnterTime >= Lifecycle.OVERDUE_NS;
    }

    /** Takes a DESTROY_EXIT without error. */
    void destroyed(Event event) {
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

    /** Whether a record that covers this time is about this very call. */
    boolean overlaps(long begin, long end) {
        return from <= end && begin <= to;
    }

    /** Whether the pointer is the one it was seen with. */
    boolean canBeOn(long otherKioctx) {
        return kioctx == 0 || kioctx == otherKioctx;
    }

    /** Whether no event told of it, only a look. */
    boolean isOnlyListed() {
        return listed && !entered && killExitTime == Absent.NEVER && !returned;
    }

    /** When the call was first seen. */
    long since() {
        return from;
    }

    /** Whether a SIGKILL was waiting at the latest moment that matters; null if that moment was not seen. */
    @Nullable Boolean pendingSigkill() {
        if (sigkill) {
            return true;
        }
        // The signal that counts mostly comes while io_destroy waits: until it has returned there is no "no".
        boolean isLast = returned || (trigger != null && trigger != Trigger.DESTROY && killExitTime != Absent.NEVER);
        return isLast ? (Boolean) false : null;
    }

    /** The part of the report that this thread's records contain. */
    Teardown report(Context context, Teardown.End end) {
        return new Teardown(
                context,
                end,
                new Teardown.Call(
                        trigger,
                        caller,
                        Absent.u64(callTime),
                        Absent.u64(returnTime),
                        returned ? (Long) result : null,
                        pendingSigkill(),
                        Absent.u64(switches),
                        stack),
                new Teardown.Phases(
                        Absent.u64(killEnterTime),
                        Absent.u64(killExitTime),
                        Absent.u64(unmapEnterTime),
                        Absent.u64(unmapExitTime),
                        null,
                        null,
                        null,
                        null,
                        null),
                new Teardown.Counts(
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
