package dev.aioscope.telemetry;

import io.micrometer.core.instrument.binder.MeterBinder;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.prometheus.metrics.model.registry.MultiCollector;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
import java.util.Properties;
import org.jspecify.annotations.Nullable;

/**
 * All metrics of one agent, in a registry of Micrometer. What changes with each event is kept outside of its meters and
 * collected when somebody asks.
 */
public final class Metrics implements AutoCloseable {
    private final PrometheusMeterRegistry registry = new PrometheusMeterRegistry(new Config());

    /** Micrometer would put exemplars on {@code _count} too, and Prometheus 2.42 refuses the whole scrape then. */
    private static final class Config implements PrometheusConfig {
        @Override
        public @Nullable String get(String key) {
            return null;
        }

        @Override
        public Properties prometheusProperties() {
            Properties properties = new Properties();
            properties.setProperty("io.prometheus.exporter.exemplarsOnAllMetricTypes", "false");
            return properties;
        }
    }

    /** Those of the agent, and more that are collected at each scrape. */
    public Metrics(MeterBinder agent, MultiCollector... collected) {
        agent.bindTo(registry);
        for (MultiCollector collector : collected) {
            registry.getPrometheusRegistry().register(collector);
        }
    }

    /** The text of a scrape, and what kind of text it is. */
    public record Scrape(String contentType, String body) {}

    /** Text as Prometheus takes it, or OpenMetrics, with exemplars, if the header Accept of the scraper asks for it. */
    public Scrape scrape(String accept) {
        boolean isOpen = accept.contains("application/openmetrics-text");
        String type = isOpen
                ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
                : "text/plain; version=0.0.4; charset=utf-8";
        return new Scrape(type, registry.scrape(type));
    }

    /** The same numbers as objects. */
    MetricSnapshots snapshots() {
        return registry.getPrometheusRegistry().scrape();
    }

    @Override
    public void close() {
        registry.close();
    }
}
