package dev.aioscope.top;

import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;

/** How long callers were blocked: percentiles of 1 µs to 73 minutes, within 6.3 %. Not thread-safe. */
public final class LatencyHistogram {
    /** Values from 1 µs on are exact to 1/16: buckets of 64 ns up to 2 µs, then 16 for each doubling. */
    private static final long UNIT_NANOS = 64;

    private static final long HIGHEST_NANOS = 1L << 42;

    private final Histogram histogram = new Histogram(UNIT_NANOS, HIGHEST_NANOS, 1);
    private long longest;

    /** Adds a latency in ns; longer ones count as 73 minutes. */
    public void add(long nanos) {
        histogram.recordValue(Math.min(nanos, HIGHEST_NANOS));
        longest = Math.max(longest, nanos);
    }

    /** Adds all latencies of another histogram. */
    public void add(LatencyHistogram other) {
        histogram.add(other.histogram);
        longest = Math.max(longest, other.longest);
    }

    /**
     * A percentile in ns; null without latencies.
     *
     * @param share from 0 to 1
     */
    public @Nullable Long percentile(double share) {
        return histogram.getTotalCount() == 0
                ? null
                : (Long) Math.min(longest, histogram.getValueAtPercentile(share * 100));
    }
}
