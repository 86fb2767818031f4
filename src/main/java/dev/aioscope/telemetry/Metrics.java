package dev.aioscope.telemetry;

import dev.aioscope.telemetry.Metric.Label;
import io.micrometer.core.instrument.Clock;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MultiGauge;
import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.distribution.DistributionStatisticConfig;
import io.micrometer.core.instrument.distribution.pause.PauseDetector;
import io.micrometer.core.instrument.simple.SimpleConfig;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.prometheus.metrics.expositionformats.ExpositionFormatWriter;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.function.DoubleSupplier;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * All meters of one agent, in a Micrometer registry: {@link Metric} describes them, and both the scrape and the push read
 * them. Thread-safe.
 *
 * <p>Micrometer's registry for Prometheus does not fit: see {@link Buckets}; it also adds a {@code _max} to each
 * histogram and shows an absent gauge as NaN.
 */
public final class Metrics implements AutoCloseable {
    private final Registry registry = new Registry();
    private final LongSupplier epochMillis;
    private long start;
    private volatile Runnable beforeRead = () -> {};

    /** A scrape, with its media type. */
    public record Scrape(String contentType, String body) {}

    /** Starts to count now. */
    public Metrics() {
        this(System::currentTimeMillis);
    }

    /** Takes a clock in ms since the epoch. */
    Metrics(LongSupplier epochMillis) {
        this.epochMillis = epochMillis;
        this.start = epochMillis.getAsLong();
    }

    /**
     * When a reading took place, and when counting began, in ms since the epoch.
     *
     * @param start not later than {@code now}
     */
    record Period(long start, long now) {}

    /** The period that the values of all series cover now. */
    synchronized Period period() {
        long now = epochMillis.getAsLong();
        // The clock can be set back, and no series may start after its own time.
        start = Math.min(start, now);
        return new Period(start, now);
    }

    private static final class Registry extends SimpleMeterRegistry {
        Registry() {
            super(SimpleConfig.DEFAULT, Clock.SYSTEM);
        }

        @Override
        protected Timer newTimer(Meter.Id id, DistributionStatisticConfig config, PauseDetector pauseDetector) {
            return new BucketTimer(id, clock, bucketsOf(id));
        }

        @Override
        protected DistributionSummary newDistributionSummary(
                Meter.Id id, DistributionStatisticConfig config, double scale) {
            return new BucketSummary(id, bucketsOf(id));
        }

        private static Buckets bucketsOf(Meter.Id id) {
            return new Buckets(Metric.named(id.getName()).bounds());
        }
    }

    /**
     * One series, as of one moment.
     *
     * @param value of a gauge or counter; 0 for a histogram
     * @param buckets of a histogram; else null
     */
    record Series(List<Tag> tags, double value, @Nullable Buckets buckets) {
        private static Series of(Meter meter) {
            List<Tag> tags = meter.getId().getTags();
            return meter instanceof Bucketed bucketed
                    ? new Series(tags, 0, bucketed.buckets())
                    : new Series(tags, meter.measure().iterator().next().getValue(), null);
        }
    }

    /** Registers a gauge. The series is absent while the supplier returns null. */
    void gauge(Metric metric, Tags tags, Supplier<@Nullable Number> value) {
        Gauge.builder(metric.otelName(), value)
                .description(metric.description())
                .baseUnit(metric.unit())
                .tags(tags)
                .register(registry);
    }

    /** Makes a gauge whose set of series changes. */
    MultiGauge multiGauge(Metric metric) {
        return MultiGauge.builder(metric.otelName())
                .description(metric.description())
                .baseUnit(metric.unit())
                .register(registry);
    }

    /** Registers a counter that reads its value from elsewhere. */
    void counter(Metric metric, Tags tags, DoubleSupplier value) {
        // The meter keeps only a weak reference to its object, and the registry lives as long as the meter.
        FunctionCounter.builder(metric.otelName(), registry, self -> value.getAsDouble())
                .description(metric.description())
                .baseUnit(metric.unit())
                .tags(tags)
                .register(registry);
    }

    /** The counter of this series; registers it on first use. */
    Counter counter(Metric metric, Tags tags) {
        return Counter.builder(metric.otelName())
                .description(metric.description())
                .baseUnit(metric.unit())
                .tags(tags)
                .register(registry);
    }

    /** The timer of this series; registers it on first use. */
    BucketTimer timer(Metric metric, Tags tags) {
        return (BucketTimer) Timer.builder(metric.otelName())
                .description(metric.description())
                .tags(tags)
                .register(registry);
    }

    /** The summary of this series; registers it on first use. */
    BucketSummary summary(Metric metric, Tags tags) {
        return (BucketSummary) DistributionSummary.builder(metric.otelName())
                .description(metric.description())
                .baseUnit(metric.unit())
                .tags(tags)
                .register(registry);
    }

    /** One tag; none if the value is absent. */
    static Tags tags(Label label, @Nullable String value) {
        return and(Tags.empty(), label, value);
    }

    /** Adds a tag unless the value is absent. */
    static Tags and(Tags tags, Label label, @Nullable String value) {
        return value == null ? tags : tags.and(label.attribute(), value);
    }

    /** Sets an action before each scrape and push, which can register series. */
    void beforeRead(Runnable action) {
        beforeRead = action;
    }

    /** All series that are not absent, by metric in the order of the enum. */
    Map<Metric, List<Series>> series() {
        beforeRead.run();
        Map<Metric, List<Series>> all = new EnumMap<>(Metric.class);
        for (Meter meter : registry.getMeters()) {
            Series series = Series.of(meter);
            if (Double.isFinite(series.value)) {
                all.computeIfAbsent(Metric.named(meter.getId().getName()), metric -> new ArrayList<>())
                        .add(series);
            }
        }
        return all;
    }

    /**
     * Formats all series that are not absent.
     *
     * @param accept the Accept header of the scraper, empty if there is none: OpenMetrics, with exemplars, if it asks for
     *     it; else the Prometheus text format
     */
    public Scrape scrape(String accept) {
        ExpositionFormatWriter format = PrometheusText.format(accept);
        return new Scrape(format.getContentType(), PrometheusText.write(format, series(), period().start()));
    }

    @Override
    public void close() {
        registry.close();
    }
}
