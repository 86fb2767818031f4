package dev.aioscope.telemetry;

import io.micrometer.core.instrument.AbstractDistributionSummary;

/** A summary that keeps its values, whole numbers, in {@link Buckets}. It keeps no maximum. */
final class BucketSummary extends AbstractDistributionSummary implements Bucketed {
    private final Buckets buckets;

    BucketSummary(Id id, Buckets buckets) {
        super(id, 1, buckets);
        this.buckets = buckets;
    }

    @Override
    public Buckets buckets() {
        return buckets;
    }

    /** The buckets have recorded the value already. */
    @Override
    protected void recordNonNegative(double amount) {}

    @Override
    public long count() {
        return buckets.count();
    }

    @Override
    public double totalAmount() {
        return buckets.recordedSum();
    }

    @Override
    public double max() {
        return Double.NaN;
    }
}
