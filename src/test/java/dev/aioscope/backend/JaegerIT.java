package dev.aioscope.backend;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.aioscope.backend.Jaeger.JaegerSpan;
import dev.aioscope.event.WaitReason;
import dev.aioscope.guest.AioWork;
import dev.aioscope.host.Identity;
import dev.aioscope.host.Namespaces;
import dev.aioscope.kernel.Host;
import dev.aioscope.kernel.WallClock;
import dev.aioscope.lifecycle.FailedCall;
import dev.aioscope.lifecycle.RefusalOutcome;
import dev.aioscope.lifecycle.Task;
import dev.aioscope.lifecycle.Teardown;
import dev.aioscope.lifecycle.TeardownBuilder;
import dev.aioscope.lifecycle.TeardownInProgress;
import dev.aioscope.telemetry.SamplingPolicy;
import dev.aioscope.telemetry.TeardownSpans;
import dev.aioscope.testing.Aioscope;
import dev.aioscope.testing.Await;
import dev.aioscope.testing.Commands;
import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.logs.LoggerProvider;
import io.opentelemetry.exporter.otlp.http.trace.OtlpHttpSpanExporter;
import io.opentelemetry.sdk.resources.Resource;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.export.BatchSpanProcessor;
import java.math.BigInteger;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The searches of an engineer in a real Jaeger, and how the traces look that they find. */
class JaegerIT {
    /** One for all requests, because it keeps its connections, and the daemon accepts 32. */
    private static final HttpClient CLIENT = HttpClient.newHttpClient();

    private static final long NOW = 60_000_000_000L;

    @TempDir
    private static Path folder;

    private static Jaeger jaeger;

    @BeforeAll
    static void start() {
        assumeTrue(
                BuiltProgram.JAEGER.unavailable().isEmpty(),
                () -> BuiltProgram.JAEGER.unavailable().orElseThrow());
        jaeger = Jaeger.start(folder);
    }

    @AfterAll
    static void stop() {
        if (jaeger != null) {
            jaeger.close();
        }
    }

    @Test
    void findsStuckTeardownByProcessAndDuration() {
        send("stuck", spans -> {
            spans.onTeardown(TeardownBuilder.idle().build());
            Teardown teardown = TeardownBuilder.busy().build();
            spans.onStuck(
                    new TeardownInProgress(teardown, 1, WaitReason.REQUESTS, 3, 0, null, List.of(), true),
                    1_500_000_000L);
            spans.onTeardown(teardown);
        });

        List<JaegerSpan> trace = only("stuck", "", Map.of("process.executable.name", "mysqld"), "1s");
        assertThat(lines(trace))
                .containsExactly(
                        "io_destroy",
                        "io_destroy > lookup",
                        "io_destroy > kill",
                        "io_destroy > kill > unmap",
                        "io_destroy > drain",
                        "io_destroy > drain > grace period 1",
                        "io_destroy > drain > cancel",
                        "io_destroy > drain > wait for requests",
                        "io_destroy > deferred_free",
                        "io_destroy > wake");
        assertThat(trace.get(0).tags())
                .containsEntry("aio.waits_for", "requests")
                .containsEntry("aio.outstanding", "3");
        assertThat(trace.get(0).durationMicros()).isEqualTo(2_025_009);
    }

    @Test
    void findsRefusalWithOutcomeByErrorAndProcess() {
        FailedCall refusal = new FailedCall(
                FailedCall.SystemCall.IO_SETUP,
                new Task(5, 6, "a", 1, 0),
                0,
                200L,
                1_000_000,
                11,
                null,
                70,
                BigInteger.valueOf(65_500),
                BigInteger.valueOf(65_536),
                null,
                List.of(),
                null);
        send("refused", spans -> {
            spans.onFailedCall(refusal);
            spans.onRefusalOutcome(new RefusalOutcome(
                    refusal,
                    3,
                    RefusalOutcome.Status.TRANSIENT,
                    4_001_000_000L,
                    RefusalOutcome.Resolution.LIMIT,
                    null,
                    true,
                    BigInteger.valueOf(65_500),
                    BigInteger.valueOf(1_048_576)));
        });

        Map<String, String> failed = Map.of("error", "true", "process.executable.name", "mysqld");
        List<JaegerSpan> trace = only("refused", "", failed, "");
        assertThat(lines(trace)).containsExactly("io_setup", "io_setup > refusal");
        assertThat(trace.get(0).tags())
                .containsEntry("error.type", "EAGAIN")
                .containsEntry(
                        "otel.status_description",
                        "io_setup failed with EAGAIN: the quota cannot hold 70 more events (fs.aio-nr was 65500,"
                                + " fs.aio-max-nr 65536)");
        assertThat(trace.get(1).tags())
                .containsEntry("aio.refusal.outcome", "transient")
                .containsEntry("aio.refusal.cause", "limit");
        assertThat(trace.get(1).durationMicros()).isEqualTo(4_000_000);
        assertThat(only("refused", "refusal", Map.of("process.executable.name", "mysqld"), "1s"))
                .isEqualTo(trace);
    }

    /** The same searches for what the daemon observes on this host, in the tier syscall. */
    @Test
    void findsCallsThatDaemonObserved() throws Exception {
        Path output = folder.resolve("daemon.log");
        int port = ServerProcess.freePort();
        Process daemon = Commands.start(
                output,
                Map.of(
                        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
                        jaeger.tracesUrl(),
                        "OTEL_EXPORTER_OTLP_PROTOCOL",
                        "http/protobuf",
                        "OTEL_SERVICE_NAME",
                        "daemon",
                        "OTEL_BSP_SCHEDULE_DELAY",
                        "200",
                        "RUNTIME_DIRECTORY",
                        folder.toString(),
                        "STATE_DIRECTORY",
                        folder.resolve("state").toString()),
                Aioscope.command(
                        "run",
                        "--tier=syscall",
                        "--sampling-ratio=1",
                        "--scan-interval=1s",
                        "--listen=127.0.0.1:" + port));
        try {
            Commands.awaitText(daemon, output, " started: tier ");
            observeWork(port);
            Commands.stop(daemon, "TERM", 0, output);
        } finally {
            daemon.destroyForcibly();
        }
    }

    private static void observeWork(int port) throws Exception {
        long half = Host.aioMaxNr().orElseThrow().longValueExact() / 2;
        try (AioWork stuck = AioWork.start("sibling", "--wait")) {
            try (AioWork idle = AioWork.start("destroy")) {
                idle.finish();
            }
            try (AioWork holder = AioWork.start("many", "--count", "1", "--charge", "" + (half + 1), "--wait")) {
                holder.await("aio_nr");
                try (AioWork refused = AioWork.start("persist", "--charge", "" + half)) {
                    refused.await("refused");
                    holder.kill();
                    refused.finish();
                }
            }
            stuck.await("siblings");
            Await.value(
                    "the stuck teardown in the metrics",
                    () -> metrics(port),
                    text -> text.lines().anyMatch(line -> line.matches("aio_context_teardown_stuck\\{.*\\} 1\\.0")));
            stuck.proceed();
            stuck.finish();

            Map<String, String> aiowork = Map.of("process.executable.name", "aiowork");
            List<JaegerSpan> found = only("daemon", "io_destroy", aiowork, "1s");
            assertThat(found.get(0).tags())
                    .containsEntry("aio.waits_for", "siblings")
                    .containsEntry("process.pid", "" + stuck.pid());
            Map<String, String> failed = Map.of("error", "true", "process.executable.name", "aiowork");
            List<JaegerSpan> refusal = Await.value(
                    "a refusal with its outcome",
                    () -> only("daemon", "", failed, ""),
                    trace -> lines(trace).equals(List.of("io_setup", "io_setup > refusal")));
            assertThat(refusal.get(0).tags()).containsEntry("error.type", "EAGAIN");
            assertThat(refusal.get(1).tags()).containsEntry("aio.refusal.outcome", "transient");
            Map<String, String> destroyed = Map.of("process.executable.name", "aiowork", "aio.outstanding", "0");
            assertThat(Await.value(
                            "the idle io_destroy",
                            () -> jaeger.search("daemon", "io_destroy", destroyed, ""),
                            traces -> !traces.isEmpty()))
                    .allSatisfy(trace -> assertThat(lines(trace)).contains("io_destroy"));
        }
    }

    private static String metrics(int port) throws Exception {
        HttpRequest request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/metrics"))
                .build();
        return CLIENT.send(request, HttpResponse.BodyHandlers.ofString()).body();
    }

    @Test
    void findsIdleDestroyByOperation() {
        send("idle", spans -> spans.onTeardown(TeardownBuilder.idle().build()));

        List<JaegerSpan> trace = only("idle", "io_destroy", Map.of("aio.outstanding", "0"), "");
        assertThat(lines(trace))
                .contains(
                        "io_destroy > drain > grace period 1",
                        "io_destroy > drain > cancel",
                        "io_destroy > drain > grace period 2");
    }

    /** The only trace that a search finds, in the order of its times. Jaeger stores spans a moment after it accepts them. */
    private static List<JaegerSpan> only(
            String service, String operation, Map<String, String> tags, String minDuration) {
        List<List<JaegerSpan>> found = Await.value(
                "a trace of " + service,
                () -> jaeger.search(service, operation, tags, minDuration),
                traces -> !traces.isEmpty());
        assertThat(found).hasSize(1);
        return found.get(0).stream()
                .sorted(Comparator.comparing(JaegerSpan::startMicros)
                        .thenComparing(JaegerSpan::durationMicros, Comparator.reverseOrder()))
                .toList();
    }

    /** Each span as the path to it. Jaeger must find nothing wrong with it. */
    private static List<String> lines(List<JaegerSpan> trace) {
        Map<String, JaegerSpan> byId = trace.stream().collect(Collectors.toMap(JaegerSpan::id, span -> span));
        assertThat(trace).allSatisfy(span -> assertThat(span.warnings()).isEmpty());
        return trace.stream().map(span -> path(span, byId)).toList();
    }

    private static String path(JaegerSpan span, Map<String, JaegerSpan> byId) {
        return span.parentId() == null ? span.name() : path(byId.get(span.parentId()), byId) + " > " + span.name();
    }

    private static void send(String service, Consumer<TeardownSpans> events) {
        try (SdkTracerProvider provider = SdkTracerProvider.builder()
                // Without this attribute, Jaeger takes a span that outlives its parent for one with another clock.
                .setResource(Resource.create(Attributes.of(
                        AttributeKey.stringKey("service.name"), service, AttributeKey.stringKey("ip"), "192.0.2.1")))
                .addSpanProcessor(BatchSpanProcessor.builder(OtlpHttpSpanExporter.builder()
                                .setEndpoint(jaeger.tracesUrl())
                                .build())
                        .build())
                .build()) {
            Identity mysqld = new Identity(
                    null, "/usr/sbin/mysqld", List.of(), false, "mysql", null, "/a.service", Namespaces.HOST);
            events.accept(new TeardownSpans(
                    provider.get("test"),
                    LoggerProvider.noop().get("test"),
                    new WallClock(() -> NOW, Instant::now),
                    new SamplingPolicy(TeardownSpans.SLOW, 1),
                    (task, mm) -> mysqld));
            assertThat(provider.forceFlush().join(60, SECONDS).isSuccess()).isTrue();
        }
    }
}
