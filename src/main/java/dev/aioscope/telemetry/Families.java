package dev.aioscope.telemetry;

import dev.aioscope.telemetry.Metric.Label;
import io.prometheus.metrics.model.snapshots.CounterSnapshot;
import io.prometheus.metrics.model.snapshots.CounterSnapshot.CounterDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot.GaugeDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot.HistogramDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import io.prometheus.metrics.model.snapshots.MetricSnapshot;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
import io.prometheus.metrics.model.snapshots.Unit;
import java.util.EnumMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Collects the series of one scrape. A family without a series is left out. */
final class Families {
    private final Map<Metric, MetricSnapshot.Builder<?>> families = new EnumMap<>(Metric.class);

    /** Adds a series of a gauge, unless its value was not seen. */
    Families gauge(Metric metric, @Nullable Number value, Labels labels) {
        if (value != null) {
            ((GaugeSnapshot.Builder) families.computeIfAbsent(metric, key -> named(GaugeSnapshot.builder(), key)))
                    .dataPoint(GaugeDataPointSnapshot.builder()
                            .value(value.doubleValue())
                            .labels(labels)
                            .build());
        }
        return this;
    }

    /** Adds a series of a counter. */
    Families counter(Metric metric, Number value, Labels labels) {
        ((CounterSnapshot.Builder) families.computeIfAbsent(metric, key -> named(CounterSnapshot.builder(), key)))
                .dataPoint(CounterDataPointSnapshot.builder()
                        .value(value.doubleValue())
                        .labels(labels)
                        .build());
        return this;
    }

    /** Adds a series of a histogram. */
    Families histogram(Metric metric, HistogramDataPointSnapshot series) {
        ((HistogramSnapshot.Builder) families.computeIfAbsent(metric, key -> named(HistogramSnapshot.builder(), key)))
                .dataPoint(series);
        return this;
    }

    private static MetricSnapshot.Builder<?> named(MetricSnapshot.Builder<?> builder, Metric metric) {
        builder.name(metric.baseName()).help(metric.meaning());
        if (metric.unit().equals("s")) {
            builder.unit(Unit.SECONDS);
        }
        return builder;
    }

    MetricSnapshots build() {
        return new MetricSnapshots(families.values().stream()
                .<MetricSnapshot>map(MetricSnapshot.Builder::build)
                .toList());
    }

    /** One label; none if the value was not seen. */
    static Labels labels(Label label, @Nullable String value) {
        return value == null ? Labels.EMPTY : Labels.of(label.prometheusName(), value);
    }

    /** Adds a label, unless its value was not seen. */
    static Labels with(Labels labels, Label label, @Nullable String value) {
        return value == null ? labels : labels.add(label.prometheusName(), value);
    }
}
