package dev.aioscope.backend;

import dev.aioscope.event.Event;
import dev.aioscope.event.Repeatable;
import dev.aioscope.event.Trigger;
import dev.aioscope.event.WaitReason;
import dev.aioscope.host.Identities;
import dev.aioscope.kernel.WallClock;
import dev.aioscope.lifecycle.ForwardingListener;
import dev.aioscope.lifecycle.Lifecycle;
import dev.aioscope.lifecycle.LifecycleListener;
import dev.aioscope.lifecycle.Limits;
import dev.aioscope.lifecycle.Teardown;
import dev.aioscope.lifecycle.TeardownInProgress;
import dev.aioscope.probe.Tier;
import dev.aioscope.telemetry.SamplingPolicy;
import dev.aioscope.telemetry.TeardownSpans;
import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.sdk.logs.SdkLoggerProvider;
import io.opentelemetry.sdk.logs.data.LogRecordData;
import io.opentelemetry.sdk.logs.export.SimpleLogRecordProcessor;
import io.opentelemetry.sdk.resources.Resource;
import io.opentelemetry.sdk.testing.exporter.InMemoryLogRecordExporter;
import io.opentelemetry.sdk.testing.exporter.InMemorySpanExporter;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.data.SpanData;
import io.opentelemetry.sdk.trace.export.SimpleSpanProcessor;
import java.time.Instant;
import java.util.List;
import java.util.function.Consumer;

/** A host of a simulated fleet: what happened in a recording from a lab kernel happens on it again and again. */
final class ReplayedHost {
    private final Repeatable recording;
    private final String name;
    private final Resource resource;

    /** The spans of all teardowns and failed calls of a replay, and the log records of slow teardowns. */
    record Telemetry(List<SpanData> spans, List<LogRecordData> logRecords) {}

    /** Reports slow calls of io_destroy as stuck before their end, as scans do. The replay has no scans. */
    private record Scanned(LifecycleListener listener) implements ForwardingListener {
        @Override
        public void forward(Consumer<LifecycleListener> report) {
            report.accept(listener);
        }

        @Override
        public void onTeardown(Teardown teardown) {
            Long held = teardown.held();
            if (teardown.trigger() == Trigger.DESTROY && held != null && held >= TeardownSpans.SLOW.toNanos()) {
                TeardownInProgress stuck = new TeardownInProgress(
                        teardown,
                        teardown.startTime(),
                        WaitReason.REQUESTS,
                        teardown.outstanding(),
                        null,
                        null,
                        List.of(),
                        true);
                listener.onStuck(stuck, teardown.endTime());
            }
            listener.onTeardown(teardown);
        }
    }

    ReplayedHost(Repeatable recording, String name) {
        this.recording = recording;
        this.name = name;
        this.resource = Resource.builder()
                .put("service.name", "aioscope")
                .put("service.instance.id", name)
                .put("service.version", "0.1.0")
                .put("host.name", name)
                .put("host.arch", "amd64")
                .put("os.type", "linux")
                .put("os.build_id", "6.1.0-28-amd64")
                .put("os.description", "Linux 6.1.0-28-amd64")
                .build();
    }

    /** The value of the label {@code instance}. */
    String name() {
        return name;
    }

    Resource resource() {
        return resource;
    }

    /** Replays the recording so that it ends now. */
    Telemetry replay() {
        List<Event> events = recording.events();
        long end = events.get(events.size() - 1).time();
        InMemorySpanExporter spans = InMemorySpanExporter.create();
        InMemoryLogRecordExporter logRecords = InMemoryLogRecordExporter.create();
        try (SdkTracerProvider tracers = SdkTracerProvider.builder()
                        .setResource(resource)
                        .addSpanProcessor(SimpleSpanProcessor.create(spans))
                        .build();
                SdkLoggerProvider loggers = SdkLoggerProvider.builder()
                        .setResource(resource)
                        .addLogRecordProcessor(SimpleLogRecordProcessor.create(logRecords))
                        .build()) {
            TeardownSpans listener = new TeardownSpans(
                    tracers.get("dev.aioscope"),
                    loggers.get("dev.aioscope"),
                    new WallClock(() -> end, Instant::now),
                    new SamplingPolicy(TeardownSpans.SLOW, 1),
                    Identities.NONE);
            Lifecycle lifecycle = new Lifecycle(new Scanned(listener), Tier.FULL, Limits.DEFAULT);
            events.forEach(lifecycle::accept);
            return new Telemetry(spans.getFinishedSpanItems(), logRecords.getFinishedLogRecordItems());
        }
    }

    /** Whether a span belongs to a trace with a finding. */
    static boolean isOfFinding(SpanData span) {
        return span.getAttributes().get(AttributeKey.longKey("sampling.priority")) != null;
    }
}
