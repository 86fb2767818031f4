package dev.aioscope.lifecycle;

import dev.aioscope.event.DestroyExitEvent;
import dev.aioscope.event.Event;
import dev.aioscope.event.FreeEvent;
import dev.aioscope.event.KillExitEvent;
import dev.aioscope.event.LiveContextEvent;
import dev.aioscope.event.ReqsEvent;
import dev.aioscope.event.SetupEvent;
import dev.aioscope.event.StackEvent;
import dev.aioscope.event.StragglerEvent;
import dev.aioscope.event.TaskInTeardownEvent;
import dev.aioscope.event.TeardownEnterEvent;
import dev.aioscope.event.TeardownStateEvent;
import dev.aioscope.event.UseEvent;
import dev.aioscope.event.UsersEvent;
import dev.aioscope.probe.Tier;
import java.math.BigInteger;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Correlates events into contexts and teardowns. Its only clock is the time of the events and of {@link #advance}. It does
 * no I/O, and its tables are bounded. Not thread-safe.
 *
 * <p>It relies on these facts:
 *
 * <ul>
 *   <li>The kernel reuses the address of a struct kioctx and the address of a ring at once. A record belongs to the
 *       teardown with its pointer whose time it fits.
 *   <li>The probe of a step ends before the kernel continues, so dependent records come in order. The steps after
 *       kill_ioctx run on other CPUs. An exit holds no reference, so all of them can come before
 *       KILL_EXIT. In a destroy, FREE and even the next SETUP with this pointer can come before DESTROY_EXIT. Within one
 *       teardown any order is accepted.
 *   <li>Any record can be missing. A teardown is over when its last record arrives, some time after a record shows that
 *       no thread waits any more, or when its pointer or its caller appears elsewhere. Until then it is in
 *       progress, for hours if its requests are stuck.
 * </ul>
 */
public final class Lifecycle {
    /**
     * How long the last records of a teardown can take after its end, ns. The memory is freed a grace period and a kworker
     * later, about 20 ms; a caller can wait longer for a CPU.
     */
    public static final long OVERDUE_NS = 10_000_000_000L;

    private final LifecycleListener listener;
    private final LifecycleTables tables;
    private final Refusals refusals;
    private final SetupHandler setups;
    private final KillEnterHandler killEnters;
    private final KillExitHandler killExits;
    private final DrainHandler drains;
    private final DestroyExitHandler destroyExits;
    private final Reconciler reconciler;

    /**
     * Starts with empty tables.
     *
     * @param listener called during {@link #accept}, {@link #advance} and {@link #endScan}
     * @param tier the tier of the probes, which decides when a teardown is complete
     * @param limits how much to remember
     */
    public Lifecycle(LifecycleListener listener, Tier tier, Limits limits) {
        this.listener = listener;
        this.refusals = new Refusals(tier, listener::onRefusalOutcome);
        this.tables = new LifecycleTables(listener, refusals, tier, limits);
        FailedCalls failedCalls = new FailedCalls(tables);
        this.setups = new SetupHandler(tables, refusals, failedCalls, listener);
        this.killEnters = new KillEnterHandler(tables, refusals);
        this.killExits = new KillExitHandler(tables, refusals);
        this.drains = new DrainHandler(tables);
        this.destroyExits = new DestroyExitHandler(tables, refusals, failedCalls, listener);
        this.reconciler = new Reconciler(tables, refusals, listener, tier, limits);
    }

    // ---- events ----

    /**
     * Takes the next record in the order of the ring, or between {@link #beginScan} and {@link #endScan} a record of the
     * inventory. Keeps no reference to the event.
     *
     * @throws dev.aioscope.event.CorruptEventException if the record contains invalid values; it is skipped
     */
    public void accept(Event event) {
        switch (event.type()) {
            case SETUP -> setups.accept((SetupEvent) event);
            case DESTROY_ENTER, KILL_ENTER -> killEnters.accept((TeardownEnterEvent) event);
            case KILL_EXIT -> killExits.accept((KillExitEvent) event);
            case USERS -> drains.users((UsersEvent) event);
            case REQS -> drains.reqs((ReqsEvent) event);
            case FREE -> drains.free((FreeEvent) event);
            case DESTROY_EXIT -> destroyExits.accept((DestroyExitEvent) event);
            case STACK -> stack((StackEvent) event);
            case USE -> use((UseEvent) event);
            case STRAGGLER -> straggler((StragglerEvent) event);
            case PROCESS -> {} // It says nothing about contexts.
            case LIVE_CONTEXT, TASK_IN_TEARDOWN, TEARDOWN_STATE -> {
                acceptInventory(event);
                return;
            }
        }
        advance(event.time());
    }

    private void acceptInventory(Event event) {
        switch (event.type()) {
            case LIVE_CONTEXT -> reconciler.liveContext((LiveContextEvent) event);
            case TASK_IN_TEARDOWN -> reconciler.taskInTeardown((TaskInTeardownEvent) event);
            default -> reconciler.teardownState((TeardownStateEvent) event);
        }
    }

    private void stack(StackEvent event) {
        UserStack added = tables.stacks.add(event);
        if (added != null) {
            listener.onStack(added);
        }
    }

    private void use(UseEvent event) {
        WrongHandle wrong = tables.destroyed.explainUse(event);
        if (wrong == null) {
            // Another process has the address space by now, or the records of the destroy are lost.
            tables.orphanEvents++;
            return;
        }
        listener.onHandleUse(new HandleUse(event.call(), Task.of(event), event.time(), event.result(), wrong));
    }

    private void straggler(StragglerEvent event) {
        OpenTeardown teardown = tables.byPointer.get(event.kioctx());
        if (teardown == null) {
            tables.orphanEvents++;
        } else {
            listener.onStraggler(Straggler.of(event, teardown.progress()));
        }
    }

    // ---- time ----

    /**
     * Reports what is overdue at this time.
     *
     * @param boottimeNs CLOCK_BOOTTIME ns. The caller must have handed in every record up to then, so read the clock
     *     before the poll that finds no more records
     */
    public void advance(long boottimeNs) {
        refusals.advance(boottimeNs);
        tables.advance(boottimeNs);
    }

    /** Whether nothing is in progress that time alone can change. */
    public boolean isIdle() {
        return tables.open.isEmpty()
                && tables.ending.isEmpty()
                && tables.calls.isEmpty()
                && reconciler.isIdle()
                && tables.drainedExits.isEmpty()
                && refusals.isEmpty();
    }

    // ---- scans ----

    /**
     * Begins a scan. Its records follow in {@link #accept}.
     *
     * @param boottimeNs CLOCK_BOOTTIME ns before the scan reads the first task
     */
    public void beginScan(long boottimeNs) {
        reconciler.begin(boottimeNs);
    }

    /** The scan could not read this process: its contexts do not count as missing. */
    public void skip(int pid) {
        reconciler.skip(pid);
    }

    /** The scan lists only a part of the processes: contexts that no scan has found do not count as missing. */
    public void skipUnlisted() {
        reconciler.skipUnlisted();
    }

    /**
     * Ends a scan. The caller must first hand in every event that the ring contains after the last record of the
     * inventory: it can contain the end of a context that the scan did not find.
     */
    public void endScan() {
        reconciler.end();
    }

    /**
     * Takes the quota from /proc after a scan: while a refused caller waits, no record may come.
     *
     * @param boottimeNs CLOCK_BOOTTIME ns of the read
     * @param aioNr fs.aio-nr; null if unreadable
     * @param aioMaxNr fs.aio-max-nr; null if unreadable
     */
    public void quota(long boottimeNs, @Nullable BigInteger aioNr, @Nullable BigInteger aioMaxNr) {
        refusals.scanned();
        refusals.observe(boottimeNs, aioNr, aioMaxNr);
    }

    // ---- queries ----

    /** The known live contexts, oldest first. */
    public List<Context> liveContexts() {
        return tables.live.all().stream().map(known -> known.context).toList();
    }

    /** The known teardowns in progress, oldest first: a thread waits, or the memory is overdue to be freed. */
    public List<TeardownInProgress> teardownsInProgress() {
        return waiting()
                .filter(OpenTeardown::isInProgress)
                .map(OpenTeardown::progress)
                .toList();
    }

    /**
     * The teardowns that wait since that time or longer and were not returned before. They are {@link
     * TeardownInProgress#isStuck} from now on.
     */
    public List<TeardownInProgress> newlyStuck(long since) {
        return waiting(since)
                .filter(OpenTeardown::becomesStuck)
                .map(OpenTeardown::progress)
                .toList();
    }

    /** Whether {@link #newlyStuck} has results; changes nothing. */
    public boolean isNewlyStuck(long since) {
        return waiting(since).anyMatch(teardown -> !teardown.isStuck());
    }

    private Stream<OpenTeardown> waiting(long since) {
        return waiting().filter(teardown -> teardown.waitsSince() <= since);
    }

    private Stream<OpenTeardown> waiting() {
        return Stream.of(tables.open.stream(), tables.drainedExits.values().stream(), reconciler.certainLookups())
                .flatMap(teardowns -> teardowns);
    }

    /** The contexts in teardown that a scan can read: their handles by pointer, oldest first. */
    public Map<Long, Long> contextsInTeardown() {
        Map<Long, Long> handles = new LinkedHashMap<>();
        tables.open.stream()
                .filter(OpenTeardown::isFollowed)
                .forEach(teardown -> handles.put(
                        teardown.context().kioctx(), teardown.context().handle()));
        return handles;
    }

    /** What was lost so far. */
    public Counters counters() {
        return tables.counters();
    }
}
