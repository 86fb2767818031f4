package dev.aioscope.backend;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;

import dev.aioscope.agent.DutyCycle;
import dev.aioscope.backend.Zipkin.Span;
import dev.aioscope.host.Identities;
import dev.aioscope.kernel.WallClock;
import dev.aioscope.recording.Recording;
import dev.aioscope.telemetry.SamplingPolicy;
import dev.aioscope.telemetry.TeardownSpans;
import dev.aioscope.testing.Await;
import dev.aioscope.testing.Browser;
import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.logs.LoggerProvider;
import io.opentelemetry.exporter.otlp.http.trace.OtlpHttpSpanExporter;
import io.opentelemetry.exporter.otlp.trace.OtlpGrpcSpanExporter;
import io.opentelemetry.sdk.resources.Resource;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.export.BatchSpanProcessor;
import io.opentelemetry.sdk.trace.export.SpanExporter;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Recordings of real kernels in the tier full, exported as spans through a real Collector to a real Zipkin. */
class RecordedTraceIT {
    /** Nine teardowns, and the io_setup that got EFAULT. */
    private static final int TRACES = 10;

    @TempDir
    private static Path folder;

    private static TraceBackend backend;

    @BeforeAll
    static void start() {
        backend = TraceBackend.start(folder);
    }

    @AfterAll
    static void stop() {
        if (backend != null) {
            backend.close();
        }
    }

    @ParameterizedTest
    @CsvSource({"5.10,http", "6.1,grpc", "6.12,http", "7,grpc"})
    void returnsSpanTreeOfTeardownFromZipkin(String kernel, String protocol) throws Exception {
        String service = "aioscope-on-" + kernel;
        send(kernel, service, protocol);

        List<List<Span>> traces = awaitTraces(service);
        List<Span> slow = withTenRequests(traces);
        Span root = only(slow, "io_destroy");
        Span drain = only(slow, "drain");
        assertThat(root.parentId()).isNull();
        assertThat(only(slow, "lookup").parentId()).isEqualTo(root.id());
        assertThat(only(slow, "kill").parentId()).isEqualTo(root.id());
        assertThat(only(slow, "unmap").parentId()).isEqualTo(only(slow, "kill").id());
        assertThat(drain.parentId()).isEqualTo(root.id());
        assertThat(drain.durationMicros()).isBetween(480_000L, 900_000L);
        // null_blk takes half a second for requests. The first grace period passes before the kernel waits for them.
        Span grace = only(slow, "grace period 1");
        Span requests = only(slow, "wait for requests");
        assertThat(List.of(grace, only(slow, "cancel"), requests))
                .allSatisfy(span -> assertThat(span.parentId()).isEqualTo(drain.id()))
                .isSortedAccordingTo(Comparator.comparing(Span::timestampMicros));
        assertThat(grace.durationMicros()).isBetween(1_000L, 100_000L);
        assertThat(requests.durationMicros()).isBetween(400_000L, drain.durationMicros());
        assertThat(slow).extracting(Span::name).doesNotContain("grace period 2");
        assertThat(only(slow, "deferred_free").parentId()).isEqualTo(root.id());
        assertThat(only(slow, "wake").timestampMicros() + only(slow, "wake").durationMicros())
                .isBetween(
                        root.timestampMicros() + root.durationMicros() - 1,
                        root.timestampMicros() + root.durationMicros() + 1);

        assertThat(traces.stream().flatMap(List::stream).filter(span -> span.parentId() == null))
                .extracting(Span::name)
                .contains("exit_aio", "io_setup")
                .doesNotContain("deferred_free");
        assertThat(traces.stream()
                        .flatMap(List::stream)
                        .filter(span -> span.name().equals("wait for threads")))
                .singleElement()
                .satisfies(span -> assertThat(span.durationMicros()).isGreaterThan(280_000L));
    }

    /** Makes the picture of dashboards/traces.md: target/zipkin/trace.png. */
    @Test
    void showsPhasesOfTeardownInZipkin() throws Exception {
        send("6.12", "aioscope", "http");
        List<Span> trace = withTenRequests(awaitTraces("aioscope"));
        try (Browser browser = Browser.start(folder)) {
            browser.show(1300, 760, false);
            browser.open(
                    backend.zipkin().pageOf(trace.get(0).traceId()),
                    "document.body.innerText.includes('wait for requests')");
            assertThat(trace)
                    .hasSize(10)
                    .allSatisfy(span -> assertThat(
                                    browser.evaluate("document.body.innerText").asString())
                            .contains(span.name()));
            browser.screenshot(Path.of("target/zipkin/trace.png"));
        }
    }

    private static List<List<Span>> awaitTraces(String service) {
        List<List<Span>> traces = Await.value(
                TRACES + " traces", () -> backend.zipkin().traces(service), stored -> stored.size() >= TRACES);
        assertThat(traces).hasSize(TRACES);
        return traces;
    }

    private static List<Span> withTenRequests(List<List<Span>> traces) {
        return traces.stream()
                .filter(trace -> trace.stream()
                        .anyMatch(span -> span.name().equals("io_destroy")
                                && "10".equals(span.tags().get("aio.outstanding"))))
                .findFirst()
                .orElseThrow();
    }

    private static Span only(List<Span> spans, String name) {
        List<Span> named =
                spans.stream().filter(span -> span.name().equals(name)).toList();
        assertThat(named).as(name).hasSize(1);
        return named.get(0);
    }

    private static void send(String kernel, String service, String protocol) throws IOException {
        Recording recording = Recording.open(Path.of("src/test/resources/recorded", kernel + ".aioscope"));
        SpanExporter exporter = protocol.equals("grpc")
                ? OtlpGrpcSpanExporter.builder()
                        .setEndpoint(backend.collector().endpoint("grpc"))
                        .build()
                : OtlpHttpSpanExporter.builder()
                        .setEndpoint(backend.collector().httpEndpoint() + "/v1/traces")
                        .build();
        try (SdkTracerProvider provider = SdkTracerProvider.builder()
                .setResource(Resource.create(Attributes.of(AttributeKey.stringKey("service.name"), service)))
                .addSpanProcessor(BatchSpanProcessor.builder(exporter).build())
                .build()) {
            // Zipkin returns recent spans only: the end of the recording becomes the current time.
            WallClock clock = new WallClock(recording::ended, Instant::now);
            TeardownSpans spans = new TeardownSpans(
                    provider.get("dev.aioscope"),
                    LoggerProvider.noop().get("test"),
                    clock,
                    new SamplingPolicy(TeardownSpans.SLOW, 1),
                    Identities.NONE);
            try (DutyCycle dutyCycle =
                    new DutyCycle(recording.replay(null, false), spans, clock, Duration.ofSeconds(1))) {
                dutyCycle.run();
            }
            assertThat(provider.forceFlush().join(60, SECONDS).isSuccess()).isTrue();
        }
    }
}
