package dev.aioscope.backend;

import dev.aioscope.event.Repeatable;
import dev.aioscope.host.Identities;
import dev.aioscope.kernel.WallClock;
import dev.aioscope.lifecycle.ForwardingListener;
import dev.aioscope.lifecycle.Lifecycle;
import dev.aioscope.lifecycle.Limits;
import dev.aioscope.probe.Tier;
import dev.aioscope.telemetry.HolderMetrics;
import dev.aioscope.telemetry.Metrics;
import dev.aioscope.telemetry.TeardownMetrics;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;

/** Metrics of a recording from a lab kernel; each scrape replays it once more, so that rates are positive. Thread-safe. */
final class RecordedMetrics {
    private final Repeatable recording;
    private final Metrics metrics = new Metrics();
    private final Lifecycle lifecycle;
    private int rounds;

    RecordedMetrics() throws IOException {
        recording = Repeatable.read(Path.of("src/test/resources/recorded/6.1.aioscope"));
        TeardownMetrics counts = new TeardownMetrics(metrics, Tier.FULL, new WallClock(() -> 0, Instant::now));
        HolderMetrics holders = new HolderMetrics(metrics, Identities.NONE, () -> 0, 20, false);
        lifecycle = new Lifecycle(ForwardingListener.to(counts, holders), Tier.FULL, Limits.DEFAULT);
    }

    Metrics metrics() {
        return metrics;
    }

    synchronized Metrics.Scrape scrape(String accept) {
        recording
                .again(Duration.ofMinutes(rounds).toNanos(), 1000 * rounds, "aiowork")
                .forEach(lifecycle::accept);
        rounds++;
        return metrics.scrape(accept);
    }
}
