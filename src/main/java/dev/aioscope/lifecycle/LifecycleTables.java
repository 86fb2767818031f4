package dev.aioscope.lifecycle;

import dev.aioscope.event.ContextEvent;
import dev.aioscope.event.Event;
import dev.aioscope.event.Trigger;
import dev.aioscope.lifecycle.LiveContexts.Known;
import dev.aioscope.probe.Tier;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.agrona.collections.Long2ObjectHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The current state: live contexts, teardowns not reported yet, and calls in progress. Bounded. Reports each teardown to
 * the listener when it leaves the tables.
 */
final class LifecycleTables {
    final LiveContexts live;
    /** All teardowns that are not reported, oldest first. */
    final Set<OpenTeardown> open = new LinkedHashSet<>();
    /** Those that can still get records by their pointer. */
    final Long2ObjectHashMap<OpenTeardown> byPointer = new Long2ObjectHashMap<>();
    /** Those that are over and wait for their last records, in the order of their deadlines. */
    final Set<OpenTeardown> ending = new LinkedHashSet<>();
    /** The call in progress of each thread (tid). */
    final Map<Integer, TeardownAttempt> calls = new LinkedHashMap<>();

    /**
     * The latest fully reported exit of each thread. No record shows if the thread continues, but the next scan does.
     */
    final Map<Integer, OpenTeardown> drainedExits = new LinkedHashMap<>();

    final UserStacks stacks;
    final ContextFactory contexts;
    final DestroyedHandles destroyed = new DestroyedHandles();

    /** The scan in progress. */
    @Nullable ScanState scan;

    long orphanEvents;

    /** Before this time no teardown is overdue. */
    private long due = Long.MAX_VALUE;

    private final LifecycleListener listener;
    private final Refusals refusals;
    private final Tier tier;
    private final Limits limits;
    private long evictedTeardowns;
    private long evictedCalls;

    LifecycleTables(LifecycleListener listener, Refusals refusals, Tier tier, Limits limits) {
        this.listener = listener;
        this.refusals = refusals;
        this.tier = tier;
        this.limits = limits;
        this.live = new LiveContexts(limits.contexts());
        this.stacks = new UserStacks(limits.calls());
        this.contexts = new ContextFactory(live, stacks);
    }

    Counters counters() {
        return new Counters(live.evicted(), evictedTeardowns, evictedCalls, orphanEvents);
    }

    // ---- calls ----

    /**
     * The call in progress of this thread, if a record with these times belongs to it. If the record belongs to a later
     * call, the earlier one has returned unobserved.
     *
     * @param isExit whether the record can be of an exit, which kills many contexts and only then waits
     */
    @Nullable TeardownAttempt call(int tid, long begin, long end, boolean isExit) {
        TeardownAttempt attempt = calls.get(tid);
        if (attempt == null) {
            return null;
        }
        if (isExit && attempt.isOnlyListed()) {
            // The scan was ahead of the event, which has more details.
            lose(attempt);
            return null;
        }
        // Of a call without an entry only the end is known.
        if (attempt.overlaps(begin == Absent.NEVER ? end : begin, end)) {
            return attempt;
        }
        calls.remove(tid);
        OpenTeardown teardown = attempt.teardown;
        boolean hasWaited = attempt.trigger == Trigger.DESTROY || (!isExit && attempt.trigger != Trigger.ROLLBACK);
        if (teardown != null && hasWaited && teardown.by() == attempt) {
            teardown.drain.endsBefore(begin);
            settle(teardown, begin);
        }
        return null;
    }

    /** The call of this thread on the context with this pointer; null if none is known. */
    @Nullable TeardownAttempt call(Event event, long begin, boolean isExit) {
        TeardownAttempt attempt = call(event.tid(), begin, event.time(), isExit);
        OpenTeardown teardown = attempt == null ? byPointer.get(event.kioctx()) : null;
        return teardown == null ? attempt : teardown.attemptOf(event.tid(), begin, event.time());
    }

    /** The thread is in this call from now on. */
    void remember(TeardownAttempt attempt) {
        calls.put(attempt.caller.tid(), attempt);
        if (calls.size() > limits.calls()) {
            TeardownAttempt oldest = calls.values().iterator().next();
            calls.remove(oldest.caller.tid());
            evictedCalls++;
        }
    }

    /** This attempt did not end the context. Without another attempt the context is live again. */
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

    /** This attempt has ended a context: the kernel returns 0 to only one of several. */
    OpenTeardown win(TeardownAttempt attempt, Event event) {
        OpenTeardown teardown = attempt.teardown;
        if (teardown != null && teardown.winner != null && teardown.winner != attempt) {
            // The kernel has reused the pointer, so this attempt did not lose.
            teardown.attempts.remove(attempt);
            release(teardown);
            teardown = null;
        }
        if (teardown == null) {
            teardown = openUnknown(attempt, event);
        }
        teardown.winner = attempt;
        return teardown;
    }

    // ---- opening ----

    /** Starts the teardown of this context. */
    OpenTeardown open(Known known, ContextEvent event) {
        live.remove(known);
        contexts.fill(known, event, null);
        return register(new OpenTeardown(known, event.time()));
    }

    /** Starts the teardown of this context with a record that does not describe it. */
    OpenTeardown open(Known known, long time) {
        live.remove(known);
        return register(new OpenTeardown(known, time));
    }

    /**
     * Starts a teardown whose earlier records are missing, if the context was live at this time. Otherwise the record is
     * an orphan.
     */
    @Nullable OpenTeardown openLate(Event event, long time) {
        Known known = live.byPointer(event.kioctx());
        if (known == null || known.since > time) {
            orphanEvents++;
            return null;
        }
        return open(known, event.time());
    }

    /** Starts the teardown of a context of which only this attempt is known. */
    private OpenTeardown openUnknown(TeardownAttempt attempt, Event event) {
        long kioctx = attempt.kioctx != 0 ? attempt.kioctx : event.kioctx();
        Context context = Context.of(contexts.nextGeneration(), kioctx, attempt.mm, attempt.handle)
                .withSize(Absent.s32(attempt.maxReqs), Absent.s32(attempt.nrEvents))
                .withOwner(attempt.trigger == Trigger.EXIT ? null : attempt.caller);
        OpenTeardown teardown = open(new Known(context, attempt.since(), 0), event.time());
        teardown.join(attempt);
        return teardown;
    }

    /** Starts a teardown that only a scan found. */
    void openFound(Known known, TeardownAttempt attempt) {
        OpenTeardown teardown = open(known, attempt.since());
        teardown.join(attempt);
        remember(attempt);
    }

    private OpenTeardown register(OpenTeardown teardown) {
        open.add(teardown);
        if (teardown.context().kioctx() != 0) {
            byPointer.put(teardown.context().kioctx(), teardown);
        }
        if (open.size() > limits.teardowns()) {
            // Keep the stuck ones: they matter more than those that are over.
            OpenTeardown oldest = (ending.isEmpty() ? open : ending).iterator().next();
            close(oldest, Teardown.End.UNKNOWN);
            evictedTeardowns++;
        }
        return teardown;
    }

    // ---- closing ----

    /** Frees the pointer for the next context. A freed context can still get the return of its caller. */
    void release(OpenTeardown teardown) {
        if (teardown.drain.isFreed()) {
            unindex(teardown);
        } else {
            close(teardown, Teardown.End.UNKNOWN);
        }
    }

    /** Reports the teardown if its last record arrived, or sets a deadline if it is over. */
    void settle(OpenTeardown teardown, long now) {
        if (isComplete(teardown)) {
            close(teardown, Teardown.End.COMPLETE);
        } else if (teardown.drain.isOver()) {
            if (tier != Tier.FULL || teardown.context().kioctx() == 0) {
                close(teardown, Teardown.End.UNKNOWN);
                return;
            }
            expect(teardown, now + Lifecycle.OVERDUE_NS);
        }
    }

    /** Sets the deadline for the last records of a teardown that is over. */
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

    /** Reports the teardown: as complete or incomplete where its records show that, else with this end. */
    void close(OpenTeardown teardown, Teardown.End otherwise) {
        forget(teardown);
        Teardown.End end =
                isComplete(teardown) ? Teardown.End.COMPLETE : teardown.hasEnd() ? Teardown.End.INCOMPLETE : otherwise;
        listener.onTeardown(teardown.report(end));
        TeardownAttempt by = teardown.by();
        if (tier == Tier.FULL && end == Teardown.End.COMPLETE && by != null && by.trigger == Trigger.EXIT) {
            OpenTeardown earlier = drainedExits.put(by.caller.tid(), teardown);
            if (earlier != null) {
                endWoken(earlier);
            }
            if (drainedExits.size() > limits.calls()) {
                drainedExits.remove(drainedExits.keySet().iterator().next());
            }
        }
    }

    /** Forgets the exits whose thread this scan did not find waiting. */
    void endWoken(ScanState found) {
        List<OpenTeardown> woken = drainedExits.values().stream()
                .filter(teardown -> !teardown.canBeUnwoken(found))
                .toList();
        drainedExits.values().removeAll(woken);
        woken.forEach(this::endWoken);
    }

    private void endWoken(OpenTeardown exit) {
        if (exit.isStuck()) {
            listener.onWoken(exit.progress());
        }
    }

    /** Reports the end of a context without any record of its teardown: it was gone at this time. */
    void endUnobserved(Known known, Teardown.End end, long goneBy) {
        live.remove(known);
        refusals.released(known.context, null, null, known.since, goneBy);
        listener.onTeardown(new OpenTeardown(known, known.since).report(end));
    }

    private boolean isComplete(OpenTeardown teardown) {
        return tier == Tier.FULL ? teardown.hasAllPhases() : teardown.hasWholeCall();
    }

    private void forget(OpenTeardown teardown) {
        open.remove(teardown);
        ending.remove(teardown);
        unindex(teardown);
        for (TeardownAttempt attempt : teardown.attempts) {
            calls.remove(attempt.caller.tid(), attempt);
            if (scan != null) {
                scan.isDone(attempt.caller.tid());
            }
        }
    }

    private void unindex(OpenTeardown teardown) {
        if (byPointer.get(teardown.context().kioctx()) == teardown) {
            byPointer.remove(teardown.context().kioctx());
        }
    }
}
