package dev.aioscope.telemetry;

import dev.aioscope.probe.HostInfo;
import dev.aioscope.worker.Worker;
import io.opentelemetry.api.logs.Logger;
import io.opentelemetry.api.logs.LoggerBuilder;
import io.opentelemetry.api.logs.LoggerProvider;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.api.trace.TracerBuilder;
import io.opentelemetry.api.trace.TracerProvider;
import io.opentelemetry.sdk.OpenTelemetrySdk;
import io.opentelemetry.sdk.autoconfigure.AutoConfiguredOpenTelemetrySdk;
import io.opentelemetry.sdk.autoconfigure.spi.ConfigurationException;
import io.opentelemetry.sdk.common.CompletableResultCode;
import io.opentelemetry.sdk.metrics.Aggregation;
import io.opentelemetry.sdk.metrics.InstrumentSelector;
import io.opentelemetry.sdk.metrics.View;
import io.opentelemetry.sdk.resources.Resource;
import io.opentelemetry.sdk.resources.ResourceBuilder;
import io.opentelemetry.semconv.ServiceAttributes;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.logging.Level;
import org.jspecify.annotations.Nullable;

/**
 * The export of spans and log records, and of metrics if they are pushed: the OpenTelemetry SDK, configured by the standard
 * {@code OTEL_*} variables and {@code otel.*} system properties. Nothing is exported until one of them names an endpoint.
 *
 * <p>Neither the end of a span nor a log record ever blocks. Items that the back end does not accept in time are dropped and
 * counted.
 */
public final class TraceExport implements AutoCloseable {
    /** Both timeouts together stay below the second that the agent has for its shutdown. */
    private static final long FLUSH_MILLIS = 500;

    private static final long CANCEL_MILLIS = 150;

    // LogManager refers to loggers weakly; a collected logger loses its level.
    private static final java.util.logging.Logger EXPORTER_LOG =
            java.util.logging.Logger.getLogger("io.opentelemetry.exporter");
    private static final java.util.logging.Logger SETUP_LOG =
            java.util.logging.Logger.getLogger("io.opentelemetry.sdk.autoconfigure");

    private final @Nullable OpenTelemetrySdk sdk;
    private final ExportMonitor spanMonitor;
    private final ExportMonitor logMonitor;
    private final ExportMonitor pushMonitor;
    private final MetricPush push;
    private final String whyOff;
    private final Resource resource;
    private final AtomicBoolean closed = new AtomicBoolean();

    private TraceExport(
            @Nullable OpenTelemetrySdk sdk,
            ExportMonitor spanMonitor,
            ExportMonitor logMonitor,
            ExportMonitor pushMonitor,
            MetricPush push,
            String whyOff,
            Resource resource) {
        this.sdk = sdk;
        this.spanMonitor = spanMonitor;
        this.logMonitor = logMonitor;
        this.pushMonitor = pushMonitor;
        this.push = push;
        this.whyOff = whyOff;
        this.resource = resource;
    }

    /**
     * Starts the export.
     *
     * @param origin the host that the resource describes
     * @throws TelemetryException if a setting is invalid
     */
    public static TraceExport open(HostInfo origin) {
        return open(origin, Map.of());
    }

    /** Starts the export of this host, with defaults that the environment overrides. */
    static TraceExport open(Map<String, String> settings) {
        return open(HostInfo.local(), settings);
    }

    private static TraceExport open(HostInfo origin, Map<String, String> settings) {
        ExportMonitor spanMonitor = new ExportMonitor("spans", System::nanoTime);
        ExportMonitor logMonitor = new ExportMonitor("log records", System::nanoTime);
        ExportMonitor pushMonitor = new ExportMonitor("metrics", System::nanoTime);
        MetricPush push = new MetricPush();
        if (settings.isEmpty() && !OtelSettings.areGiven()) {
            // Without the SDK, whose classes would cost 2 MB.
            return new TraceExport(
                    null,
                    spanMonitor,
                    logMonitor,
                    pushMonitor,
                    push,
                    OtelSettings.NO_ENDPOINT,
                    resource(origin, false, null));
        }
        AtomicReference<String> whyOff = new AtomicReference<>("");
        AtomicReference<Resource> described = new AtomicReference<>(Resource.empty());
        // Our exception reports a failure; the SDK would log it too.
        quieten(SETUP_LOG, Level.WARNING);
        try {
            OpenTelemetrySdk sdk = AutoConfiguredOpenTelemetrySdk.builder()
                    .disableShutdownHook()
                    .setComponentLoader(new OtlpTransport())
                    .addPropertiesSupplier(() -> settings)
                    .addPropertiesCustomizer(config -> {
                        whyOff.set(OtelSettings.whyOff(config));
                        return OtelSettings.complete(config);
                    })
                    .addResourceCustomizer((resource, config) -> {
                        described.set(
                                resource(origin, OtelSettings.exports(config), OtelSettings.nodeName(config, resource))
                                        .merge(resource)
                                        .toBuilder()
                                        .setSchemaUrl(TelemetryScope.SCHEMA_URL)
                                        .build());
                        return described.get();
                    })
                    .addSpanExporterCustomizer(
                            (exporter, config) -> spanMonitor.watch(exporter, OtelSettings.endpoint(config)))
                    .addSpanProcessorCustomizer(
                            (processor, config) -> spanMonitor.limit(processor, OtelSettings.queueSize(config)))
                    .addLogRecordExporterCustomizer(
                            (exporter, config) -> logMonitor.watch(exporter, OtelSettings.logsEndpoint(config)))
                    .addLogRecordProcessorCustomizer(
                            (processor, config) -> logMonitor.limit(processor, OtelSettings.logsQueueSize(config)))
                    .addMetricExporterCustomizer(
                            (exporter, config) -> pushMonitor.watch(exporter, OtelSettings.metricsEndpoint(config)))
                    // The metrics of the SDK about itself are not pushed.
                    .addMeterProviderCustomizer((provider, config) -> provider.registerMetricProducer(push)
                            .registerView(
                                    InstrumentSelector.builder().setName("*").build(),
                                    View.builder()
                                            .setAggregation(Aggregation.drop())
                                            .build()))
                    .build()
                    .getOpenTelemetrySdk();
            // The monitors log failures in one line with the endpoint; the SDK logs stack traces without it.
            if (EXPORTER_LOG.getLevel() == null) {
                EXPORTER_LOG.setUseParentHandlers(false);
            }
            return new TraceExport(
                    sdk,
                    spanMonitor,
                    logMonitor,
                    pushMonitor,
                    push,
                    String.valueOf(whyOff.get()),
                    Objects.requireNonNull(described.get()));
        } catch (ConfigurationException | IllegalArgumentException e) {
            throw OtelSettings.explain(e, settings);
        }
    }

    /** Whether spans or log records are exported. If not, there is no need to make any. */
    public boolean isActive() {
        return endpoint().isPresent() || logsEndpoint().isPresent();
    }

    /** The destination of spans, without a password; empty if spans are not exported. */
    public Optional<String> endpoint() {
        return spanMonitor.endpoint();
    }

    /** Which setting is the reason why spans are not exported. */
    public String whyOff() {
        return whyOff;
    }

    /** The destination of log records, without a password; empty if they are not exported. */
    public Optional<String> logsEndpoint() {
        return logMonitor.endpoint();
    }

    /** The destination of metrics, without a password; empty if metrics are not pushed. */
    public Optional<String> metricsEndpoint() {
        return pushMonitor.endpoint();
    }

    /** Sets the metrics to push; no effect if metrics are not pushed. */
    public void push(Metrics metrics) {
        push.setSource(metrics);
    }

    /** The attributes of this host and agent. */
    Resource resource() {
        return resource;
    }

    /** The outcomes of all spans so far. */
    public ExportCounts spans() {
        return spanMonitor.counts();
    }

    /** The outcomes of all log records so far. */
    public ExportCounts logRecords() {
        return logMonitor.counts();
    }

    /** The outcomes of all pushes of metrics so far. */
    public ExportCounts pushes() {
        return pushMonitor.counts();
    }

    /** Makes the spans of the agent; without effect if spans are not exported. */
    public Tracer tracer() {
        TracerProvider provider =
                sdk != null && endpoint().isPresent() ? sdk.getTracerProvider() : TracerProvider.noop();
        TracerBuilder builder = provider.tracerBuilder(TelemetryScope.NAME).setSchemaUrl(TelemetryScope.SCHEMA_URL);
        String version = TelemetryScope.version();
        return version == null
                ? builder.build()
                : builder.setInstrumentationVersion(version).build();
    }

    /** Makes the log records of the agent; without effect if they are not exported. */
    public Logger logger() {
        LoggerProvider provider =
                sdk != null && logsEndpoint().isPresent() ? sdk.getLogsBridge() : LoggerProvider.noop();
        LoggerBuilder builder = provider.loggerBuilder(TelemetryScope.NAME).setSchemaUrl(TelemetryScope.SCHEMA_URL);
        String version = TelemetryScope.version();
        return version == null
                ? builder.build()
                : builder.setInstrumentationVersion(version).build();
    }

    /** Flushes the queues for at most half a second, then drops the rest. */
    @Override
    public void close() {
        OpenTelemetrySdk started = sdk;
        if (closed.getAndSet(true) || started == null) {
            return;
        }
        spanMonitor.startClosing();
        logMonitor.startClosing();
        pushMonitor.startClosing();
        CompletableResultCode done = shutdown(started);
        if (!done.join(FLUSH_MILLIS, TimeUnit.MILLISECONDS).isDone()) {
            spanMonitor.shutdown();
            logMonitor.shutdown();
            pushMonitor.shutdown();
            done.join(CANCEL_MILLIS, TimeUnit.MILLISECONDS);
        }
        spanMonitor.close();
        logMonitor.close();
        pushMonitor.close();
    }

    /** Runs on its own thread because the SDK blocks until the last push is sent. */
    private static CompletableResultCode shutdown(OpenTelemetrySdk sdk) {
        CompletableResultCode done = new CompletableResultCode();
        Worker.startOnce("export-shutdown", self -> sdk.shutdown().whenComplete(done::succeed));
        return done;
    }

    private static Resource resource(HostInfo origin, boolean isExported, @Nullable String nodeName) {
        ResourceBuilder resource = HostResource.of(origin, isExported, nodeName).toBuilder();
        String version = TelemetryScope.version();
        if (version != null) {
            resource.put(ServiceAttributes.SERVICE_VERSION, version);
        }
        return resource.build();
    }

    /** Keeps a level that the user has set. */
    private static void quieten(java.util.logging.Logger logger, Level level) {
        if (logger.getLevel() == null) {
            logger.setLevel(level);
        }
    }
}
