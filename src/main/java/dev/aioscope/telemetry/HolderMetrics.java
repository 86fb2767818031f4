package dev.aioscope.telemetry;

import dev.aioscope.event.Trigger;
import dev.aioscope.host.Identities;
import dev.aioscope.inventory.LiveContext;
import dev.aioscope.inventory.Scan;
import dev.aioscope.lifecycle.LifecycleListener;
import dev.aioscope.lifecycle.Task;
import dev.aioscope.lifecycle.Teardown;
import dev.aioscope.lifecycle.TeardownInProgress;
import dev.aioscope.telemetry.Metric.Label;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MultiGauge;
import io.micrometer.core.instrument.Tags;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.function.ToDoubleFunction;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Shows who holds the quota and who waits, as of the latest scan, and which programs leave contexts to their exit. The
 * number of series is bounded: the largest holders have their own, all others together are {@code other}.
 *
 * <p>{@link #onScan} and {@link #onTeardown} can block while they identify a process, so the thread that reads the events
 * must not call them.
 */
public final class HolderMetrics implements LifecycleListener {
    private final Metrics metrics;
    private final Identities identities;
    private final LongSupplier bootTime;
    private final HolderSelection selection;
    private final boolean byPid;
    private final int limit;
    private final MultiGauge usage;
    private final MultiGauge active;
    private final StuckMetrics stuck;
    private final Map<String, Counter> leaked = new HashMap<>();

    private volatile @Nullable Scan latest;
    private volatile Map<HolderKey, Holding> holdings = Map.of();

    /**
     * The contexts of a holder.
     *
     * @param charge null if the tier cannot read it
     */
    record Holding(long contexts, @Nullable Long charge) {
        static final Holding NOTHING = new Holding(0, 0L);

        Holding plus(Holding more) {
            if (contexts == 0 || more.contexts == 0) {
                return contexts == 0 ? more : this;
            }
            Long both = charge == null || more.charge == null ? null : (Long) (charge + more.charge);
            return new Holding(contexts + more.contexts, both != null ? both : charge != null ? charge : more.charge);
        }

        /** The rank among holders: the charge or, if that is unknown, the contexts. */
        long size() {
            return charge == null ? contexts : charge;
        }
    }

    /**
     * Registers the series.
     *
     * @param identities identifies processes; can block
     * @param bootTime current CLOCK_BOOTTIME in ns
     * @param limit number of holders, and of leaking executables, with their own series
     * @param byPid whether each process is a holder; else all processes of one executable in one container are one
     */
    public HolderMetrics(Metrics metrics, Identities identities, LongSupplier bootTime, int limit, boolean byPid) {
        this.metrics = metrics;
        this.identities = identities;
        this.bootTime = bootTime;
        this.limit = limit;
        this.byPid = byPid;
        this.selection = new HolderSelection(limit);
        this.usage = metrics.multiGauge(Metric.HOLDER_USAGE);
        this.active = metrics.multiGauge(Metric.CONTEXT_ACTIVE);
        registerScan();
        registerWaiting(Trigger.DESTROY);
        registerWaiting(Trigger.EXIT);
        this.stuck = new StuckMetrics(metrics, identities, limit);
    }

    private void registerScan() {
        gauge(Metric.EVENT_UNATTRIBUTED, Tags.empty(), scan -> scan.inventory().unattributed());
        gauge(Metric.SCAN_AGE, Tags.empty(), scan -> (bootTime.getAsLong() - scan.time()) / 1e9);
        gauge(
                Metric.SCAN_SKIPPED,
                Metrics.tags(Label.REASON, "unreadable"),
                scan -> scan.inventory().gaps().unreadable().size());
        gauge(
                Metric.SCAN_SKIPPED,
                Metrics.tags(Label.REASON, "partial"),
                scan -> scan.inventory().gaps().partial().size());
    }

    private void registerWaiting(Trigger trigger) {
        Tags tags = Metrics.tags(Label.TRIGGER, trigger.label());
        gauge(
                Metric.UNINTERRUPTIBLE_ACTIVE,
                tags,
                scan -> waiting(scan, trigger).count());
        gauge(
                Metric.UNINTERRUPTIBLE_OLDEST,
                tags,
                scan -> waiting(scan, trigger)
                        .map(teardown -> teardown.age(scan.time()) / 1e9)
                        .max(Double::compare)
                        .orElse(null));
    }

    private static Stream<TeardownInProgress> waiting(Scan scan, Trigger trigger) {
        return scan.inProgress().stream()
                .filter(teardown -> teardown.known().trigger() == trigger && teardown.isWaitedFor());
    }

    /** The series is absent before the first scan, and while the function returns null. */
    private void gauge(Metric metric, Tags tags, Function<Scan, @Nullable Number> value) {
        metrics.gauge(metric, tags, () -> {
            Scan scan = latest;
            return scan == null ? null : value.apply(scan);
        });
    }

    /** Takes over the findings of a scan; repeating the same scan changes nothing. */
    public void onScan(Scan scan) {
        Scan last = latest;
        if (last != null && last.time() == scan.time()) {
            return;
        }
        Map<HolderKey, Holding> all = new HashMap<>();
        for (LiveContext context : scan.inventory().contexts()) {
            Integer charge = context.charge();
            all.merge(
                    HolderKey.of(context.owner(), identities.of(context.owner(), context.mm()), byPid),
                    new Holding(1, charge == null ? null : (Long) charge.longValue()),
                    Holding::plus);
        }
        show(scan, all);
        stuck.onScan(scan);
    }

    private synchronized void show(Scan scan, Map<HolderKey, Holding> all) {
        Map<HolderKey, Holding> selected = selection.select(all);
        boolean isCharged = scan.inventory().charge() != null;
        latest = scan;
        holdings = selected;
        // Rows that stay are not registered again, so that no scrape misses them: they read the new holdings.
        usage.register(rows(isCharged ? selected.keySet() : Set.of(), HolderMetrics::charge));
        active.register(rows(selected.keySet(), Holding::contexts));
    }

    private List<MultiGauge.Row<?>> rows(Set<HolderKey> keys, ToDoubleFunction<Holding> value) {
        return keys.stream()
                .<MultiGauge.Row<?>>map(key -> MultiGauge.Row.of(key.tags(), this, self -> {
                    Holding holding = self.holdings.get(key);
                    return holding == null ? Double.NaN : value.applyAsDouble(holding);
                }))
                .toList();
    }

    private static double charge(Holding holding) {
        return holding.charge == null ? Double.NaN : holding.charge;
    }

    @Override
    public void onTeardown(Teardown teardown) {
        Task owner = teardown.context().owner() != null ? teardown.context().owner() : teardown.caller();
        if (teardown.trigger() != Trigger.EXIT || owner == null) {
            return;
        }
        String executable = HolderKey.executable(identities.ofOwner(teardown), owner);
        synchronized (this) {
            // A counter cannot move to another series later, so the first executables keep theirs.
            boolean hasRoom = leaked.containsKey(executable) || leaked.size() < limit;
            leaked.computeIfAbsent(
                            hasRoom ? executable : HolderKey.OTHER,
                            name -> metrics.counter(Metric.LEAKED, Metrics.tags(Label.EXECUTABLE, name)))
                    .increment();
        }
    }
}
