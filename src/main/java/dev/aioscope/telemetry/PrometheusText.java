package dev.aioscope.telemetry;

import dev.aioscope.telemetry.Metrics.Series;
import io.micrometer.core.instrument.Tag;
import io.prometheus.metrics.expositionformats.ExpositionFormatWriter;
import io.prometheus.metrics.expositionformats.OpenMetricsTextFormatWriter;
import io.prometheus.metrics.expositionformats.PrometheusTextFormatWriter;
import io.prometheus.metrics.model.snapshots.ClassicHistogramBuckets;
import io.prometheus.metrics.model.snapshots.CounterSnapshot;
import io.prometheus.metrics.model.snapshots.CounterSnapshot.CounterDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.Exemplar;
import io.prometheus.metrics.model.snapshots.Exemplars;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot.GaugeDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot.HistogramDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import io.prometheus.metrics.model.snapshots.MetricSnapshot;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
import io.prometheus.metrics.model.snapshots.Unit;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Writes all series in one of the text formats of Prometheus. */
final class PrometheusText {
    private static final ExpositionFormatWriter TEXT = PrometheusTextFormatWriter.builder()
            .setIncludeCreatedTimestamps(false)
            .build();
    private static final ExpositionFormatWriter OPEN_METRICS = OpenMetricsTextFormatWriter.builder()
            .setCreatedTimestampsEnabled(true)
            .build();

    private static final Pattern SMALL_BOUND = Pattern.compile("(?<=[{,])le=\"(\\d\\.\\d+E-\\d+)\"");

    private PrometheusText() {}

    /** The format for a scraper with this Accept header: OpenMetrics, which has exemplars, if it asks for it. */
    static ExpositionFormatWriter format(String accept) {
        return accept.contains("application/openmetrics-text") ? OPEN_METRICS : TEXT;
    }

    /**
     * Writes the series.
     *
     * @param start when they began to count, in ms since the epoch
     */
    static String write(ExpositionFormatWriter format, Map<Metric, List<Series>> all, long start) {
        MetricSnapshots snapshots = new MetricSnapshots(all.entrySet().stream()
                .map(entry -> snapshot(entry.getKey(), entry.getValue(), start))
                .toList());
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try {
            format.write(out, snapshots);
        } catch (IOException e) {
            throw new UncheckedIOException(e); // Memory does not fail.
        }
        return withPlainBounds(out.toString(StandardCharsets.UTF_8));
    }

    /** A push makes the label {@code le="0.00005"}; the library would write {@code le="5.0E-5"}, another series. */
    private static String withPlainBounds(String text) {
        return SMALL_BOUND
                .matcher(text)
                .replaceAll(found -> "le=\""
                        + new BigDecimal(found.group(1)).stripTrailingZeros().toPlainString() + "\"");
    }

    private static MetricSnapshot snapshot(Metric metric, List<Series> all, long start) {
        return switch (metric.type()) {
            case GAUGE, UP_DOWN_COUNTER -> {
                GaugeSnapshot.Builder gauge = named(GaugeSnapshot.builder(), metric);
                all.forEach(series -> gauge.dataPoint(GaugeDataPointSnapshot.builder()
                        .labels(labels(series))
                        .value(series.value())
                        .build()));
                yield gauge.build();
            }
            case COUNTER -> {
                CounterSnapshot.Builder counter = named(CounterSnapshot.builder(), metric);
                all.forEach(series -> counter.dataPoint(CounterDataPointSnapshot.builder()
                        .labels(labels(series))
                        .value(series.value())
                        .createdTimestampMillis(start)
                        .build()));
                yield counter.build();
            }
            case HISTOGRAM -> {
                HistogramSnapshot.Builder histogram = named(HistogramSnapshot.builder(), metric);
                all.forEach(series -> histogram.dataPoint(histogram(series, start)));
                yield histogram.build();
            }
        };
    }

    private static <B extends MetricSnapshot.Builder<B>> B named(B builder, Metric metric) {
        B named = builder.name(metric.baseName()).help(metric.description());
        return switch (metric.unit()) {
            case "s" -> named.unit(Unit.SECONDS);
            case "By" -> named.unit(Unit.BYTES);
            case "1" -> named.unit(Unit.RATIO);
            default -> named;
        };
    }

    private static HistogramDataPointSnapshot histogram(Series series, long start) {
        Buckets buckets = Objects.requireNonNull(series.buckets());
        double[] bounds = Stream.concat(buckets.bounds().values().stream(), Stream.of(Double.POSITIVE_INFINITY))
                .mapToDouble(Double::doubleValue)
                .toArray();
        return HistogramDataPointSnapshot.builder()
                .labels(labels(series))
                .classicHistogramBuckets(ClassicHistogramBuckets.of(
                        bounds,
                        buckets.counts().stream().mapToLong(Long::longValue).toArray()))
                .sum(buckets.sum())
                .createdTimestampMillis(start)
                .exemplars(Exemplars.of(buckets.exemplars().stream()
                        .map(PrometheusText::exemplar)
                        .toList()))
                .build();
    }

    private static Exemplar exemplar(Buckets.Exemplar exemplar) {
        return Exemplar.builder()
                .value(exemplar.value())
                .traceId(exemplar.span().getTraceId())
                .spanId(exemplar.span().getSpanId())
                .timestampMillis(exemplar.epochMillis())
                .build();
    }

    private static Labels labels(Series series) {
        Labels.Builder labels = Labels.builder();
        for (Tag tag : series.tags()) {
            labels.label(tag.getKey().replace('.', '_'), tag.getValue());
        }
        return labels.build();
    }
}
