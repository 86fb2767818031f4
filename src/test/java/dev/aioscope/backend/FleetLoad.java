package dev.aioscope.backend;

import dev.aioscope.event.Repeatable;
import dev.aioscope.telemetry.PushedMetrics;
import dev.aioscope.testing.Await;
import io.opentelemetry.exporter.otlp.http.logs.OtlpHttpLogRecordExporter;
import io.opentelemetry.exporter.otlp.http.metrics.OtlpHttpMetricExporter;
import io.opentelemetry.exporter.otlp.http.trace.OtlpHttpSpanExporter;
import io.opentelemetry.sdk.common.CompletableResultCode;
import io.opentelemetry.sdk.metrics.data.MetricData;
import io.opentelemetry.sdk.trace.data.SpanData;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/**
 * Simulated hosts that export spans and log records of a replayed recording, and all metrics, at an interval, each to its
 * Collector.
 * They repeat an export until it is accepted, as an agent does for ten seconds.
 */
final class FleetLoad implements AutoCloseable {
    private static final String HOST = "host-";
    private static final Duration ANSWER_LIMIT = Duration.ofSeconds(5);

    private final ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor();
    private final ExecutorService senders = Executors.newCachedThreadPool();
    private final List<Host> hosts = new ArrayList<>();
    private final RecordedMetrics metrics = new RecordedMetrics();

    /** The IDs of spans by the ID of their trace. */
    private final Map<String, Set<String>> findings = new ConcurrentHashMap<>();

    private final Set<String> others = ConcurrentHashMap.newKeySet();
    private final Set<String> logRecords = ConcurrentHashMap.newKeySet();
    private final Map<String, Set<Long>> pushes = new ConcurrentHashMap<>();
    private final AtomicInteger rounds = new AtomicInteger();
    private ScheduledFuture<?> acting;
    private volatile boolean isEnding;
    private volatile boolean isClosed;

    /** What a host exports at once, and one push. */
    private record Export(ReplayedHost.Telemetry telemetry, Collection<MetricData> metrics) {}

    private final class Host {
        private final ReplayedHost replayed;
        private final BlockingQueue<Export> queue = new LinkedBlockingQueue<>();
        private final OtlpHttpSpanExporter spanExporter;
        private final OtlpHttpLogRecordExporter logRecordExporter;
        private final OtlpHttpMetricExporter metricExporter;

        Host(ReplayedHost replayed, String endpoint) {
            this.replayed = replayed;
            spanExporter = OtlpHttpSpanExporter.builder()
                    .setEndpoint(endpoint + "/v1/traces")
                    .setTimeout(ANSWER_LIMIT)
                    .setRetryPolicy(null)
                    .build();
            logRecordExporter = OtlpHttpLogRecordExporter.builder()
                    .setEndpoint(endpoint + "/v1/logs")
                    .setTimeout(ANSWER_LIMIT)
                    .setRetryPolicy(null)
                    .build();
            metricExporter = OtlpHttpMetricExporter.builder()
                    .setEndpoint(endpoint + "/v1/metrics")
                    .setTimeout(ANSWER_LIMIT)
                    .setRetryPolicy(null)
                    .build();
        }

        void act() {
            queue.add(new Export(replayed.replay(), PushedMetrics.of(metrics.metrics(), replayed.resource())));
        }

        void send() {
            try {
                while (!isClosed && !(isEnding && queue.isEmpty())) {
                    Export export = queue.poll(100, TimeUnit.MILLISECONDS);
                    if (export != null
                            && repeat(
                                    () -> spanExporter.export(export.telemetry().spans()))
                            && repeat(() ->
                                    logRecordExporter.export(export.telemetry().logRecords()))
                            && repeat(() -> metricExporter.export(export.metrics()))) {
                        note(replayed, export);
                    }
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            } finally {
                spanExporter.close();
                logRecordExporter.close();
                metricExporter.close();
            }
        }
    }

    /**
     * Starts hosts named host-0, host-1 and so on.
     *
     * @param endpoints the Collector of each host
     */
    static FleetLoad start(Duration interval, List<String> endpoints) throws IOException {
        FleetLoad load = new FleetLoad();
        Repeatable recording = Repeatable.read(Path.of("src/test/resources/recorded/6.1.aioscope"));
        for (String endpoint : endpoints) {
            Host host = load.new Host(new ReplayedHost(recording, HOST + load.hosts.size()), endpoint);
            load.hosts.add(host);
            load.senders.execute(host::send);
        }
        load.acting = load.clock.scheduleAtFixedRate(load::act, 0, interval.toMillis(), TimeUnit.MILLISECONDS);
        return load;
    }

    private FleetLoad() throws IOException {}

    private void act() {
        metrics.scrape("");
        hosts.forEach(Host::act);
        rounds.incrementAndGet();
    }

    private boolean repeat(Supplier<CompletableResultCode> export) throws InterruptedException {
        while (!isClosed) {
            if (export.get()
                    .join(2 * ANSWER_LIMIT.toSeconds(), TimeUnit.SECONDS)
                    .isSuccess()) {
                return true;
            }
            TimeUnit.MILLISECONDS.sleep(100);
        }
        return false;
    }

    private void note(ReplayedHost host, Export export) {
        for (SpanData span : export.telemetry().spans()) {
            if (ReplayedHost.isOfFinding(span)) {
                findings.computeIfAbsent(span.getTraceId(), trace -> ConcurrentHashMap.newKeySet())
                        .add(span.getSpanId());
            } else {
                others.add(span.getTraceId());
            }
        }
        export.telemetry().logRecords().stream()
                .map(record ->
                        record.getEventName() + " " + record.getSpanContext().getTraceId())
                .forEach(logRecords::add);
        long pushed = export.metrics()
                .iterator()
                .next()
                .getData()
                .getPoints()
                .iterator()
                .next()
                .getEpochNanos();
        pushes.computeIfAbsent(host.name(), name -> ConcurrentHashMap.newKeySet())
                .add(TimeUnit.NANOSECONDS.toMillis(pushed));
    }

    /** How often each host has acted. */
    int rounds() {
        if (acting.isDone()) {
            throw new IllegalStateException("the load has failed: " + acting);
        }
        return rounds.get();
    }

    /** The accepted pushes by host: the times of their samples in ms since the epoch. */
    Map<String, Set<Long>> pushes() {
        return pushes.entrySet().stream()
                .collect(Collectors.toMap(Map.Entry::getKey, host -> Set.copyOf(host.getValue())));
    }

    /** The traces with a finding that a Collector has accepted so far: the IDs of all their spans by trace ID. */
    Map<String, Set<String>> findings() {
        return findings.entrySet().stream()
                .collect(Collectors.toMap(Map.Entry::getKey, trace -> Set.copyOf(trace.getValue())));
    }

    /** The accepted traces without a finding. */
    Set<String> others() {
        return Set.copyOf(others);
    }

    /** The accepted log records: each an event name, a blank and a trace ID. */
    Set<String> logRecords() {
        return Set.copyOf(logRecords);
    }

    /** Ends the load, and waits until everything is accepted. */
    void finish() throws InterruptedException {
        clock.shutdownNow();
        isEnding = true;
        senders.shutdown();
        if (!senders.awaitTermination(Await.LIMIT.toSeconds(), TimeUnit.SECONDS)) {
            throw new AssertionError("the Collectors do not accept everything");
        }
    }

    @Override
    public void close() {
        clock.shutdownNow();
        isClosed = true;
        senders.shutdown();
        try {
            if (!senders.awaitTermination(1, TimeUnit.MINUTES)) {
                throw new IllegalStateException("the senders do not stop");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
