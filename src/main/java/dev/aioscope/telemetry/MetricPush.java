package dev.aioscope.telemetry;

import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.common.AttributesBuilder;
import io.opentelemetry.api.trace.SpanContext;
import io.opentelemetry.api.trace.TraceFlags;
import io.opentelemetry.api.trace.TraceState;
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
import io.prometheus.metrics.model.snapshots.ClassicHistogramBuckets;
import io.prometheus.metrics.model.snapshots.CounterSnapshot;
import io.prometheus.metrics.model.snapshots.DataPointSnapshot;
import io.prometheus.metrics.model.snapshots.Exemplar;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot.HistogramDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.MetricSnapshot;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Gives the SDK of OpenTelemetry, when it pushes, the same numbers that a scrape gets, under their names there. */
final class MetricPush implements MetricProducer {
    private static final InstrumentationScopeInfo SCOPE = InstrumentationScopeInfo.create("dev.aioscope");

    private final LongSupplier epochNanos;
    private volatile long start;
    private volatile @Nullable Metrics metrics;

    /** Takes the clock: ns since the epoch. */
    MetricPush(LongSupplier epochNanos) {
        this.epochNanos = epochNanos;
        this.start = epochNanos.getAsLong();
    }

    /** From now on it gives these. */
    void give(Metrics given) {
        metrics = given;
    }

    @Override
    public Collection<MetricData> produce(Resource resource) {
        Metrics given = metrics;
        if (given == null) {
            return List.of();
        }
        long now = epochNanos.getAsLong();
        // The clock can have been set back: no series begins after its own time.
        start = Math.min(start, now);
        List<MetricData> all = new ArrayList<>();
        for (MetricSnapshot family : given.snapshots()) {
            Metric.byBaseName(family.getMetadata().getPrometheusName())
                    .map(metric -> data(resource, metric, family, now))
                    .ifPresent(all::add);
        }
        return all;
    }

    private MetricData data(Resource resource, Metric metric, MetricSnapshot family, long now) {
        if (family instanceof HistogramSnapshot histogram) {
            return new Produced(
                    resource,
                    metric,
                    MetricDataType.HISTOGRAM,
                    HistogramData.create(
                            AggregationTemporality.CUMULATIVE,
                            histogram.getDataPoints().stream()
                                    .map(series -> point(metric, series, now))
                                    .toList()));
        }
        if (family instanceof CounterSnapshot counter) {
            return new Produced(
                    resource,
                    metric,
                    MetricDataType.DOUBLE_SUM,
                    SumData.createDoubleSumData(
                            true,
                            AggregationTemporality.CUMULATIVE,
                            counter.getDataPoints().stream()
                                    .map(series -> point(metric, series, series.getValue(), now))
                                    .toList()));
        }
        return new Produced(
                resource,
                metric,
                MetricDataType.DOUBLE_GAUGE,
                GaugeData.createDoubleGaugeData(((GaugeSnapshot) family)
                        .getDataPoints().stream()
                                .map(series -> point(metric, series, series.getValue(), now))
                                .toList()));
    }

    private DoublePointData point(Metric metric, DataPointSnapshot series, double value, long now) {
        return DoublePointData.create(start, now, attributes(metric, series), value, List.of());
    }

    private HistogramPointData point(Metric metric, HistogramDataPointSnapshot series, long now) {
        ClassicHistogramBuckets buckets = series.getClassicBuckets();
        List<Long> counts = new ArrayList<>();
        List<Double> bounds = new ArrayList<>();
        for (int i = 0; i < buckets.size(); i++) {
            counts.add(buckets.getCount(i));
            if (i < buckets.size() - 1) {
                bounds.add(buckets.getUpperBound(i));
            }
        }
        return new Point(
                start,
                now,
                attributes(metric, series),
                series.getSum(),
                series.getCount(),
                bounds,
                counts,
                Stream.iterate(0, i -> i < series.getExemplars().size(), i -> i + 1)
                        .map(i -> exemplar(series.getExemplars().get(i)))
                        .toList());
    }

    private static DoubleExemplarData exemplar(Exemplar exemplar) {
        return DoubleExemplarData.create(
                Attributes.empty(),
                TimeUnit.MILLISECONDS.toNanos(exemplar.getTimestampMillis()),
                SpanContext.create(
                        exemplar.getLabels().get(Exemplar.TRACE_ID),
                        exemplar.getLabels().get(Exemplar.SPAN_ID),
                        TraceFlags.getSampled(),
                        TraceState.getDefault()),
                exemplar.getValue());
    }

    private static Attributes attributes(Metric metric, DataPointSnapshot series) {
        AttributesBuilder attributes = Attributes.builder();
        for (Metric.Label label : metric.labels()) {
            String value = series.getLabels().get(label.prometheusName());
            // Micrometer gives every series of a meter the same labels, empty where there is nothing to say.
            if (value != null && !value.isEmpty()) {
                attributes.put(label.attribute(), value);
            }
        }
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
            return metric.label();
        }

        @Override
        public String getDescription() {
            return metric.meaning();
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

    /** The SDK's own has no room for exemplars. */
    private record Point(
            long start,
            long now,
            Attributes attributes,
            double sum,
            long count,
            List<Double> bounds,
            List<Long> counts,
            List<DoubleExemplarData> exemplars)
            implements HistogramPointData {
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
        public long getCount() {
            return count;
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
