package dev.aioscope.telemetry;

import io.prometheus.metrics.model.snapshots.ClassicHistogramBuckets;
import io.prometheus.metrics.model.snapshots.Exemplar;
import io.prometheus.metrics.model.snapshots.Exemplars;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot.HistogramDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Counts values by size. Not thread-safe; recording allocates nothing. */
final class Histogram {
    private final Bounds bounds;
    private final long[] counts;
    private final @Nullable Exemplar[] exemplars;
    private long sum;

    /** Upper bounds of the buckets. */
    static final class Bounds {
        /** An idle teardown takes some 30 ms; from 120 s on the kernel itself reports a hung task. Recorded in ns. */
        static final Bounds SECONDS = new Bounds(
                1e9, 0.001, 0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60,
                120, 300);

        /** Numbers of requests. */
        static final Bounds REQUESTS = new Bounds(1, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 4096);

        /** How many of the recorded units are one. */
        private final double scale;

        /** In recorded units. */
        private final long[] recorded;

        /** With infinity as the last. */
        private final double[] shown;

        private Bounds(double scale, double... bounds) {
            this.scale = scale;
            recorded = Arrays.stream(bounds)
                    .mapToLong(bound -> Math.round(bound * scale))
                    .toArray();
            shown = Arrays.copyOf(bounds, bounds.length + 1);
            shown[bounds.length] = Double.POSITIVE_INFINITY;
        }
    }

    Histogram(Bounds bounds) {
        this.bounds = bounds;
        counts = new long[bounds.shown.length];
        exemplars = new Exemplar[bounds.shown.length];
    }

    void record(long value) {
        counts[bucket(value)]++;
        sum += value;
    }

    /** Says which trace a recorded value belongs to. The latest one of each bucket is kept. */
    void exemplar(long value, String traceId, String spanId, long epochMillis) {
        exemplars[bucket(value)] = Exemplar.builder()
                .value(value / bounds.scale)
                .traceId(traceId)
                .spanId(spanId)
                .timestampMillis(epochMillis)
                .build();
    }

    private int bucket(long value) {
        int found = Arrays.binarySearch(bounds.recorded, value);
        return found >= 0 ? found : -found - 1;
    }

    HistogramDataPointSnapshot snapshot(Labels labels) {
        return HistogramDataPointSnapshot.builder()
                .labels(labels)
                .classicHistogramBuckets(ClassicHistogramBuckets.of(bounds.shown, counts.clone()))
                .sum(sum / bounds.scale)
                .exemplars(Exemplars.of(
                        Arrays.stream(exemplars).filter(Objects::nonNull).toArray(Exemplar[]::new)))
                .build();
    }
}
