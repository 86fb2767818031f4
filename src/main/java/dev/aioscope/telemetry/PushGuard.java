package dev.aioscope.telemetry;

import io.opentelemetry.sdk.common.CompletableResultCode;
import io.opentelemetry.sdk.metrics.InstrumentType;
import io.opentelemetry.sdk.metrics.data.AggregationTemporality;
import io.opentelemetry.sdk.metrics.data.MetricData;
import io.opentelemetry.sdk.metrics.export.MetricExporter;
import java.util.Collection;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Stands before the exporter of pushed metrics: counts the pushes, and says in one line, once a minute at most, that some fail. */
public final class PushGuard {
    private static final Logger LOG = LoggerFactory.getLogger(TraceExport.class);
    private static final long QUIET_NANOS = TimeUnit.MINUTES.toNanos(1);

    private final LongSupplier nanoTime;
    private final Supplier<String> reason;
    private final LongAdder exported = new LongAdder();
    private final LongAdder failed = new LongAdder();
    private volatile @Nullable Watched watched;
    private volatile boolean closing;
    private @Nullable Long reportTime;

    /**
     * What became of the pushes.
     *
     * @param exported the back end took them
     * @param failed the back end refused them, or could not be reached
     */
    public record Counts(long exported, long failed) {}

    /**
     * Prepares.
     *
     * @param nanoTime the clock of the pause between two lines
     * @param reason why the last export failed
     */
    PushGuard(LongSupplier nanoTime, Supplier<String> reason) {
        this.nanoTime = nanoTime;
        this.reason = reason;
    }

    Counts counts() {
        return new Counts(exported.sum(), failed.sum());
    }

    Optional<String> endpoint() {
        return Optional.ofNullable(watched).map(exporter -> exporter.endpoint);
    }

    /** Wraps the exporter, of which there is one. */
    MetricExporter watch(MetricExporter exporter, String endpoint) {
        Watched made = new Watched(exporter, endpoint);
        watched = made;
        return made;
    }

    /** Ends the push that is under way. */
    void cancel() {
        closing = true;
        Watched exporter = watched;
        if (exporter != null) {
            exporter.shutdown();
        }
    }

    private synchronized void report(String endpoint) {
        long now = nanoTime.getAsLong();
        if (closing || (reportTime != null && now - reportTime < QUIET_NANOS)) {
            return;
        }
        reportTime = now;
        LOG.warn("Metrics do not reach {}: {}. Pushes that failed so far: {}.", endpoint, reason.get(), failed.sum());
    }

    private final class Watched implements MetricExporter {
        private final MetricExporter delegate;
        private final String endpoint;
        private final AtomicBoolean shut = new AtomicBoolean();

        Watched(MetricExporter delegate, String endpoint) {
            this.delegate = delegate;
            this.endpoint = endpoint;
        }

        @Override
        public CompletableResultCode export(Collection<MetricData> metrics) {
            CompletableResultCode result = delegate.export(metrics);
            return result.whenComplete(() -> {
                (result.isSuccess() ? exported : failed).increment();
                if (!result.isSuccess()) {
                    report(endpoint);
                }
            });
        }

        @Override
        public AggregationTemporality getAggregationTemporality(InstrumentType type) {
            return delegate.getAggregationTemporality(type);
        }

        @Override
        public CompletableResultCode flush() {
            return delegate.flush();
        }

        @Override
        public CompletableResultCode shutdown() {
            return shut.getAndSet(true) ? CompletableResultCode.ofSuccess() : delegate.shutdown();
        }
    }
}
