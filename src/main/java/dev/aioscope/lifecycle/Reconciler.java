package dev.aioscope.lifecycle;

import dev.aioscope.event.LiveContextEvent;
import dev.aioscope.event.TaskInTeardownEvent;
import dev.aioscope.event.TeardownStateEvent;
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
 * Compares the tables with a scan: adds contexts and teardowns without events, and ends those whose last events are
 * missing. The records of a scan come between {@link #begin} and {@link #end}.
 */
final class Reconciler {
    private final LifecycleTables tables;
    private final Refusals refusals;
    private final LifecycleListener listener;
    private final Tier tier;
    private final int limit;

    /** Calls of io_destroy that had not reached kill_ioctx at the latest scan, by thread. */
    private final Map<Integer, OpenTeardown> lookups = new LinkedHashMap<>();

    private int scans;

    Reconciler(LifecycleTables tables, Refusals refusals, LifecycleListener listener, Tier tier, Limits limits) {
        this.tables = tables;
        this.refusals = refusals;
        this.listener = listener;
        this.tier = tier;
        this.limit = limits.calls();
    }

    // ---- a scan ----

    /** See {@link Lifecycle#beginScan}. */
    void begin(long boottimeNs) {
        scans++;
        tables.scan = new ScanState(boottimeNs, limit);
    }

    /** See {@link Lifecycle#skip}. */
    void skip(int pid) {
        current().skip(pid);
    }

    /** See {@link Lifecycle#skipUnlisted}. */
    void skipUnlisted() {
        current().skipUnlisted();
    }

    /** Takes a context in the table of an address space. */
    void liveContext(LiveContextEvent event) {
        ScanState scan = currentScan();
        if (scan == null) {
            return;
        }
        OpenTeardown teardown = tables.byPointer.get(event.kioctx());
        if (teardown != null) {
            // Unread records in the ring may explain this, so the end of the scan decides.
            if (teardown.isReplacedBy(event)) {
                scan.replaced.add(teardown);
            }
            return;
        }
        Known known = tables.live.find(event.kioctx(), event.mm(), event.handle());
        if (known == null) {
            Context context = tables.contexts.of(event, Task.of(event));
            tables.live.add(new Known(context, event.time(), scans));
            listener.onFound(context);
        } else if (known.fits(event)) {
            isFound(known);
            tables.contexts.fill(known, event, Task.of(event));
        } else if (known.isMovedTo(event)) {
            isFound(known);
        }
    }

    private void isFound(Known known) {
        known.lastScan = scans;
        known.missingSince = Absent.NEVER;
    }

    /** Takes a thread inside io_destroy or exit_aio. */
    void taskInTeardown(TaskInTeardownEvent event) {
        ScanState scan = currentScan();
        if (scan != null) {
            scan.add(event);
        }
    }

    /** Takes the state of a context in teardown. */
    void teardownState(TeardownStateEvent event) {
        ScanState scan = currentScan();
        if (scan != null) {
            scan.add(event);
        }
    }

    /** The current scan; null if there is none: the record is an orphan. */
    private @Nullable ScanState currentScan() {
        if (tables.scan == null) {
            tables.orphanEvents++;
        }
        return tables.scan;
    }

    private ScanState current() {
        ScanState scan = tables.scan;
        if (scan == null) {
            throw new IllegalStateException("no scan in progress");
        }
        return scan;
    }

    /** See {@link Lifecycle#endScan}. */
    void end() {
        ScanState scan = current();
        tables.scan = null;
        endReplaced(scan);
        endNoLongerWaiting(scan);
        endDrained(scan);
        Map<Integer, OpenTeardown> earlierLookups = Map.copyOf(lookups);
        lookups.clear();
        List<Known> gone = gone(scan);
        openWaiting(scan, gone, earlierLookups);
        for (Known known : gone) {
            tables.endUnobserved(known, Teardown.End.VANISHED, scan.begin);
        }
        for (OpenTeardown teardown : tables.open) {
            teardown.scanned(stateOf(teardown, scan));
            if (teardown.updateNotWoken(scan, this::waitsForAnother) || teardown.isFoundUnfreed()) {
                // What should follow does not come, so the deadline for the last records moves.
                tables.expect(teardown, scan.begin + Lifecycle.OVERDUE_NS);
            }
        }
    }

    // ---- states ----

    /** Whether an exit can also wait for another context: one that is not drained, or whose end is not reported. */
    private boolean waitsForAnother(TeardownAttempt exit) {
        return tables.open.stream()
                        .filter(other -> !other.drain.isOver())
                        .flatMap(other -> other.attempts.stream())
                        .anyMatch(attempt -> attempt.caller.tid() == exit.caller.tid())
                || tables.live.all().stream()
                        .anyMatch(known -> known.lastScan != scans
                                && known.context.owner() != null
                                && known.context.owner().pid() == exit.caller.pid());
    }

    /**
     * The state of the teardown at this scan. Without probes on free_ioctx another context can have its address, unless
     * its caller still waits.
     */
    private ScanState.WaitState stateOf(OpenTeardown teardown, ScanState scan) {
        TeardownAttempt by = teardown.by();
        if (tier == Tier.PROC) {
            return by == null ? ScanState.WaitState.UNKNOWN : scan.stateBy(by.caller);
        }
        boolean isThere = tier == Tier.FULL
                ? teardown.isFollowed()
                : !teardown.drain.isOver() && by != null && scan.isWaiting(by.caller.tid());
        return isThere ? scan.stateOf(teardown.context().kioctx()) : ScanState.WaitState.UNKNOWN;
    }

    /** Whether the latest scan found no call of io_destroy that had not reached kill_ioctx. */
    boolean isIdle() {
        return lookups.isEmpty();
    }

    /** Calls of io_destroy that do not reach kill_ioctx. */
    Stream<OpenTeardown> certainLookups() {
        return lookups.values().stream().filter(OpenTeardown::hasWaitReason);
    }

    // ---- ends without events ----

    private void endReplaced(ScanState scan) {
        for (OpenTeardown teardown : scan.replaced) {
            if (tables.open.contains(teardown)) {
                tables.release(teardown);
            }
        }
    }

    /**
     * Ends teardowns whose caller waited at an earlier scan and does not at this one. If no scan has found a thread
     * waiting, its absence proves nothing: some kernels do not show it.
     */
    private void endNoLongerWaiting(ScanState scan) {
        for (OpenTeardown teardown : List.copyOf(tables.open)) {
            TeardownAttempt by = teardown.by();
            if (by != null && by.listed && scan.isMissing(by.caller) && !teardown.drain.isOver()) {
                teardown.drain.endsBefore(scan.begin);
                if (tier == Tier.FULL && by.entered) {
                    tables.settle(teardown, scan.begin);
                } else {
                    tables.close(teardown, by.entered ? Teardown.End.UNKNOWN : Teardown.End.VANISHED);
                }
            }
        }
    }

    /** Ends drained teardowns whose REQS is lost: otherwise they would seem stuck forever. */
    private void endDrained(ScanState scan) {
        for (OpenTeardown teardown : List.copyOf(tables.open)) {
            TeardownAttempt by = teardown.by();
            if (tier == Tier.FULL
                    && teardown.isKilledBefore(scan.begin)
                    && !teardown.drain.isOver()
                    && (by == null || !scan.isWaiting(by.caller.tid()))
                    && scan.foundDrained(teardown.context().kioctx())) {
                teardown.drain.endsBefore(scan.begin);
                tables.settle(teardown, scan.begin);
            }
        }
    }

    /**
     * The contexts that are in no table any more. With probes on kill_ioctx their end is usually reported, and an exiting
     * address space is invisible shortly before that, so a second scan decides.
     */
    private List<Known> gone(ScanState scan) {
        List<Known> gone = new ArrayList<>();
        for (Known known : tables.live.all()) {
            if (known.lastScan == scans || known.since >= scan.begin || !scan.covers(known)) {
                continue;
            }
            if (known.missingSince == Absent.NEVER) {
                known.missingSince = scan.begin;
            }
            if (tier != Tier.FULL || scan.begin - known.missingSince >= Lifecycle.OVERDUE_NS) {
                gone.add(known);
            }
        }
        return gone;
    }

    // ---- teardowns without events ----

    /** Opens teardowns for waiting threads without events, and removes their contexts from {@code gone}. */
    private void openWaiting(ScanState scan, List<Known> gone, Map<Integer, OpenTeardown> earlierLookups) {
        Set<Integer> known = markKnown(scan);
        for (ScanState.WaitingThread waiting : scan.stillWaiting()) {
            int tid = waiting.attempt().caller.tid();
            if (known.contains(tid)) {
                continue;
            }
            if (waiting.trigger() == Trigger.EXIT) {
                openExit(waiting, gone);
            } else {
                openDestroy(waiting, gone, earlierLookups.get(tid));
            }
        }
    }

    /** Marks the threads of known teardowns as waiting; returns their tids. */
    private Set<Integer> markKnown(ScanState scan) {
        Set<Integer> tids = new HashSet<>();
        tables.endWoken(scan);
        for (OpenTeardown teardown : tables.drainedExits.values()) {
            TeardownAttempt by = teardown.by();
            if (teardown.updateNotWoken(scan, this::waitsForAnother) && by != null) {
                scan.mark(by);
                tids.add(by.caller.tid());
            }
        }
        for (OpenTeardown teardown : tables.open) {
            for (TeardownAttempt attempt : teardown.attempts) {
                scan.mark(attempt);
                tids.add(attempt.caller.tid());
            }
        }
        return tids;
    }

    private void openDestroy(ScanState.WaitingThread waiting, List<Known> gone, @Nullable OpenTeardown earlierLookup) {
        TeardownAttempt attempt = waiting.attempt();
        Known known = tables.live.byHandle(waiting.mm(), attempt.handle);
        if (known != null && known.lastScan == scans) {
            lookup(known, attempt, earlierLookup);
            return;
        }
        if (known == null) {
            Context context = Context.of(tables.contexts.nextGeneration(), 0, waiting.mm(), attempt.handle)
                    .withOwner(attempt.caller);
            known = new Known(context, attempt.since(), scans);
        }
        gone.remove(known);
        tables.openFound(known, attempt);
    }

    /**
     * Takes a thread that has not reached kill_ioctx, unless it did so between the scan of the contexts and that of the
     * threads. Only a thread that two scans find like this waits for mmap_lock.
     */
    private void lookup(Known known, TeardownAttempt attempt, @Nullable OpenTeardown earlier) {
        OpenTeardown again = earlier != null && earlier.known == known ? earlier : null;
        OpenTeardown lookup = again != null ? again : new OpenTeardown(known, attempt.since());
        lookup.attempts.clear();
        lookup.join(attempt);
        lookup.scanned(
                again != null
                        ? new ScanState.WaitState(WaitReason.MMAP_LOCK, null, null)
                        : ScanState.WaitState.UNKNOWN);
        lookups.put(attempt.caller.tid(), lookup);
    }

    /** One thread ends all contexts of an address space; only the process connects it with them. */
    private void openExit(ScanState.WaitingThread waiting, List<Known> gone) {
        TeardownAttempt attempt = waiting.attempt();
        // A thread without an address space was its last user, so all contexts of its process end, including those set
        // up during the scan and those that the scan still found in the table. With probes on kill_ioctx, events report
        // each end.
        Collection<Known> candidates = waiting.mm() == 0 && tier != Tier.FULL ? tables.live.all() : gone;
        List<Known> ending = candidates.stream()
                .filter(known -> known.since < attempt.since()
                        && known.context.owner() != null
                        && known.context.owner().pid() == attempt.caller.pid())
                .toList();
        gone.removeAll(ending);
        for (Known known : ending) {
            if (tier != Tier.FULL) {
                refusals.released(known.context, attempt.caller, Trigger.EXIT, known.since, attempt.since());
            }
            tables.openFound(known, attempt);
        }
        if (ending.isEmpty()) {
            Context unknown = Context.of(tables.contexts.nextGeneration(), 0, 0, 0);
            tables.openFound(new Known(unknown, attempt.since(), scans), attempt);
        }
    }
}
