package dev.aioscope.telemetry;

import io.micrometer.core.instrument.AbstractTimer;
import io.micrometer.core.instrument.Clock;
import io.micrometer.core.instrument.distribution.pause.NoPauseDetector;
import io.micrometer.core.instrument.util.TimeUtils;
import java.util.concurrent.TimeUnit;

/** A timer that keeps its values in {@link Buckets}, in ns. It keeps no maximum. */
final class BucketTimer extends AbstractTimer implements Bucketed {
    private final Buckets buckets;

    BucketTimer(Id id, Clock clock, Buckets buckets) {
        super(id, clock, NoPauseDetector.INSTANCE, TimeUnit.SECONDS, buckets);
        this.buckets = buckets;
    }

    @Override
    public Buckets buckets() {
        return buckets;
    }

    /** The buckets have recorded the value already. */
    @Override
    protected void recordNonNegative(long amount, TimeUnit unit) {}

    @Override
    public long count() {
        return buckets.count();
    }

    @Override
    public double totalTime(TimeUnit unit) {
        return TimeUtils.nanosToUnit((double) buckets.recordedSum(), unit);
    }

    @Override
    public double max(TimeUnit unit) {
        return Double.NaN;
    }
}
