package dev.aioscope.telemetry;

import dev.aioscope.event.WaitReason;
import dev.aioscope.host.Identities;
import dev.aioscope.inventory.Scan;
import dev.aioscope.lifecycle.Task;
import dev.aioscope.lifecycle.Teardown;
import dev.aioscope.lifecycle.TeardownInProgress;
import dev.aioscope.telemetry.HolderMetrics.Holding;
import dev.aioscope.telemetry.Metric.Label;
import io.micrometer.core.instrument.MultiGauge;
import io.micrometer.core.instrument.Tags;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Counts stuck teardowns as of the latest scan, by program, container and cause. The programs with the most have their own
 * series, all others together are {@code other}.
 */
final class StuckMetrics {
    private final Identities identities;
    private final HolderSelection selection;
    private final MultiGauge gauge;
    private volatile Map<StuckKey, Long> counts = Map.of();

    /** The labels of a series. */
    private record StuckKey(HolderKey holder, @Nullable WaitReason reason) {
        Tags tags() {
            return Metrics.and(holder.tags(), Label.WAITS_FOR, reason == null ? null : reason.label());
        }
    }

    /**
     * Registers no series yet: there are none while no teardown is stuck.
     *
     * @param identities identifies processes; can block
     * @param limit number of programs with their own series
     */
    StuckMetrics(Metrics metrics, Identities identities, int limit) {
        this.identities = identities;
        this.selection = new HolderSelection(limit);
        this.gauge = metrics.multiGauge(Metric.TEARDOWN_STUCK);
    }

    /** Takes over the teardowns of a scan. */
    synchronized void onScan(Scan scan) {
        List<StuckKey> stuck = scan.inProgress().stream()
                .filter(TeardownInProgress::isStuck)
                .map(teardown -> new StuckKey(holder(teardown.known()), teardown.waitReason()))
                .toList();
        Map<HolderKey, Holding> all = new HashMap<>();
        stuck.forEach(key -> all.merge(key.holder, new Holding(1, null), Holding::plus));
        selection.select(all);
        Map<StuckKey, Long> found = new HashMap<>();
        stuck.forEach(key -> found.merge(new StuckKey(selection.seriesOf(key.holder), key.reason), 1L, Long::sum));
        counts = found;
        gauge.register(found.keySet().stream()
                .<MultiGauge.Row<?>>map(key -> MultiGauge.Row.of(key.tags(), this, self -> self.count(key)))
                .toList());
    }

    private double count(StuckKey key) {
        Long count = counts.get(key);
        return count == null ? Double.NaN : count;
    }

    private HolderKey holder(Teardown teardown) {
        Task owner = teardown.context().owner();
        return owner != null
                ? HolderKey.of(owner, identities.ofOwner(teardown), false)
                : HolderKey.of(teardown.caller(), identities.ofCaller(teardown), false);
    }
}
