package dev.aioscope.backend;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.aioscope.agent.DutyCycle;
import dev.aioscope.backend.Zipkin.Span;
import dev.aioscope.host.Identities;
import dev.aioscope.kernel.WallClock;
import dev.aioscope.recording.Recording;
import dev.aioscope.telemetry.TeardownSpans;
import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.common.Attributes;
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
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What real kernels sent in the tier full, as spans through a real Collector to a real Zipkin, read back there. */
class RecordedTraceIT {
    private static final Duration SOON = Duration.ofSeconds(60);
    /** Nine teardowns, as many deferred frees that are linked to them, and the io_setup that got EFAULT. */
    private static final int TRACES = 19;

    @TempDir
    private static Path folder;

    private static Zipkin zipkin;
    private static Collector collector;

    @BeforeAll
    static void start() {
        assumeTrue(
                Collector.unavailable().isEmpty(), () -> Collector.unavailable().orElseThrow());
        assumeTrue(Zipkin.unavailable().isEmpty(), () -> Zipkin.unavailable().orElseThrow());
        zipkin = Zipkin.start(folder);
        collector = Collector.start(folder, zipkin.spansUrl());
    }

    @AfterAll
    static void stop() {
        if (collector != null) {
            collector.close();
        }
        if (zipkin != null) {
            zipkin.close();
        }
    }

    @ParameterizedTest
    @CsvSource({"5.10,http", "6.1,grpc", "6.12,http", "7,grpc"})
    void theTreeOfATeardownIsReadBack(String kernel, String protocol) throws Exception {
        String service = "aioscope-on-" + kernel;
        send(kernel, service, protocol);

        List<List<Span>> traces = awaitTraces(service);
        List<Span> slow = traces.stream()
                .filter(trace -> trace.stream()
                        .anyMatch(span -> span.name().equals("io_destroy")
                                && "10".equals(span.tags().get("aio.outstanding"))))
                .findFirst()
                .orElseThrow();
        Span root = only(slow, "io_destroy");
        Span drain = only(slow, "drain");
        assertThat(root.parentId()).isNull();
        assertThat(only(slow, "lookup").parentId()).isEqualTo(root.id());
        assertThat(only(slow, "kill").parentId()).isEqualTo(root.id());
        assertThat(only(slow, "unmap").parentId()).isEqualTo(only(slow, "kill").id());
        assertThat(drain.parentId()).isEqualTo(root.id());
        assertThat(drain.durationMicros()).isBetween(480_000L, 900_000L);
        // null_blk's half second: the requests, before and after free_ioctx_users, and no grace period to wait for.
        assertThat(slow).extracting(Span::name).doesNotContain("grace");
        List<Span> io = slow.stream().filter(span -> span.name().equals("io")).toList();
        assertThat(io).allSatisfy(span -> assertThat(span.parentId()).isEqualTo(drain.id()));
        assertThat(io.stream().mapToLong(Span::durationMicros).sum()).isBetween(480_000L, drain.durationMicros());
        assertThat(only(slow, "wake").timestampMicros() + only(slow, "wake").durationMicros())
                .isBetween(
                        root.timestampMicros() + root.durationMicros() - 1,
                        root.timestampMicros() + root.durationMicros() + 1);

        assertThat(traces.stream().flatMap(List::stream).filter(span -> span.parentId() == null))
                .extracting(Span::name)
                .contains("exit_aio", "io_setup", "deferred_free");
        assertThat(traces.stream()
                        .flatMap(List::stream)
                        .filter(span -> span.name().equals("siblings")))
                .singleElement()
                .satisfies(span -> assertThat(span.durationMicros()).isGreaterThan(280_000L));
    }

    private static Span only(List<Span> spans, String name) {
        List<Span> named =
                spans.stream().filter(span -> span.name().equals(name)).toList();
        assertThat(named).as(name).hasSize(1);
        return named.get(0);
    }

    private static List<List<Span>> awaitTraces(String service) throws InterruptedException {
        long deadline = System.nanoTime() + SOON.toNanos();
        List<List<Span>> traces = zipkin.traces(service);
        while (traces.size() < TRACES && System.nanoTime() < deadline) {
            TimeUnit.MILLISECONDS.sleep(100);
            traces = zipkin.traces(service);
        }
        assertThat(traces).hasSize(TRACES);
        return traces;
    }

    private static void send(String kernel, String service, String protocol) throws IOException {
        Recording recording = Recording.open(Path.of("src/test/resources/recorded", kernel + ".aioscope"));
        SpanExporter exporter = protocol.equals("grpc")
                ? OtlpGrpcSpanExporter.builder()
                        .setEndpoint(collector.grpcEndpoint())
                        .build()
                : OtlpHttpSpanExporter.builder()
                        .setEndpoint(collector.httpEndpoint() + "/v1/traces")
                        .build();
        try (SdkTracerProvider provider = SdkTracerProvider.builder()
                .setResource(Resource.create(Attributes.of(AttributeKey.stringKey("service.name"), service)))
                .addSpanProcessor(BatchSpanProcessor.builder(exporter).build())
                .build()) {
            // Zipkin shows what is new: the moment of the recording's end is now.
            WallClock clock = new WallClock(recording::ended, Instant::now);
            TeardownSpans spans =
                    new TeardownSpans(provider.get("dev.aioscope"), clock, TeardownSpans.SLOW, 1, Identities.NONE);
            try (DutyCycle watch = new DutyCycle(recording.replay(null, false), spans, clock, Duration.ofSeconds(1))) {
                watch.run();
            }
            assertThat(provider.forceFlush().join(SOON.toSeconds(), SECONDS).isSuccess())
                    .isTrue();
        }
    }
}
