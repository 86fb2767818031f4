package dev.aioscope.telemetry;

import dev.aioscope.telemetry.Metrics.Period;
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
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Gives the OpenTelemetry SDK the series of a scrape, under their OpenTelemetry names. The SDK does the rest as its
 * {@code OTEL_*} variables say; Micrometer's registry for OTLP supports few of them.
 */
final class MetricPush implements MetricProducer {
    private static final ErrorBoundary BOUNDARY = ErrorBoundary.of("push");
    private static final InstrumentationScopeInfo SCOPE = TelemetryScope.info();

    private volatile @Nullable Metrics metrics;

    /** Sets the source; without one, nothing is pushed. */
    void setSource(Metrics source) {
        metrics = source;
    }

    @Override
    public Collection<MetricData> produce(Resource resource) {
        Metrics source = metrics;
        return source == null ? List.of() : BOUNDARY.call(() -> data(resource, source), failure -> List.of());
    }

    private static List<MetricData> data(Resource resource, Metrics source) {
        List<MetricData> all = new ArrayList<>();
        Map<Metric, List<Series>> everything = source.series();
        Period period = source.period();
        everything.forEach((metric, series) -> all.add(data(resource, metric, series, period)));
        return all;
    }

    private static MetricData data(Resource resource, Metric metric, List<Series> all, Period period) {
        return switch (metric.type()) {
            case GAUGE ->
                new Produced(
                        resource,
                        metric,
                        MetricDataType.DOUBLE_GAUGE,
                        GaugeData.createDoubleGaugeData(all.stream()
                                .map(series -> number(series, period))
                                .toList()));
            case COUNTER -> sum(resource, metric, true, all, period);
            case UP_DOWN_COUNTER -> sum(resource, metric, false, all, period);
            case HISTOGRAM ->
                new Produced(
                        resource,
                        metric,
                        MetricDataType.HISTOGRAM,
                        HistogramData.create(
                                AggregationTemporality.CUMULATIVE,
                                all.stream()
                                        .map(series -> histogram(series, period))
                                        .toList()));
        };
    }

    private static MetricData sum(
            Resource resource, Metric metric, boolean isMonotonic, List<Series> all, Period period) {
        return new Produced(
                resource,
                metric,
                MetricDataType.DOUBLE_SUM,
                SumData.createDoubleSumData(
                        isMonotonic,
                        AggregationTemporality.CUMULATIVE,
                        all.stream().map(series -> number(series, period)).toList()));
    }

    private static DoublePointData number(Series series, Period period) {
        return DoublePointData.create(
                nanos(period.start()), nanos(period.now()), attributes(series), series.value(), List.of());
    }

    private static HistogramPointData histogram(Series series, Period period) {
        Buckets buckets = Objects.requireNonNull(series.buckets());
        return new Point(
                nanos(period.start()),
                nanos(period.now()),
                attributes(series),
                buckets.sum(),
                buckets.bounds().values(),
                buckets.counts(),
                buckets.exemplars().stream().map(MetricPush::exemplar).toList());
    }

    private static DoubleExemplarData exemplar(Buckets.Exemplar exemplar) {
        return DoubleExemplarData.create(
                Attributes.empty(), nanos(exemplar.epochMillis()), exemplar.span(), exemplar.value());
    }

    private static long nanos(long millis) {
        return TimeUnit.MILLISECONDS.toNanos(millis);
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
