package dev.aioscope.telemetry;

import dev.aioscope.probe.HostInfo;
import dev.aioscope.worker.Worker;
import io.opentelemetry.api.trace.Tracer;
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
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * The way of spans, and of metrics if they are pushed, to a back end: the OpenTelemetry SDK, set up by the standard {@code OTEL_*} variables and {@code
 * otel.*} system properties. Nothing is exported until one of them names an endpoint.
 *
 * <p>Ending a span never waits. What the back end does not take in time is dropped and counted.
 */
public final class TraceExport implements AutoCloseable {
    /** The two together stay below the second that a stopping agent has. */
    private static final long FLUSH_MILLIS = 500;

    private static final long CANCEL_MILLIS = 150;

    // LogManager holds loggers weakly: a level is lost with its logger.
    private static final Logger EXPORTER_LOG = Logger.getLogger("io.opentelemetry.exporter");
    private static final Logger SETUP_LOG = Logger.getLogger("io.opentelemetry.sdk.autoconfigure");

    /**
     * What became of the spans that ended.
     *
     * @param exported the back end took them
     * @param failed the back end refused them, or could not be reached
     * @param dropped there was no room for them
     * @param waiting they are still to be sent, or their answer is to come
     */
    public record Counts(long exported, long failed, long dropped, int waiting) {
        /** Spans that no back end will see. */
        public long lost() {
            return failed + dropped;
        }
    }

    private final OpenTelemetrySdk sdk;
    private final ExportGuard guard;
    private final PushGuard pushGuard;
    private final MetricPush push;
    private final AtomicBoolean closed = new AtomicBoolean();

    private TraceExport(OpenTelemetrySdk sdk, ExportGuard guard, PushGuard pushGuard, MetricPush push) {
        this.sdk = sdk;
        this.guard = guard;
        this.pushGuard = pushGuard;
        this.push = push;
    }

    /**
     * Sets the export up.
     *
     * @param origin the host that the spans are of
     * @throws TelemetryException if a setting is wrong
     */
    public static TraceExport open(HostInfo origin) {
        return open(origin, Map.of());
    }

    /** The same for this host, with settings that yield to those of the environment. */
    static TraceExport open(Map<String, String> settings) {
        return open(HostInfo.local(), settings);
    }

    private static TraceExport open(HostInfo origin, Map<String, String> settings) {
        ExportGuard guard = new ExportGuard(System::nanoTime);
        PushGuard pushGuard = new PushGuard(System::nanoTime, guard::lastReason);
        MetricPush push = new MetricPush(TraceExport::epochNanos);
        // A failure is told by our exception; the SDK would say first that there is one.
        quieten(SETUP_LOG, Level.WARNING);
        try {
            OpenTelemetrySdk sdk = AutoConfiguredOpenTelemetrySdk.builder()
                    .disableShutdownHook()
                    .addPropertiesSupplier(() -> settings)
                    .addPropertiesCustomizer(OtelSettings::complete)
                    .addResourceCustomizer((resource, config) -> host(origin).merge(resource))
                    .addSpanExporterCustomizer(
                            (exporter, config) -> guard.watch(exporter, OtelSettings.endpoint(config)))
                    .addSpanProcessorCustomizer(
                            (processor, config) -> guard.bound(processor, OtelSettings.queueSize(config)))
                    .addMetricExporterCustomizer((exporter, config) -> pushGuard.watch(
                            exporter, ExportGuard.withoutPassword(OtelSettings.metricsEndpoint(config))))
                    // What the SDK measures of itself is not ours, and is not pushed.
                    .addMeterProviderCustomizer((provider, config) -> provider.registerMetricProducer(push)
                            .registerView(
                                    InstrumentSelector.builder().setName("*").build(),
                                    View.builder()
                                            .setAggregation(Aggregation.drop())
                                            .build()))
                    .build()
                    .getOpenTelemetrySdk();
            listen(guard);
            return new TraceExport(sdk, guard, pushGuard, push);
        } catch (ConfigurationException | IllegalArgumentException e) {
            throw OtelSettings.explain(e, settings);
        }
    }

    /** Whether spans go anywhere. If not, there is no need to make any. */
    public boolean isActive() {
        return guard.endpoint() != null;
    }

    /** Where spans go, without a password; empty if the export is not active. */
    public Optional<String> endpoint() {
        return Optional.ofNullable(guard.endpoint());
    }

    /** Where metrics are pushed to, without a password; empty if they are not. */
    public Optional<String> metricsEndpoint() {
        return pushGuard.endpoint();
    }

    /** Pushes these metrics, if metrics are to be pushed. */
    public void push(Metrics metrics) {
        push.give(metrics);
    }

    /** How often metrics were pushed, and how often the back end did not take them. */
    public PushGuard.Counts pushes() {
        return pushGuard.counts();
    }

    /** Makes the spans of the agent; of no effect if the export is not active. */
    public Tracer tracer() {
        TracerProvider provider = isActive() ? sdk.getTracerProvider() : TracerProvider.noop();
        String version = version();
        var builder = provider.tracerBuilder("dev.aioscope");
        return version == null
                ? builder.build()
                : builder.setInstrumentationVersion(version).build();
    }

    /** What became of the spans so far. */
    public Counts counts() {
        return guard.counts();
    }

    /** Sends what is left, for as long as a stopping agent can wait, and gives up on the rest. */
    @Override
    public void close() {
        if (closed.getAndSet(true)) {
            return;
        }
        guard.closing();
        CompletableResultCode done = shutdown();
        if (!done.join(FLUSH_MILLIS, TimeUnit.MILLISECONDS).isDone()) {
            guard.cancel();
            pushGuard.cancel();
            done.join(CANCEL_MILLIS, TimeUnit.MILLISECONDS);
        }
        EXPORTER_LOG.removeHandler(guard.reasons());
        guard.closed();
    }

    /** The SDK waits for the last push inside of the call. */
    private CompletableResultCode shutdown() {
        CompletableResultCode done = new CompletableResultCode();
        Worker.startOnce("export-shutdown", self -> sdk.shutdown().whenComplete(done::succeed));
        return done;
    }

    private static long epochNanos() {
        Instant now = Instant.now();
        return TimeUnit.SECONDS.toNanos(now.getEpochSecond()) + now.getNano();
    }

    private static Resource host(HostInfo origin) {
        ResourceBuilder resource = Resource.builder()
                .put("os.type", "linux")
                .put("os.version", origin.release())
                .put("os.description", "Linux " + origin.release())
                .put("host.name", origin.name())
                .put("service.instance.id", origin.name());
        String version = version();
        if (version != null) {
            resource.put("service.version", version);
        }
        return resource.build();
    }

    private static @Nullable String version() {
        return TraceExport.class.getPackage().getImplementationVersion();
    }

    /** The guard reports failures in a line with the endpoint; the SDK does it with a stack trace and without. */
    private static void listen(ExportGuard guard) {
        EXPORTER_LOG.addHandler(guard.reasons());
        if (EXPORTER_LOG.getLevel() == null) {
            EXPORTER_LOG.setUseParentHandlers(false);
        }
    }

    /** Leaves alone what the user has set. */
    private static void quieten(Logger logger, Level level) {
        if (logger.getLevel() == null) {
            logger.setLevel(level);
        }
    }
}
