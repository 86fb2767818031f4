package dev.aioscope.recording;

import dev.aioscope.agent.DutyCycle;
import dev.aioscope.agent.IdentityCollector;
import dev.aioscope.agent.ListenerQueue;
import dev.aioscope.audit.Audit;
import dev.aioscope.host.Processes;
import dev.aioscope.inventory.Scan;
import dev.aioscope.kernel.WallClock;
import dev.aioscope.lifecycle.ForwardingListener;
import dev.aioscope.lifecycle.LifecycleListener;
import dev.aioscope.probe.Probes;
import dev.aioscope.telemetry.HolderMetrics;
import dev.aioscope.telemetry.Metrics;
import dev.aioscope.telemetry.SamplingPolicy;
import dev.aioscope.telemetry.SpecMetrics;
import dev.aioscope.telemetry.TeardownMetrics;
import dev.aioscope.telemetry.TeardownSpans;
import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.sdk.logs.SdkLoggerProvider;
import io.opentelemetry.sdk.logs.data.LogRecordData;
import io.opentelemetry.sdk.logs.export.SimpleLogRecordProcessor;
import io.opentelemetry.sdk.testing.exporter.InMemoryLogRecordExporter;
import io.opentelemetry.sdk.testing.exporter.InMemorySpanExporter;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.data.SpanData;
import io.opentelemetry.sdk.trace.export.SimpleSpanProcessor;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The output of the listeners of the daemon as text: spans, metrics and verdicts. */
public final class ReplayResult {
    private static final int MAX_QUEUED = 16_384;

    private ReplayResult() {}

    /**
     * Runs a duty cycle over these probes to their end, or until it is stopped.
     *
     * @param also a second listener
     * @param begun receives the duty cycle before it runs
     */
    public static String of(
            Probes probes, WallClock clock, Processes processes, LifecycleListener also, Consumer<DutyCycle> begun) {
        InMemorySpanExporter exporter = InMemorySpanExporter.create();
        InMemoryLogRecordExporter log = InMemoryLogRecordExporter.create();
        Metrics metrics = new Metrics();
        TeardownMetrics counts = new TeardownMetrics(metrics, probes.tier(), clock);
        HolderMetrics holders = new HolderMetrics(metrics, processes, probes::now, 20, false);
        Audit audit = new Audit(probes.tier(), false);
        SpecMetrics.register(metrics, audit);
        Scan scan;
        List<SpanData> finished;
        List<LogRecordData> records;
        try (SdkTracerProvider provider = SdkTracerProvider.builder()
                        .addSpanProcessor(SimpleSpanProcessor.create(exporter))
                        .build();
                SdkLoggerProvider loggers = SdkLoggerProvider.builder()
                        .addLogRecordProcessor(SimpleLogRecordProcessor.create(log))
                        .build()) {
            TeardownSpans spans = new TeardownSpans(
                    provider.get("test"),
                    loggers.get("test"),
                    clock,
                    new SamplingPolicy(TeardownSpans.SLOW, 1),
                    processes,
                    numbers -> Optional.empty(),
                    counts::onTrace);
            ListenerQueue queue =
                    new ListenerQueue(ForwardingListener.to(audit, spans, holders, also), MAX_QUEUED, true);
            IdentityCollector identities = new IdentityCollector(processes, ForwardingListener.to(counts, queue));
            try (queue;
                    DutyCycle cycle = new DutyCycle(probes, identities, clock, Duration.ofSeconds(1))) {
                cycle.identifyBy(identities);
                begun.accept(cycle);
                cycle.run();
                scan = cycle.latestScan();
            }
            finished = exporter.getFinishedSpanItems();
            records = log.getFinishedLogRecordItems();
        }
        if (scan != null) {
            holders.onScan(scan);
        }
        try (metrics) {
            return Stream.of(
                            spans(finished),
                            log(records),
                            metrics.scrape("").body().lines().filter(line -> line.startsWith("aio_")),
                            audit.verdicts().stream().map(String::valueOf))
                    .flatMap(lines -> lines)
                    .collect(Collectors.joining("\n", "", "\n"));
        }
    }

    /** Omits the random ids. */
    private static Stream<String> spans(List<SpanData> spans) {
        return spans.stream()
                .map(span ->
                        "span " + path(span, spans) + " " + span.getStartEpochNanos() + ".." + span.getEndEpochNanos()
                                + " " + span.getKind() + " " + span.getStatus() + " links "
                                + span.getLinks().size() + " "
                                + sorted(span.getAttributes()));
    }

    private static String path(SpanData span, List<SpanData> all) {
        return all.stream()
                        .filter(other -> other.getSpanId().equals(span.getParentSpanId()))
                        .map(parent -> path(parent, all) + "/")
                        .findFirst()
                        .orElse("")
                + span.getName();
    }

    private static Map<String, Object> sorted(Attributes attributes) {
        Map<String, Object> sorted = new TreeMap<>();
        attributes.forEach((key, value) -> sorted.put(key.getKey(), value));
        return sorted;
    }

    private static Stream<String> log(List<LogRecordData> records) {
        return records.stream()
                .map(record -> "log " + record.getTimestampEpochNanos() + " " + record.getEventName() + " "
                        + record.getBodyValue() + " " + sorted(record.getAttributes()));
    }
}
