package dev.aioscope.telemetry;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.aioscope.backend.GrpcReceiver;
import dev.aioscope.backend.OtlpReceiver;
import dev.aioscope.backend.OtlpReceiver.Request;
import dev.aioscope.backend.OtlpReceiver.Response;
import dev.aioscope.host.Identities;
import dev.aioscope.kernel.Host;
import dev.aioscope.kernel.WallClock;
import dev.aioscope.lifecycle.FailedCall;
import dev.aioscope.lifecycle.Task;
import dev.aioscope.probe.HostInfo;
import dev.aioscope.testing.Await;
import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.proto.common.v1.KeyValue;
import io.opentelemetry.proto.trace.v1.ResourceSpans;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.Writer;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class TraceExportTest {
    private static final String NO_HTTP = "SSH-2.0-OpenSSH_9.2\r\n";

    private static final Logger LOG = Logger.getLogger(TraceExport.class.getName());

    private OtlpReceiver receiver;

    /** Closing waits half a second for the first export, too short to also load its classes on a busy host. */
    @BeforeAll
    static void loadClasses() throws Exception {
        try (OtlpReceiver server = OtlpReceiver.start();
                TraceExport export = open(
                        "otel.exporter.otlp.endpoint", server.endpoint(),
                        "otel.exporter.otlp.timeout", "60000",
                        "otel.bsp.schedule.delay", "10")) {
            emit(export, 1);
            await(export, counts -> counts.exported() == 1);
        }
    }

    @BeforeEach
    void start() {
        // Tests with a separate process check its log.
        LOG.setLevel(Level.OFF);
        receiver = OtlpReceiver.start();
    }

    @AfterEach
    void stop() {
        receiver.close();
        LOG.setLevel(null);
    }

    @Test
    void exportsNothingWithoutEndpoint() {
        for (String[] settings : new String[][] {{}, {"otel.exporter.otlp.endpoint", ""}}) {
            try (TraceExport export = open(settings)) {
                assertThat(export.isActive()).isFalse();
                emit(export, 1);
                assertThat(export.spans()).isEqualTo(new ExportCounts(0, 0, 0, 0, 0));
            }
        }
    }

    @Test
    void exportsNothingWhenExporterIsNone() {
        try (TraceExport export =
                open("otel.exporter.otlp.endpoint", receiver.endpoint(), "otel.traces.exporter", "none")) {
            assertThat(export.endpoint()).isEmpty();
            assertThat(export.logsEndpoint()).isPresent();
        }
    }

    @Test
    void flushesQueueOnClose() throws Exception {
        TraceExport export = open("otel.exporter.otlp.endpoint", receiver.endpoint());
        emit(export, 3);
        export.close();
        assertThat(export.spans()).isEqualTo(new ExportCounts(3, 0, 0, 0, 0));
        assertThat(receiver.spans()).hasSize(3).allMatch(span -> span.getName().equals("io_setup"));
        Request request = receiver.requests().get(0);
        assertThat(request.headers().getFirst("Content-Type")).isEqualTo("application/x-protobuf");
    }

    @Test
    void describesHostAndServiceInResource() {
        Map<String, String> resource =
                resourceOf("otel.exporter.otlp.traces.endpoint", receiver.endpoint() + "/v1/traces");
        assertThat(resource)
                .containsEntry("service.name", "aioscope")
                .containsEntry("os.type", "linux")
                .containsEntry("os.build_id", System.getProperty("os.version"));
        assertThat(resource).containsEntry("host.name", HostInfo.local().name());
        assertThat(resource.get("service.instance.id"))
                .matches(Pattern.quote(HostInfo.local().name()) + "(-[0-9a-f]{8})?|host-[0-9a-f]{8}");
        assertThat(resource.get("host.arch")).isIn("amd64", "arm64");
        assertThat(resource.get("os.description")).contains(System.getProperty("os.version"));
    }

    /** In a container they are those of its image. */
    @Test
    void describesDistributionOfThisHostOnly() throws IOException {
        String endpoint = "otel.exporter.otlp.endpoint";
        Map<String, String> resource = resourceOf(endpoint, receiver.endpoint());
        Map<String, String> distribution = new HashMap<>();
        for (String line : Files.readAllLines(Path.of("/etc/os-release"))) {
            String[] pair = line.split("=", 2);
            distribution.put(pair[0], pair[pair.length - 1].replace("\"", ""));
        }
        boolean isHost = Host.hasRootOfHost();

        assertThat(resource.get("os.name")).isEqualTo(isHost ? distribution.get("NAME") : null);
        assertThat(resource.get("os.version")).isEqualTo(isHost ? distribution.get("VERSION_ID") : null);
        assertThat(resource.get("host.id"))
                .isEqualTo(isHost ? Host.read("/etc/machine-id").orElse(null) : null);
        HostInfo other = new HostInfo("db1", "6.1.0", "aarch64", 8, null);
        assertThat(HostResource.of(other, true, "node-1").getAttributes().asMap())
                .containsEntry(AttributeKey.stringKey("os.description"), "Linux 6.1.0")
                .containsEntry(AttributeKey.stringKey("host.arch"), "arm64")
                .containsEntry(AttributeKey.stringKey("host.name"), "db1")
                .containsEntry(AttributeKey.stringKey("service.instance.id"), "db1")
                .doesNotContainKeys(
                        AttributeKey.stringKey("os.name"),
                        AttributeKey.stringKey("host.id"),
                        AttributeKey.stringKey("k8s.node.name"));
    }

    @Test
    void identifiesInstanceByNameAndIdOfHost() {
        // The UUID of version 5 of that ID is 2f1423a8-….
        assertThat(HostResource.instance("db1", Optional.of("0123456789abcdef0123456789abcdef")))
                .isEqualTo("db1-2f1423a8");
        assertThat(HostResource.instance("db1", Optional.empty())).isEqualTo("db1");
    }

    /** The name of a pod changes at each restart, that of its node does not. */
    @ParameterizedTest
    @ValueSource(strings = {"k8s.node.name=node-7", "otel.resource.attributes=team=x,k8s.node.name=node-7"})
    void identifiesInstanceByNodeInKubernetes(String setting) {
        String[] pair = setting.split("=", 2);
        Map<String, String> resource = resourceOf("otel.exporter.otlp.endpoint", receiver.endpoint(), pair[0], pair[1]);
        assertThat(resource).containsEntry("k8s.node.name", "node-7");
        assertThat(resource.get("service.instance.id")).startsWith("node-7");
    }

    @Test
    void namesScopeVersionAndConventions() {
        try (TraceExport export = open("otel.exporter.otlp.endpoint", receiver.endpoint())) {
            emit(export, 1);
        }
        ResourceSpans spans = receiver.requests().get(0).body().getResourceSpans(0);
        assertThat(spans.getSchemaUrl()).isEqualTo(TelemetryScope.SCHEMA_URL);
        assertThat(spans.getScopeSpans(0).getSchemaUrl()).isEqualTo(TelemetryScope.SCHEMA_URL);
        assertThat(spans.getScopeSpans(0).getScope().getName()).isEqualTo("dev.aioscope");
    }

    @Test
    void usesServiceNameOfUser() {
        String[] endpoint = {"otel.exporter.otlp.endpoint", receiver.endpoint()};
        assertThat(resourceOf(endpoint[0], endpoint[1], "otel.service.name", "mine"))
                .containsEntry("service.name", "mine");
        assertThat(resourceOf(endpoint[0], endpoint[1], "otel.resource.attributes", "service.name=other,host.name=h"))
                .containsEntry("service.name", "other")
                .containsEntry("host.name", "h");
        assertThat(resourceOf(endpoint[0], endpoint[1], "otel.resource.attributes", "service.instance.id=i"))
                .containsEntry("service.instance.id", "i");
    }

    @Test
    void honoursHeadersAndCompression() {
        try (TraceExport export = open(
                "otel.exporter.otlp.endpoint", receiver.endpoint(),
                "otel.exporter.otlp.headers", "authorization=Basic%20eA==",
                "otel.exporter.otlp.compression", "gzip")) {
            emit(export, 1);
        }
        Request request = receiver.requests().get(0);
        assertThat(request.headers().getFirst("Authorization")).isEqualTo("Basic eA==");
        assertThat(request.headers().getFirst("Content-Encoding")).isEqualTo("gzip");
        assertThat(request.spans()).hasSize(1);
    }

    @Test
    void honoursGrpc() throws Exception {
        try (RawServer server = new RawServer("")) {
            TraceExport export =
                    open("otel.exporter.otlp.endpoint", server.endpoint(), "otel.exporter.otlp.protocol", "grpc");
            emit(export, 1);
            export.close();
            assertThat(server.firstLine()).isEqualTo("PRI * HTTP/2.0");
        }
    }

    @Test
    void dropsAndCountsSpansWithoutBlockingWhenBackEndHangs() throws Exception {
        Response held = Response.ok().held();
        receiver.always(held);
        try (TraceExport export = quick("otel.bsp.max.queue.size", "64", "otel.bsp.max.export.batch.size", "16")) {
            emit(export, 1);
            receiver.awaitRequests(1, Await.LIMIT);
            emit(export, 999);
            assertThat(receiver.spans()).isEmpty();
            assertThat(export.spans()).isEqualTo(new ExportCounts(0, 0, 936, 936, 64));

            held.release();
            await(export, counts -> counts.queued() == 0);
            assertThat(export.spans()).isEqualTo(new ExportCounts(64, 0, 936, 936, 0));
            assertThat(receiver.spans()).hasSize(64);
            emit(export, 1);
            await(export, counts -> counts.exported() == 65);
        }
    }

    @Test
    void dropsTracesWithoutFindingFirst() throws Exception {
        receiver.always(Response.ok().held());
        try (TraceExport export = quick("otel.bsp.max.queue.size", "64", "otel.bsp.max.export.batch.size", "16")) {
            for (int i = 0; i < 999; i++) {
                export.tracer().spanBuilder("ordinary").startSpan().end();
            }
            assertThat(export.spans()).isEqualTo(new ExportCounts(0, 0, 967, 0, 32));
            emit(export, 999);
            assertThat(export.spans()).isEqualTo(new ExportCounts(0, 0, 967 + 967, 967, 64));
        }
    }

    @Test
    void closesInTimeWhenBackEndHangs() throws Exception {
        Response held = Response.ok().held();
        receiver.always(held);
        TraceExport export = quick("otel.bsp.max.export.batch.size", "10");
        emit(export, 1);
        receiver.awaitRequests(1, Await.LIMIT);
        emit(export, 99);
        long begin = System.nanoTime();
        export.close();
        // The SDK alone waits for 10 s.
        assertThat(System.nanoTime() - begin).isLessThan(TimeUnit.SECONDS.toNanos(5));
        assertThat(receiver.awaiting())
                .as("the server still delays its response")
                .isPositive();
        assertThat(export.spans()).isEqualTo(new ExportCounts(0, 100, 0, 0, 0));

        emit(export, 1);
        export.close();
        assertThat(export.spans()).isEqualTo(new ExportCounts(0, 100, 0, 0, 0));
        held.release();
    }

    enum Trouble {
        DOWN("Failed to connect"),
        REFUSING("HTTP status code 400"),
        OVERLOADED("HTTP status code 503"),
        HANGING_UP("unexpected end of stream"),
        NO_HTTP("Unexpected status line: SSH-2.0-OpenSSH_9.2"),
        SILENT("InterruptedIOException: timeout"),
        NOT_OTLP(": the response is not OTLP: "),
        LOGIN_PAGE(": answered text/html instead of OTLP (HTTP status code 200)"),
        REJECTING(": the back end rejected 40: the quota is used up"),
        REJECTING_ALL_IN_JSON(": the back end rejected 40: the quota is used up"),
        REDIRECTING(": redirected to http://127.0.0.1:1/login (HTTP status code 307)");

        final String reason;

        Trouble(String reason) {
            this.reason = reason;
        }

        /** Puts the back end in this state and returns its endpoint. */
        String arrange(OtlpReceiver receiver, RawServer raw) {
            switch (this) {
                case DOWN -> receiver.close();
                case REFUSING -> receiver.always(Response.refuse(400));
                case OVERLOADED -> receiver.always(Response.refuse(503));
                case HANGING_UP -> receiver.always(Response.hangUp());
                case SILENT -> receiver.always(Response.ok().held());
                case NOT_OTLP -> receiver.always(Response.garbage());
                case LOGIN_PAGE -> receiver.always(Response.page("text/html", "<html>login please</html>"));
                case REJECTING -> receiver.always(Response.partial(40, "the quota is\n\tused up"));
                case REJECTING_ALL_IN_JSON ->
                    receiver.always(
                            Response.page(
                                    "application/json",
                                    "{\"partialSuccess\":{\"rejectedSpans\":\"40\",\"errorMessage\":\"the quota is used up\"}}"));
                case REDIRECTING -> receiver.always(Response.redirect(307, "http://u:p@127.0.0.1:1/login?token=t#x"));
                case NO_HTTP -> {
                    return raw.endpoint();
                }
            }
            return receiver.endpoint();
        }
    }

    @ParameterizedTest
    @EnumSource
    void countsFailedSpans(Trouble trouble) throws Exception {
        try (RawServer raw = new RawServer(NO_HTTP);
                TraceExport export = quick(
                        "otel.exporter.otlp.endpoint",
                        trouble.arrange(receiver, raw),
                        "otel.exporter.otlp.timeout",
                        "300")) {
            emit(export, 5);
            await(export, counts -> counts.failed() == 5);
            assertThat(export.spans()).isEqualTo(new ExportCounts(0, 5, 0, 0, 0));
        }
    }

    @Test
    void exportsAgainWhenBackEndRecovers() throws Exception {
        receiver.next(Response.refuse(503), Response.refuse(400), Response.refuse(404));
        try (TraceExport export = quick()) {
            for (int i = 1; i <= 3; i++) {
                int failures = i;
                emit(export, 1);
                await(export, counts -> counts.failed() == failures);
            }
            emit(export, 1);
            await(export, counts -> counts.exported() == 1);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"application/json|{}", "application/json|{\"partialSuccess\":{}}", "text/plain|"})
    void acceptsResponseThatRejectsNothing(String response) throws Exception {
        String[] parts = response.split("\\|", -1);
        receiver.always(Response.page(parts[0], parts[1]));
        try (TraceExport export = quick()) {
            emit(export, 1);
            await(export, counts -> counts.exported() == 1);
        }
    }

    @Test
    void countsRejectedSpansOfPartialSuccessAsFailed() throws Exception {
        receiver.always(Response.partial(2, "too old"));
        try (TraceExport export = quick("otel.bsp.schedule.delay", "60000", "otel.bsp.max.export.batch.size", "5")) {
            emit(export, 5);
            await(export, counts -> counts.queued() == 0);
            assertThat(export.spans()).isEqualTo(new ExportCounts(3, 2, 0, 0, 0));
        }
    }

    @Test
    void countsSpansAcceptedWithWarningAsExported() throws Exception {
        receiver.always(Response.partial(0, "use another endpoint"));
        String endpoint = receiver.endpoint();
        assertThat(agent("answered", Map.of("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint)))
                .containsExactly(
                        "ExportCounts[exported=40, failed=0, dropped=0, droppedFindings=0, queued=0]",
                        "WARNING: exported spans to " + endpoint + "/v1/traces with a warning: use another endpoint");
    }

    @ParameterizedTest
    @ValueSource(ints = {301, 302, 303, 307, 308})
    void sendsNothingToTargetOfRedirect(int status) throws Exception {
        try (OtlpReceiver other = OtlpReceiver.start();
                TraceExport export = quick("otel.exporter.otlp.headers", "x-api-key=k123")) {
            receiver.always(Response.redirect(status, other.endpoint() + "/v1/traces"));
            emit(export, 1);
            await(export, counts -> counts.failed() == 1);
            assertThat(other.requests()).isEmpty();
        }
    }

    @Test
    void countsRejectedSpansOverGrpc() throws Exception {
        byte[] message = {10, 8, 8, 2, 18, 4, 'f', 'u', 'l', 'l'};
        try (GrpcReceiver server = GrpcReceiver.answering("200", "application/grpc", "", message, "0");
                TraceExport export = overGrpc(server)) {
            emit(export, 5);
            await(export, counts -> counts.queued() == 0);
            assertThat(export.spans()).isEqualTo(new ExportCounts(3, 2, 0, 0, 0));
        }
    }

    @Test
    void exportsOverGrpc() throws Exception {
        try (GrpcReceiver server = GrpcReceiver.answering("200", "application/grpc", "", new byte[0], "0");
                TraceExport export = overGrpc(server)) {
            emit(export, 5);
            await(export, counts -> counts.exported() == 5);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "200, application/grpc, 13", // INTERNAL
        "200, text/html, 0",
        "307, text/plain, ",
        "301, text/plain, 0",
        "200, text/html, ",
        "404, text/plain, "
    })
    void countsFailuresOverGrpc(String status, String type, String grpcStatus) throws Exception {
        try (GrpcReceiver other = GrpcReceiver.answering("200", "application/grpc", "", new byte[0], "0");
                GrpcReceiver server =
                        GrpcReceiver.answering(status, type, other.endpoint() + "/x", new byte[0], grpcStatus);
                TraceExport export = overGrpc(server)) {
            emit(export, 5);
            await(export, counts -> counts.failed() == 5);
            assertThat(other.requests()).isZero();
        }
    }

    private TraceExport overGrpc(GrpcReceiver server) {
        return quick(
                "otel.exporter.otlp.endpoint", server.endpoint(),
                "otel.exporter.otlp.protocol", "grpc",
                "otel.bsp.schedule.delay", "60000",
                "otel.bsp.max.export.batch.size", "5");
    }

    @Test
    void namesReasonWhyTracesAreOff() {
        String endpoint = receiver.endpoint();
        Map<Map<String, String>, String> reasons = Map.of(
                Map.of(), "OTEL_EXPORTER_OTLP_ENDPOINT is not set",
                Map.of("otel.exporter.otlp.endpoint", endpoint, "otel.sdk.disabled", "true"), "OTEL_SDK_DISABLED=true",
                Map.of("otel.exporter.otlp.endpoint", endpoint, "otel.traces.exporter", "none"),
                        "OTEL_TRACES_EXPORTER=none");
        reasons.forEach((settings, reason) -> {
            try (TraceExport export = TraceExport.open(settings)) {
                assertThat(export.endpoint()).isEmpty();
                assertThat(export.whyOff()).isEqualTo(reason);
            }
        });
    }

    @Test
    void isInactiveWithoutTracesAndLogs() {
        Map<String, String> traces =
                Map.of("otel.exporter.otlp.endpoint", receiver.endpoint(), "otel.logs.exporter", "none");
        Map<String, String> neither = new HashMap<>(traces);
        neither.put("otel.traces.exporter", "none");
        try (TraceExport active = TraceExport.open(traces);
                TraceExport inactive = TraceExport.open(neither)) {
            assertThat(active.isActive()).isTrue();
            assertThat(inactive.isActive()).isFalse();
        }
    }

    /** The SDK ignores them, or does not know what a scrape contains. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            otel.exporter.otlp.metrics.default.histogram.aggregation | base2_exponential_bucket_histogram | use explicit_bucket_histogram
            otel.exporter.otlp.metrics.temporality.preference        | delta                              | use cumulative
            otel.exporter.otlp.metrics.temporality.preference        | LOWMEMORY                          | use cumulative
            otel.metrics.exemplar.filter                             | always_off                         | use trace_based
            otel.metric.export.timeout                               | 1000                               | use OTEL_EXPORTER_OTLP_METRICS_TIMEOUT
            """)
    void rejectsSettingsThatPushedMetricsIgnore(String name, String value, String hint) {
        Map<String, String> push = Map.of("otel.metrics.exporter", "otlp", name, value);
        assertThatThrownBy(() -> TraceExport.open(push).close())
                .isInstanceOf(TelemetryException.class)
                .hasMessageStartingWith("cannot use " + name + ": ")
                .satisfies(e -> assertThat(((TelemetryException) e).hint()).startsWith(hint));
        TraceExport.open(Map.of(name, value)).close();
    }

    @Test
    void acceptsSettingsThatAskForWhatHappensAnyway() {
        TraceExport.open(Map.of(
                        "otel.metrics.exporter", "otlp",
                        "otel.metrics.exemplar.filter", "trace_based",
                        "otel.metric.export.timeout", "30000",
                        "otel.exporter.otlp.metrics.temporality.preference", "Cumulative",
                        "otel.log.level", "INFO",
                        "otel.sdk.disabled", "False",
                        "otel.exporter.prometheus.port", "9464",
                        "otel.event.attribute.count.limit", ""))
                .close();
    }

    @ParameterizedTest
    @ValueSource(strings = {"-0.1", "7", "NaN"})
    void rejectsRatioOfSamplerOutOfRange(String ratio) {
        Map<String, String> settings = Map.of(
                "otel.exporter.otlp.endpoint",
                receiver.endpoint(),
                "otel.traces.sampler",
                "parentbased_traceidratio",
                "otel.traces.sampler.arg",
                ratio);
        assertThatThrownBy(() -> TraceExport.open(settings).close())
                .hasMessageStartingWith("cannot use otel.traces.sampler.arg: a ratio is from 0 to 1, got ");
    }

    @Test
    void honoursSampler() throws Exception {
        try (TraceExport export =
                open("otel.exporter.otlp.endpoint", receiver.endpoint(), "otel.traces.sampler", "always_off")) {
            emit(export, 3);
            assertThat(export.spans()).isEqualTo(new ExportCounts(0, 0, 0, 0, 0));
        }
        assertThat(receiver.spans()).isEmpty();
    }

    @Test
    void keepsPlusInHeadersAndAttributes() {
        Map<String, String> resource = resourceOf(
                "otel.exporter.otlp.endpoint", receiver.endpoint(),
                "otel.exporter.otlp.headers", "authorization=Basic YTo+Pg==,x=a%2Bb+%20c",
                "otel.resource.attributes", "team=a+b");
        assertThat(receiver.requests().get(0).headers().getFirst("Authorization"))
                .isEqualTo("Basic YTo+Pg==");
        assertThat(receiver.requests().get(0).headers().getFirst("x")).isEqualTo("a+b+ c");
        assertThat(resource).containsEntry("team", "a+b");
    }

    @ParameterizedTest
    @ValueSource(strings = {"x-api-key=s3cr\u00e9t", "x-api-key=s3cr%0Aet", "x-api-key=s3cr%00et", "x key=s3cret"})
    void rejectsHeadersThatHttpDoesNotAllowWithoutTheirValues(String headers) {
        for (String protocol : List.of("http/protobuf", "grpc")) {
            Map<String, String> settings = Map.of(
                    "otel.exporter.otlp.endpoint", receiver.endpoint(),
                    "otel.exporter.otlp.protocol", protocol,
                    "otel.exporter.otlp.headers", headers);
            assertThatThrownBy(() -> TraceExport.open(settings).close())
                    .isInstanceOf(TelemetryException.class)
                    .hasMessageStartingWith("cannot use otel.exporter.otlp.headers: ")
                    .hasMessageNotContaining("s3cr");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"http://me:s3cr@et@host:port", "ftp://me:s3cr/et@host", "http://me:s3cr?et@host"})
    void hidesPasswordOfInvalidEndpoint(String endpoint) {
        assertThatThrownBy(() -> TraceExport.open(Map.of("otel.exporter.otlp.endpoint", endpoint))
                        .close())
                .isInstanceOf(TelemetryException.class)
                .hasMessageNotContaining("s3cr")
                .hasMessageNotContaining("et@");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            openssl genrsa -traditional                                                    | openssl pkcs8 -topk8 -nocrypt -in
            openssl ecparam -genkey -name prime256v1                                       | openssl pkcs8 -topk8 -nocrypt -in
            openssl genpkey -algorithm RSA -aes128 -pass pass:x                            | openssl pkcs8 -topk8 -nocrypt -in
            openssl genrsa -traditional -aes128 -passout pass:x                            | openssl pkcs8 -topk8 -nocrypt -in
            echo -----BEGIN OPENSSH PRIVATE KEY-----                                       | ssh-keygen -p -N '' -m PKCS8
            echo -----BEGIN CERTIFICATE-----                                               | use the path of the private key
            true                                                                           | use the path of the private key
            openssl genpkey -algorithm RSA                                                 | use PEM files
            """)
    void hintsAtFormOfClientKey(String command, String hint, @TempDir Path folder) throws Exception {
        Path key = folder.resolve("key");
        Process maker = new ProcessBuilder(command.split(" "))
                .redirectOutput(key.toFile())
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        assertThat(maker.waitFor()).isZero();
        Path certificate = Files.writeString(folder.resolve("certificate"), "none");
        Map<String, String> settings = Map.of(
                "otel.exporter.otlp.endpoint", "https://127.0.0.1:1",
                "otel.exporter.otlp.client.certificate", certificate.toString(),
                "otel.exporter.otlp.client.key", key.toString());
        assertThatThrownBy(() -> TraceExport.open(settings).close())
                .isInstanceOf(TelemetryException.class)
                .hasMessageContaining("otel.exporter.otlp.client.key")
                .satisfies(e -> assertThat(((TelemetryException) e).hint()).contains(hint));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '"', textBlock = """
                    otel.exporter.otlp.endpoint        | localhost:4318      | use a URL
                    otel.exporter.otlp.endpoint        | ftp://localhost     | use a URL
                    otel.exporter.otlp.traces.endpoint | http://h/x?y=1      | use a URL
                    otel.exporter.otlp.protocol        | http/xml            | use http/protobuf or grpc
                    otel.traces.exporter               | zipkin              | use otlp or none
                    otel.exporter.otlp.compression     | lzma                | use gzip or none
                    otel.exporter.otlp.headers         | nonsense            | use pairs
                    otel.resource.attributes           | nonsense            | use pairs
                    otel.exporter.otlp.certificate     | /nowhere.pem        | use the path
                    otel.exporter.otlp.timeout         | soon                | correct or unset it
                    otel.bsp.schedule.delay            | 5 fortnights        | correct or unset it
                    otel.bsp.max.queue.size            | many                | correct or unset it
                    otel.bsp.max.queue.size            | -1                  | correct or unset it
                    otel.bsp.max.queue.size            | 2147483647          | correct or unset it
                    otel.bsp.max.export.batch.size     | 0                   | correct or unset it
                    otel.bsp.schedule.delay            | 0                   | correct or unset it
                    otel.bsp.schedule.delay            | 9223372036854775807 | correct or unset it
                    otel.bsp.export.timeout            | 99999d              | correct or unset it
                    otel.metric.export.interval        | 0                   | correct or unset it
                    otel.exporter.otlp.timeout         | -1                  | correct or unset it
                    otel.exporter.otlp.traces.timeout  | 999999999999        | correct or unset it
                    otel.traces.sampler                | coin                | correct or unset it
                    otel.traces.sampler                | jaeger_remote       | correct or unset it
                    otel.exporter.otlp.headers         | a=%zz               | use %25
                    otel.exporter.otlp.headers         | a=b,c=5%            | use %25
                    otel.resource.attributes           | a=%2                | use %25
                    otel.span.attribute.count.limit    | -1                  | use 0 or more
                    otel.attribute.count.limit         | -1                  | use 0 or more
                    otel.attribute.value.length.limit  | -5                  | use 0 or more
                    otel.span.event.count.limit        | -2                  | use 0 or more
                    otel.config.file                   | otel.yaml           | set the other OTEL_ variables
                    otel.experimental.config.file      | otel.yaml           | set the other OTEL_ variables
                    otel.log.level                     | debug               | unset it
                    otel.sdk.disabled                  | yes                 | use true or false
                    otel.exporter.zipkin.endpoint      | http://z:9411       | use OTEL_EXPORTER_OTLP_ENDPOINT
                    otel.exporter.prometheus.port      | 9090                | use listen
                    otel.exporter.prometheus.host      | 0.0.0.0             | use listen
                    otel.event.attribute.count.limit   | 5                   | unset it
                    otel.link.attribute.count.limit    | 5                   | unset it
                    """)
    void namesInvalidSettingAndHint(String name, String value, String hint) {
        Map<String, String> settings = new HashMap<>(Map.of("otel.traces.exporter", "otlp"));
        settings.put(name, value);
        assertThatThrownBy(() -> TraceExport.open(settings).close())
                .isInstanceOf(TelemetryException.class)
                .hasMessageContaining(name)
                .satisfies(e -> assertThat(((TelemetryException) e).hint()).contains(hint))
                .hasMessageNotContainingAny("\n", "Unexpected configuration error")
                .satisfies(e -> assertThat(settings.keySet())
                        .filteredOn(other -> !other.equals(name))
                        .noneMatch(e.getMessage()::contains));
    }

    @Test
    void hidesPasswordOfSettingWithoutEffect() {
        assertThatThrownBy(() -> TraceExport.open(Map.of("otel.exporter.zipkin.endpoint", "http://me:secret@z:9411"))
                        .close())
                .isInstanceOf(TelemetryException.class)
                .hasMessageContaining("http://z:9411")
                .hasMessageNotContaining("secret");
    }

    /** The only output is one line with the endpoint and the reason. */
    @ParameterizedTest
    @EnumSource
    void logsOneLineOnTrouble(Trouble trouble) throws Exception {
        try (RawServer raw = new RawServer(NO_HTTP)) {
            String endpoint = trouble.arrange(receiver, raw);
            String timeout = trouble == Trouble.SILENT ? "300" : "60000";
            List<String> lines = agent(
                    "answered", Map.of("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint, "OTEL_EXPORTER_OTLP_TIMEOUT", timeout));
            assertThat(lines).hasSize(2);
            assertThat(lines.get(0))
                    .isEqualTo("ExportCounts[exported=0, failed=40, dropped=0, droppedFindings=0, queued=0]");
            assertThat(lines.get(1))
                    .startsWith("WARNING: cannot export spans to " + endpoint + "/v1/traces: ")
                    .contains(trouble.reason)
                    .endsWith(" (40 lost so far)");
        }
    }

    @Test
    void logsOneLineWhenBackEndHangsOnClose() throws Exception {
        receiver.always(Response.ok().held());
        String endpoint = receiver.endpoint();
        assertThat(agent("at once", Map.of("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint)))
                .containsExactly(
                        "ExportCounts[exported=0, failed=40, dropped=0, droppedFindings=0, queued=0]",
                        "WARNING: cannot export spans to " + endpoint
                                + "/v1/traces: no response in time (40 lost so far)");
    }

    @Test
    void logsNothingOnSuccess() throws Exception {
        assertThat(agent("answered", Map.of("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.endpoint())))
                .containsExactly("ExportCounts[exported=40, failed=0, dropped=0, droppedFindings=0, queued=0]");
        assertThat(receiver.spans()).hasSize(40);
    }

    @Test
    void reportsInvalidVariableInOneLine() throws Exception {
        assertThat(agent("answered", Map.of("OTEL_EXPORTER_OTLP_ENDPOINT", "localhost:4318")))
                .singleElement()
                .asString()
                .startsWith("cannot use OTEL_EXPORTER_OTLP_ENDPOINT: ")
                .contains("localhost:4318");
    }

    /** Runs an agent in its own process and returns its output, standard output first. */
    private static List<String> agent(String end, Map<String, String> environment) throws Exception {
        ProcessBuilder builder = new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-Djava.util.logging.SimpleFormatter.format=%4$s: %5$s%6$s%n",
                "-cp",
                System.getProperty("java.class.path"),
                Agent.class.getName(),
                end);
        builder.environment().keySet().removeIf(name -> name.startsWith("OTEL_"));
        builder.environment().put("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "40");
        builder.environment().put("OTEL_JAVA_EXPORTER_OTLP_RETRY_DISABLED", "true");
        builder.environment().putAll(environment);
        Path errors = Files.createTempFile("agent", ".err");
        try {
            Process process = builder.redirectError(errors.toFile()).start();
            String output = new String(process.getInputStream().readAllBytes(), UTF_8);
            assertThat(process.waitFor()).isZero();
            return (output + Files.readString(errors)).lines().toList();
        } finally {
            Files.delete(errors);
        }
    }

    static final class Agent {
        private Agent() {}

        public static void main(String[] args) throws Exception {
            try {
                TraceExport export = TraceExport.open(HostInfo.local());
                emit(export, 40);
                if (args[0].equals("answered")) {
                    await(export, counts -> counts.queued() == 0);
                }
                export.close();
                System.out.println(export.spans());
            } catch (TelemetryException e) {
                System.err.println(e.getMessage());
            }
        }
    }

    /** Accepts connections and sends one message to each. */
    private static final class RawServer implements AutoCloseable {
        private final ServerSocket socket = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        private final BlockingQueue<String> firstLines = new LinkedBlockingQueue<>();

        RawServer(String greeting) throws IOException {
            Thread thread = new Thread(() -> serve(greeting), "raw-server");
            thread.setDaemon(true);
            thread.start();
        }

        private void serve(String greeting) {
            while (!socket.isClosed()) {
                try (Socket client = socket.accept()) {
                    BufferedReader in = new BufferedReader(new InputStreamReader(client.getInputStream(), US_ASCII));
                    firstLines.add(in.readLine());
                    client.getOutputStream().write(greeting.getBytes(US_ASCII));
                    client.shutdownOutput();
                    // A close before the client has written its request would be another error there.
                    in.transferTo(Writer.nullWriter());
                } catch (IOException e) {
                    // The client or the test has ended.
                }
            }
        }

        String endpoint() {
            return "http://127.0.0.1:" + socket.getLocalPort();
        }

        String firstLine() throws InterruptedException {
            return firstLines.poll(Await.LIMIT.toSeconds(), TimeUnit.SECONDS);
        }

        @Override
        public void close() throws IOException {
            socket.close();
        }
    }

    private static TraceExport open(String... settings) {
        Map<String, String> map = new HashMap<>();
        for (int i = 0; i < settings.length; i += 2) {
            map.put(settings[i], settings[i + 1]);
        }
        return TraceExport.open(map);
    }

    /** Exports at once, without retries, and with a long timeout. */
    private TraceExport quick(String... settings) {
        List<String> all = new ArrayList<>(List.of(
                "otel.exporter.otlp.endpoint", receiver.endpoint(),
                "otel.exporter.otlp.timeout", "60000",
                "otel.java.exporter.otlp.retry.disabled", "true",
                "otel.bsp.schedule.delay", "10"));
        all.addAll(List.of(settings));
        return open(all.toArray(String[]::new));
    }

    private static void emit(TraceExport export, int spans) {
        WallClock clock = new WallClock(System::nanoTime, Clock.systemUTC());
        TeardownSpans listener = new TeardownSpans(
                export.tracer(), export.logger(), clock, new SamplingPolicy(TeardownSpans.SLOW, 1), Identities.NONE);
        for (int i = 0; i < spans; i++) {
            long now = System.nanoTime();
            listener.onFailedCall(new FailedCall(
                    FailedCall.SystemCall.IO_SETUP,
                    new Task(5, 6, "a", 1, 0),
                    0,
                    now,
                    now + 1,
                    11,
                    null,
                    128,
                    null,
                    null,
                    null,
                    List.of(),
                    null));
        }
    }

    private static void await(TraceExport export, Predicate<ExportCounts> wanted) throws InterruptedException {
        long deadline = System.nanoTime() + Await.LIMIT.toNanos();
        while (!wanted.test(export.spans())) {
            assertThat(System.nanoTime())
                    .as("waited too long: %s", export.spans())
                    .isLessThan(deadline);
            TimeUnit.MILLISECONDS.sleep(5);
        }
    }

    private Map<String, String> resourceOf(String... settings) {
        try (TraceExport export = open(settings)) {
            emit(export, 1);
        }
        List<Request> requests = receiver.requests();
        return requests.get(requests.size() - 1).body().getResourceSpans(0).getResource().getAttributesList().stream()
                .collect(Collectors.toMap(KeyValue::getKey, kv -> kv.getValue().getStringValue()));
    }
}
