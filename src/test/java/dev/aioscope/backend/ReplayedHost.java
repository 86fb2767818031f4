package dev.aioscope.backend;

import dev.aioscope.event.Event;
import dev.aioscope.event.Repeatable;
import dev.aioscope.host.Identities;
import dev.aioscope.kernel.WallClock;
import dev.aioscope.lifecycle.Lifecycle;
import dev.aioscope.lifecycle.Limits;
import dev.aioscope.probe.Tier;
import dev.aioscope.telemetry.SamplingPolicy;
import dev.aioscope.telemetry.TeardownSpans;
import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.logs.LoggerProvider;
import io.opentelemetry.sdk.resources.Resource;
import io.opentelemetry.sdk.testing.exporter.InMemorySpanExporter;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.data.SpanData;
import io.opentelemetry.sdk.trace.export.SimpleSpanProcessor;
import java.time.Instant;
import java.util.List;

/** A host of a simulated fleet: what happened in a recording from a lab kernel happens on it again and again. */
final class ReplayedHost {
    private final Repeatable recording;
    private final String name;
    private final Resource resource;

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

    /** Replays the recording so that it ends now, and returns the spans of all its teardowns and failed calls. */
    List<SpanData> spans() {
        List<Event> events = recording.events();
        long end = events.get(events.size() - 1).time();
        InMemorySpanExporter spans = InMemorySpanExporter.create();
        try (SdkTracerProvider provider = SdkTracerProvider.builder()
                .setResource(resource)
                .addSpanProcessor(SimpleSpanProcessor.create(spans))
                .build()) {
            Lifecycle lifecycle = new Lifecycle(
                    new TeardownSpans(
                            provider.get("dev.aioscope"),
                            LoggerProvider.noop().get("dev.aioscope"),
                            new WallClock(() -> end, Instant::now),
                            new SamplingPolicy(TeardownSpans.SLOW, 1),
                            Identities.NONE),
                    Tier.FULL,
                    Limits.DEFAULT);
            events.forEach(lifecycle::accept);
            return spans.getFinishedSpanItems();
        }
    }

    /** Whether a span belongs to a trace with a finding. */
    static boolean isOfFinding(SpanData span) {
        return span.getAttributes().get(AttributeKey.longKey("sampling.priority")) != null;
    }
}
