package dev.aioscope.telemetry;

import dev.aioscope.telemetry.Metrics.Series;
import dev.aioscope.worker.ErrorBoundary;
import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.common.AttributesBuilder;
import io.opentelemetry.sdk.common.InstrumentationScopeInfo;
import io.opentelemetry.sdk.metrics.data.AggregationTemporality;
import io.opentelemetry.sdk.metrics.data.Data;
import io.opentelemetry.sdk.metrics.data.DoubleExemplarData;
import io.opentelemetry.sdk.metrics.data.DoublePointData;
import io.opentelemetry.sdk.metrics.data.GaugeData;
import io.opentelemetry.sdk.metrics.data.HistogramData;
import io.opentelemetry.sdk.metrics.data.HistogramPointData;
import io.opentelemetry.sdk.metrics.data.MetricData;
import io.opentelemetry.sdk.metrics.data.MetricDataType;
import io.opentelemetry.sdk.metrics.data.SumData;
import io.opentelemetry.sdk.metrics.export.MetricProducer;
import io.opentelemetry.sdk.resources.Resource;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Gives the OpenTelemetry SDK the series of a scrape, under their OpenTelemetry names. The SDK does the rest as its
 * {@code OTEL_*} variables say; Micrometer's registry for OTLP supports few of them.
 */
final class MetricPush implements MetricProducer {
    private static final ErrorBoundary BOUNDARY = ErrorBoundary.of("push");
    private static final InstrumentationScopeInfo SCOPE = InstrumentationScopeInfo.create("dev.aioscope");

    private final LongSupplier epochNanos;
    private volatile long start;
    private volatile @Nullable Metrics metrics;

    /** Takes a clock in ns since the epoch. */
    MetricPush(LongSupplier epochNanos) {
        this.epochNanos = epochNanos;
        this.start = epochNanos.getAsLong();
    }

    /** Sets the source; without one, nothing is pushed. */
    void setSource(Metrics source) {
        metrics = source;
    }

    @Override
    public Collection<MetricData> produce(Resource resource) {
        Metrics source = metrics;
        return source == null ? List.of() : BOUNDARY.call(() -> data(resource, source), failure -> List.of());
    }

    private List<MetricData> data(Resource resource, Metrics source) {
        long now = epochNanos.getAsLong();
        // The clock can be set back, and no series may start after its own time.
        start = Math.min(start, now);
        List<MetricData> all = new ArrayList<>();
        source.series().forEach((metric, series) -> all.add(data(resource, metric, series, now)));
        return all;
    }

    private MetricData data(Resource resource, Metric metric, List<Series> all, long now) {
        return switch (metric.type()) {
            case GAUGE ->
                new Produced(
                        resource,
                        metric,
                        MetricDataType.DOUBLE_GAUGE,
                        GaugeData.createDoubleGaugeData(
                                all.stream().map(series -> number(series, now)).toList()));
            case COUNTER -> sum(resource, metric, true, all, now);
            case UP_DOWN_COUNTER -> sum(resource, metric, false, all, now);
            case HISTOGRAM ->
                new Produced(
                        resource,
                        metric,
                        MetricDataType.HISTOGRAM,
                        HistogramData.create(
                                AggregationTemporality.CUMULATIVE,
                                all.stream()
                                        .map(series -> histogram(series, now))
                                        .toList()));
        };
    }

    private MetricData sum(Resource resource, Metric metric, boolean isMonotonic, List<Series> all, long now) {
        return new Produced(
                resource,
                metric,
                MetricDataType.DOUBLE_SUM,
                SumData.createDoubleSumData(
                        isMonotonic,
                        AggregationTemporality.CUMULATIVE,
                        all.stream().map(series -> number(series, now)).toList()));
    }

    private DoublePointData number(Series series, long now) {
        return DoublePointData.create(start, now, attributes(series), series.value(), List.of());
    }

    private HistogramPointData histogram(Series series, long now) {
        Buckets buckets = Objects.requireNonNull(series.buckets());
        return new Point(
                start,
                now,
                attributes(series),
                buckets.sum(),
                buckets.bounds().values(),
                buckets.counts(),
                buckets.exemplars().stream().map(MetricPush::exemplar).toList());
    }

    private static DoubleExemplarData exemplar(Buckets.Exemplar exemplar) {
        return DoubleExemplarData.create(
                Attributes.empty(),
                TimeUnit.MILLISECONDS.toNanos(exemplar.epochMillis()),
                exemplar.span(),
                exemplar.value());
    }

    private static Attributes attributes(Series series) {
        AttributesBuilder attributes = Attributes.builder();
        series.tags().forEach(tag -> attributes.put(tag.getKey(), tag.getValue()));
        return attributes.build();
    }

    private record Produced(Resource resource, Metric metric, MetricDataType type, Data<?> data) implements MetricData {
        @Override
        public Resource getResource() {
            return resource;
        }

        @Override
        public InstrumentationScopeInfo getInstrumentationScopeInfo() {
            return SCOPE;
        }

        @Override
        public String getName() {
            return metric.otelName();
        }

        @Override
        public String getDescription() {
            return metric.description();
        }

        @Override
        public String getUnit() {
            return metric.unit();
        }

        @Override
        public MetricDataType getType() {
            return type;
        }

        @Override
        public Data<?> getData() {
            return data;
        }
    }

    /** The public factory of the SDK takes no exemplars. */
    private record Point(
            long start,
            long now,
            Attributes attributes,
            double sum,
            List<Double> bounds,
            List<Long> counts,
            List<DoubleExemplarData> exemplars)
            implements HistogramPointData {
        @Override
        public long getCount() {
            return counts.stream().mapToLong(Long::longValue).sum();
        }

        @Override
        public long getStartEpochNanos() {
            return start;
        }

        @Override
        public long getEpochNanos() {
            return now;
        }

        @Override
        public Attributes getAttributes() {
            return attributes;
        }

        @Override
        public double getSum() {
            return sum;
        }

        @Override
        public boolean hasMin() {
            return false;
        }

        @Override
        public double getMin() {
            return 0;
        }

        @Override
        public boolean hasMax() {
            return false;
        }

        @Override
        public double getMax() {
            return 0;
        }

        @Override
        public List<Double> getBoundaries() {
            return bounds;
        }

        @Override
        public List<Long> getCounts() {
            return counts;
        }

        @Override
        public List<DoubleExemplarData> getExemplars() {
            return exemplars;
        }
    }
}
