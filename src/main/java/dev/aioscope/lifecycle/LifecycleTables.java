package dev.aioscope.lifecycle;

import dev.aioscope.event.Event;
import dev.aioscope.event.EventType;
import dev.aioscope.event.Trigger;
import dev.aioscope.lifecycle.LiveContexts.Known;
import dev.aioscope.probe.Tier;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import org.agrona.collections.Long2ObjectHashMap;
import org.jspecify.annotations.Nullable;

/**
 * What is known at the moment: the contexts that are alive, the teardowns that are not reported, the calls that threads are
 * in. Bounded; what leaves them is told to the listener.
 */
final class LifecycleTables {
    final LiveContexts live;
    /** All teardowns that are not reported, oldest first. */
    final Set<OpenTeardown> open = new LinkedHashSet<>();
    /** Those that can still get records by their pointer. */
    final Long2ObjectHashMap<OpenTeardown> byPointer = new Long2ObjectHashMap<>();
    /** Those that are over and wait for their last records, in the order of their deadlines. */
    final Set<OpenTeardown> ending = new LinkedHashSet<>();
    /** What each thread (tid) is inside of, as far as is known. */
    final Map<Integer, TeardownAttempt> calls = new LinkedHashMap<>();

    /**
     * Exits of which all is told, by the thread: whether it goes on no record tells, so the next look does. The latest of
     * each thread.
     */
    final Map<Integer, OpenTeardown> drainedExits = new LinkedHashMap<>();

    final UserStacks stacks;
    final DestroyedHandles destroyed = new DestroyedHandles();

    /** The look at the host that goes on. */
    @Nullable ScanState look;

    long orphanEvents;

    /** Before this time no teardown is overdue. */
    private long due = Long.MAX_VALUE;

    private final LifecycleListener listener;
    private final Tier tier;
    private final Limits limits;
    private long generations;
    private long evictedTeardowns;
    private long evictedCalls;

    /** Begins with nothing known. */
    LifecycleTables(LifecycleListener listener, Tier tier, Limits limits) {
        this.listener = listener;
        this.tier = tier;
        this.limits = limits;
        this.live = new LiveContexts(limits.contexts());
        this.stacks = new UserStacks(limits.calls());
    }

    /** What could not be kept or used so far. */
    Counters counters() {
        return new Counters(live.evicted(), evictedTeardowns, evictedCalls, orphanEvents);
    }

    /** Tells the contexts apart that have the same pointer, one after the other. */
    long nextGeneration() {
        return ++generations;
    }

    /**
     * What this thread is inside of, if a record that covers this time is about the same call. If it is about a later
     * one, the earlier has returned without being seen to.
     *
     * @param isExit whether the record tells of an exit, which kills many contexts and only then waits
     */
    @Nullable TeardownAttempt call(int tid, long begin, long end, boolean isExit) {
        TeardownAttempt attempt = calls.get(tid);
        if (attempt == null) {
            return null;
        }
        if (isExit && attempt.isOnlyListed()) {
            // The look was ahead of the event, which knows more.
            lose(attempt);
            return null;
        }
        if (attempt.overlaps(begin, end)) {
            return attempt;
        }
        calls.remove(tid);
        OpenTeardown teardown = attempt.teardown;
        boolean hasWaited = attempt.trigger == Trigger.DESTROY || (!isExit && attempt.trigger != Trigger.ROLLBACK);
        if (teardown != null && hasWaited && teardown.by() == attempt) {
            teardown.isOverBefore(begin);
            settle(teardown, begin);
        }
        return null;
    }

    /** The thread is inside of this from now on. */
    void remember(TeardownAttempt attempt) {
        calls.put(attempt.caller.tid(), attempt);
        if (calls.size() > limits.calls()) {
            TeardownAttempt oldest = calls.values().iterator().next();
            calls.remove(oldest.caller.tid());
            evictedCalls++;
        }
    }

    /** This attempt did not end the context. If nobody else tries, it lives. */
    void lose(TeardownAttempt attempt) {
        calls.remove(attempt.caller.tid(), attempt);
        OpenTeardown teardown = attempt.teardown;
        if (teardown == null || teardown.winner == attempt) {
            return;
        }
        attempt.teardown = null;
        teardown.attempts.remove(attempt);
        if (teardown.isEmpty() && open.contains(teardown)) {
            forget(teardown);
            destroyed.remove(teardown);
            if (teardown.context().kioctx() != 0) {
                live.add(teardown.known);
            }
        }
    }

    /** Begins the teardown of this context, of which this record tells. */
    OpenTeardown open(Known known, Event event) {
        live.remove(known);
        fill(known, event, null);
        OpenTeardown teardown = new OpenTeardown(known, event.time());
        register(teardown);
        return teardown;
    }

    private void register(OpenTeardown teardown) {
        open.add(teardown);
        if (teardown.context().kioctx() != 0) {
            byPointer.put(teardown.context().kioctx(), teardown);
        }
        if (open.size() > limits.teardowns()) {
            // Those that are over tell less by staying than those that are stuck.
            OpenTeardown oldest = (ending.isEmpty() ? open : ending).iterator().next();
            close(oldest, Teardown.End.UNKNOWN);
            evictedTeardowns++;
        }
    }

    /** Gives the pointer to the next context. What was freed can still hear of its caller's return. */
    void release(OpenTeardown teardown) {
        if (teardown.isFreed()) {
            unindex(teardown);
        } else {
            close(teardown, Teardown.End.UNKNOWN);
        }
    }

    /** Reports the teardown if its last record is there, or gives it a time until which it must come. */
    void settle(OpenTeardown teardown, long now) {
        if (isComplete(teardown)) {
            close(teardown, Teardown.End.COMPLETE);
        } else if (teardown.isOver()) {
            if (tier != Tier.FULL || teardown.context().kioctx() == 0) {
                close(teardown, Teardown.End.UNKNOWN);
                return;
            }
            expect(teardown, now + Lifecycle.OVERDUE_NS);
        }
    }

    /** The last records of the teardown, which is over, must come until then. */
    void expect(OpenTeardown teardown, long until) {
        teardown.overdueAt = until;
        ending.remove(teardown);
        ending.add(teardown);
        due = Math.min(due, until);
    }

    /** Reports what is overdue. */
    void advance(long now) {
        if (now < due) {
            return;
        }
        due = Long.MAX_VALUE;
        while (due == Long.MAX_VALUE && !ending.isEmpty()) {
            OpenTeardown first = ending.iterator().next();
            if (first.overdueAt <= now) {
                close(first, Teardown.End.UNKNOWN);
            } else {
                due = first.overdueAt;
            }
        }
    }

    private boolean isComplete(OpenTeardown teardown) {
        return tier == Tier.FULL ? teardown.hasAllPhases() : teardown.hasWholeCall();
    }

    /** Reports it, as complete if it is; else as incomplete or with this end. */
    void close(OpenTeardown teardown, Teardown.End unlessSeen) {
        forget(teardown);
        Teardown.End end =
                isComplete(teardown) ? Teardown.End.COMPLETE : teardown.hasEnd() ? Teardown.End.INCOMPLETE : unlessSeen;
        listener.onTeardown(teardown.report(end));
        TeardownAttempt by = teardown.by();
        if (tier == Tier.FULL && end == Teardown.End.COMPLETE && by != null && by.trigger == Trigger.EXIT) {
            drainedExits.put(by.caller.tid(), teardown);
            if (drainedExits.size() > limits.calls()) {
                drainedExits.remove(drainedExits.keySet().iterator().next());
            }
        }
    }

    private void unindex(OpenTeardown teardown) {
        if (byPointer.get(teardown.context().kioctx()) == teardown) {
            byPointer.remove(teardown.context().kioctx());
        }
    }

    private void forget(OpenTeardown teardown) {
        open.remove(teardown);
        ending.remove(teardown);
        unindex(teardown);
        for (TeardownAttempt attempt : teardown.attempts) {
            calls.remove(attempt.caller.tid(), attempt);
            if (look != null) {
                look.isDone(attempt.caller.tid());
            }
        }
    }

    /** Reports the end of a context of which no record came. */
    void endUnseen(Known known, Teardown.End end) {
        live.remove(known);
        listener.onTeardown(new OpenTeardown(known, known.since).report(end));
    }

    /** Begins the teardown of this context of which only a look tells. */
    void openFound(Known known, TeardownAttempt attempt) {
        live.remove(known);
        OpenTeardown teardown = new OpenTeardown(known, attempt.since());
        register(teardown);
        teardown.join(attempt);
        remember(attempt);
    }

    /** Completes what is known of a context from another record about it. */
    void fill(Known known, Event event, @Nullable Task owner) {
        if (!describes(event.type())) {
            return;
        }
        Context old = known.context;
        boolean isWhole = old.kioctx() != 0 && old.mm() != 0 && old.maxReqs() != null && old.nrEvents() != null;
        if (isWhole && (old.owner() != null || owner == null)) {
            return;
        }
        Context filled = old.withAddresses(
                        old.kioctx() != 0 ? old.kioctx() : event.kioctx(), old.mm() != 0 ? old.mm() : event.mm())
                .withSize(
                        old.maxReqs() != null ? old.maxReqs() : Absent.s32(event.maxReqs()),
                        old.nrEvents() != null ? old.nrEvents() : Absent.s32(event.nrEvents()))
                .withOwner(old.owner() != null ? old.owner() : owner);
        if (live.contains(known)) {
            live.update(known, filled);
        } else {
            known.context = filled;
        }
    }

    private static boolean describes(EventType type) {
        return switch (type) {
            case SETUP, KILL_ENTER, DESTROY_ENTER, LIVE_CONTEXT -> true;
            default -> false;
        };
    }

    /** The context that this record describes. */
    Context context(long generation, Event event, @Nullable Task owner) {
        Context context = Context.of(generation, event.kioctx(), event.mm(), event.handle())
                .withSize(Absent.s32(event.maxReqs()), Absent.s32(event.nrEvents()))
                .withOwner(owner);
        return event.type() == EventType.SETUP
                ? context.withSetup(
                        Absent.u64(event.enterTime()), event.time(), stacks.of(event.tid(), event.enterTime()))
                : context;
    }
}
