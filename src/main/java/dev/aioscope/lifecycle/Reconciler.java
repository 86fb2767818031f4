package dev.aioscope.lifecycle;

import dev.aioscope.event.Event;
import dev.aioscope.event.Trigger;
import dev.aioscope.event.WaitReason;
import dev.aioscope.lifecycle.LiveContexts.Known;
import dev.aioscope.probe.Tier;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Holds the tables against what a look at the host finds: contexts and teardowns that no event told of, and those whose end
 * was not told. The records of a look come between {@link #begin} and {@link #end}.
 */
final class Reconciler {
    private final LifecycleTables tables;
    private final Refusals refusals;
    private final LifecycleListener listener;
    private final Tier tier;
    private final int most;

    /** Calls of io_destroy that have not reached kill_ioctx at the latest look, by thread. */
    private final Map<Integer, OpenTeardown> lookups = new LinkedHashMap<>();

    private int looks;

    /** Reconciles these tables; for the rest see {@link Lifecycle#Lifecycle}. */
    Reconciler(LifecycleTables tables, Refusals refusals, LifecycleListener listener, Tier tier, Limits limits) {
        this.tables = tables;
        this.refusals = refusals;
        this.listener = listener;
        this.tier = tier;
        this.most = limits.calls();
    }

    /** See {@link Lifecycle#beginInventory}. */
    void begin(long boottimeNs) {
        looks++;
        tables.look = new ScanState(boottimeNs, most);
    }

    /** See {@link Lifecycle#unseen}. */
    void unseen(int pid) {
        ScanState current = tables.look;
        if (current == null) {
            throw new IllegalStateException("no inventory was begun");
        }
        current.isUnseen(pid);
    }

    /** See {@link Lifecycle#endInventory}. */
    void end() {
        ScanState ended = tables.look;
        if (ended == null) {
            throw new IllegalStateException("no inventory was begun");
        }
        tables.look = null;
        endReplaced(ended);
        endNoLongerWaiting(ended);
        endUntold(ended);
        Map<Integer, OpenTeardown> lookupsBefore = Map.copyOf(lookups);
        lookups.clear();
        List<Known> gone = gone(ended);
        openWaiting(ended, gone, lookupsBefore);
        for (Known known : gone) {
            refusals.released(known.context, null, null, known.since, ended.begin);
            tables.endUnseen(known, Teardown.End.VANISHED);
        }
        for (OpenTeardown teardown : tables.open) {
            teardown.isSeenInside(inside(ended, teardown));
            if (teardown.isNotWoken(ended, this::waitsForAnother) || teardown.isSeenUnfreed()) {
                // What is to follow does not come, so neither does the end of the time for its last records.
                tables.expect(teardown, ended.begin + Lifecycle.OVERDUE_NS);
            }
        }
    }

    /** Whether an exit can wait for another context too: one that is not drained, or whose end was not told. */
    private boolean waitsForAnother(TeardownAttempt exit) {
        return tables.open.stream()
                        .filter(other -> !other.isOver())
                        .flatMap(other -> other.attempts.stream())
                        .anyMatch(attempt -> attempt.caller.tid() == exit.caller.tid())
                || tables.live.all().stream()
                        .anyMatch(known -> known.look != looks
                                && known.context.owner() != null
                                && known.context.owner().pid() == exit.caller.pid());
    }

    /**
     * Without probes on free_ioctx a context can have been freed, and another one be in its place, unless its caller still
     * waits.
     */
    private ScanState.Inside inside(ScanState ended, OpenTeardown teardown) {
        TeardownAttempt by = teardown.by();
        if (tier == Tier.PROC) {
            return by == null ? ScanState.Inside.NOT_SEEN : ended.insideBy(by.caller);
        }
        boolean isThere = tier == Tier.FULL
                ? teardown.isFollowed()
                : !teardown.isOver() && by != null && ended.isWaiting(by.caller.tid());
        return isThere ? ended.inside(teardown.context().kioctx()) : ScanState.Inside.NOT_SEEN;
    }

    /** Whether no call of io_destroy was found that has not reached kill_ioctx. */
    boolean isIdle() {
        return lookups.isEmpty();
    }

    /** Calls of io_destroy that do not reach kill_ioctx. */
    Stream<OpenTeardown> certainLookups() {
        return lookups.values().stream().filter(OpenTeardown::isSeenToWait);
    }

    /** LIVE_CONTEXT: a context in the table of an address space. */
    void found(Event event) {
        ScanState current = tables.look;
        if (current == null) {
            tables.orphanEvents++;
            return;
        }
        OpenTeardown teardown = tables.byPointer.get(event.kioctx());
        if (teardown != null) {
            // What lies unread in the ring may explain it: it is decided at the end.
            if (teardown.isReplacedBy(event)) {
                current.replaced.add(teardown);
            }
            return;
        }
        Known known = tables.live.find(event.kioctx(), event.mm(), event.handle());
        if (known == null) {
            Context context = tables.context(tables.nextGeneration(), event, Task.of(event));
            tables.live.add(new Known(context, event.time(), looks));
            listener.onFound(context);
        } else if (known.fits(event)) {
            known.look = looks;
            known.missingSince = Absent.NEVER;
            tables.fill(known, event, Task.of(event));
        } else if (known.isMovedTo(event)) {
            known.look = looks;
            known.missingSince = Absent.NEVER;
        }
    }

    /** TASK_IN_TEARDOWN: a thread inside io_destroy or exit_aio. */
    void foundWaiting(Event event) {
        if (tables.look == null) {
            tables.orphanEvents++;
        } else {
            tables.look.add(event);
        }
    }

    /** TEARDOWN_STATE: what is left of a context in teardown. */
    void lookedInto(Event event) {
        if (tables.look == null) {
            tables.orphanEvents++;
        } else {
            tables.look.addInside(event);
        }
    }

    private void endReplaced(ScanState ended) {
        for (OpenTeardown teardown : ended.replaced) {
            if (tables.open.contains(teardown)) {
                tables.release(teardown);
            }
        }
    }

    /**
     * Ends teardowns whose caller waited at an earlier look and does not at this one. That a thread was never seen
     * waiting proves nothing: some kernels do not show it.
     */
    private void endNoLongerWaiting(ScanState ended) {
        for (OpenTeardown teardown : List.copyOf(tables.open)) {
            TeardownAttempt by = teardown.by();
            if (by != null && by.listed && ended.isMissing(by.caller) && !teardown.isOver()) {
                teardown.isOverBefore(ended.begin);
                if (tier == Tier.FULL && by.entered) {
                    tables.settle(teardown, ended.begin);
                } else {
                    tables.close(teardown, by.entered ? Teardown.End.UNKNOWN : Teardown.End.VANISHED);
                }
            }
        }
    }

    /**
     * Ends teardowns of which nothing is left to wait for, though no record told so by the end of the look: it was lost.
     * Else they would seem to be stuck, for ever.
     */
    private void endUntold(ScanState ended) {
        for (OpenTeardown teardown : List.copyOf(tables.open)) {
            TeardownAttempt by = teardown.by();
            if (tier == Tier.FULL
                    && teardown.isKilledBefore(ended.begin)
                    && !teardown.isOver()
                    && (by == null || !ended.isWaiting(by.caller.tid()))
                    && ended.foundNothingLeft(teardown.context().kioctx())) {
                teardown.isOverBefore(ended.begin);
                tables.settle(teardown, ended.begin);
            }
        }
    }

    /**
     * The contexts that are in no table any more. With probes on kill_ioctx their end should have been told, and an
     * address space that ends is invisible for a moment before that: then a second look decides.
     */
    private List<Known> gone(ScanState ended) {
        List<Known> gone = new ArrayList<>();
        for (Known known : tables.live.all()) {
            if (known.look == looks || known.since >= ended.begin || !ended.shows(known.context)) {
                continue;
            }
            if (known.missingSince == Absent.NEVER) {
                known.missingSince = ended.begin;
            }
            if (tier != Tier.FULL || ended.begin - known.missingSince >= Lifecycle.OVERDUE_NS) {
                gone.add(known);
            }
        }
        return gone;
    }

    /** Opens teardowns for the threads that wait in one that no event told of, and takes their contexts out of gone. */
    private void openWaiting(ScanState ended, List<Known> gone, Map<Integer, OpenTeardown> lookupsBefore) {
        Set<Integer> told = new HashSet<>();
        tables.drainedExits.values().removeIf(teardown -> !teardown.canBeUnwoken(ended));
        for (OpenTeardown teardown : tables.drainedExits.values()) {
            TeardownAttempt by = teardown.by();
            if (teardown.isNotWoken(ended, this::waitsForAnother) && by != null) {
                ended.mark(by);
                told.add(by.caller.tid());
            }
        }
        for (OpenTeardown teardown : tables.open) {
            for (TeardownAttempt attempt : teardown.attempts) {
                ended.mark(attempt);
                told.add(attempt.caller.tid());
            }
        }
        for (ScanState.Waiting waiting : ended.stillWaiting()) {
            if (!told.contains(waiting.attempt().caller.tid())) {
                if (waiting.trigger() == Trigger.EXIT) {
                    openExit(waiting, gone);
                } else {
                    openDestroy(
                            waiting,
                            gone,
                            lookupsBefore.get(waiting.attempt().caller.tid()));
                }
            }
        }
    }

    private void openDestroy(ScanState.Waiting waiting, List<Known> gone, @Nullable OpenTeardown lookupBefore) {
        TeardownAttempt attempt = waiting.attempt();
        Known known = tables.live.byPlace(waiting.mm(), attempt.handle);
        if (known != null && known.look == looks) {
            lookup(known, attempt, lookupBefore);
            return;
        }
        if (known == null) {
            Context context = Context.of(tables.nextGeneration(), 0, waiting.mm(), attempt.handle)
                    .withOwner(attempt.caller);
            known = new Known(context, attempt.since(), looks);
        }
        gone.remove(known);
        tables.openFound(known, attempt);
    }

    /**
     * It has not reached kill_ioctx yet, unless it has come there between the look at the contexts and that at the threads:
     * only who is found so by two looks waits for mmap_lock.
     */
    private void lookup(Known known, TeardownAttempt attempt, @Nullable OpenTeardown before) {
        OpenTeardown again = before != null && before.known == known ? before : null;
        OpenTeardown lookup = again != null ? again : new OpenTeardown(known, attempt.since());
        lookup.attempts.clear();
        lookup.join(attempt);
        lookup.isSeenInside(
                again != null ? new ScanState.Inside(WaitReason.MMAP_LOCK, null, null) : ScanState.Inside.NOT_SEEN);
        lookups.put(attempt.caller.tid(), lookup);
    }

    /** One thread ends all contexts of an address space, which shows only by the process that they belonged to. */
    private void openExit(ScanState.Waiting waiting, List<Known> gone) {
        TeardownAttempt attempt = waiting.attempt();
        // A thread that has given its address space up was the last one in it, so all that its process had end, those
        // too that were made during the look, or still stood in the table when the look came by. With probes on
        // kill_ioctx each end is told.
        Collection<Known> ending = waiting.mm() == 0 && tier != Tier.FULL ? tables.live.all() : gone;
        List<Known> ended = ending.stream()
                .filter(known -> known.since < attempt.since()
                        && known.context.owner() != null
                        && known.context.owner().pid() == attempt.caller.pid())
                .toList();
        gone.removeAll(ended);
        for (Known known : ended) {
            if (tier != Tier.FULL) {
                refusals.released(known.context, attempt.caller, Trigger.EXIT, known.since, attempt.since());
            }
            tables.openFound(known, attempt);
        }
        if (ended.isEmpty()) {
            tables.openFound(new Known(Context.of(tables.nextGeneration(), 0, 0, 0), attempt.since(), looks), attempt);
        }
    }
}
