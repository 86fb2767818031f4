package dev.aioscope.telemetry;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.aioscope.backend.OtlpReceiver;
import dev.aioscope.backend.OtlpReceiver.Request;
import dev.aioscope.backend.OtlpReceiver.Response;
import dev.aioscope.host.Identities;
import dev.aioscope.kernel.WallClock;
import dev.aioscope.lifecycle.FailedCall;
import dev.aioscope.lifecycle.Task;
import dev.aioscope.probe.HostInfo;
import io.opentelemetry.proto.common.v1.KeyValue;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class TraceExportTest {
    private static final Duration SOON = Duration.ofSeconds(30);
    private static final String NO_HTTP = "SSH-2.0-OpenSSH_9.2\r\n";

    private static final Logger LOG = Logger.getLogger(TraceExport.class.getName());

    private OtlpReceiver receiver;

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
                assertThat(export.spans()).isEqualTo(new ExportCounts(0, 0, 0, 0));
            }
        }
    }

    @Test
    void exportsNothingWhenExporterIsNone() {
        try (TraceExport export =
                open("otel.exporter.otlp.endpoint", receiver.endpoint(), "otel.traces.exporter", "none")) {
            assertThat(export.isActive()).isFalse();
        }
    }

    @Test
    void flushesQueueOnClose() throws Exception {
        TraceExport export = open("otel.exporter.otlp.endpoint", receiver.endpoint());
        emit(export, 3);
        export.close();
        assertThat(export.spans()).isEqualTo(new ExportCounts(3, 0, 0, 0));
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
                .containsEntry("os.version", System.getProperty("os.version"))
                .containsKey("host.name");
        assertThat(resource.get("host.name")).isNotBlank().isEqualTo(resource.get("service.instance.id"));
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
            receiver.awaitRequests(1, SOON);
            emit(export, 999);
            assertThat(receiver.spans()).isEmpty();
            assertThat(export.spans()).isEqualTo(new ExportCounts(0, 0, 936, 64));

            held.release();
            await(export, counts -> counts.queued() == 0);
            assertThat(export.spans()).isEqualTo(new ExportCounts(64, 0, 936, 0));
            assertThat(receiver.spans()).hasSize(64);
            emit(export, 1);
            await(export, counts -> counts.exported() == 65);
        }
    }

    @Test
    void closesInTimeWhenBackEndHangs() throws Exception {
        Response held = Response.ok().held();
        receiver.always(held);
        TraceExport export = quick("otel.bsp.max.export.batch.size", "10");
        emit(export, 1);
        receiver.awaitRequests(1, SOON);
        emit(export, 99);
        long begin = System.nanoTime();
        export.close();
        // The SDK alone waits for 10 s.
        assertThat(System.nanoTime() - begin).isLessThan(TimeUnit.SECONDS.toNanos(5));
        assertThat(receiver.awaiting())
                .as("the server still delays its response")
                .isPositive();
        assertThat(export.spans()).isEqualTo(new ExportCounts(0, 100, 0, 0));

        emit(export, 1);
        export.close();
        assertThat(export.spans()).isEqualTo(new ExportCounts(0, 100, 0, 0));
        held.release();
    }

    enum Trouble {
        DOWN("Failed to connect"),
        REFUSING("HTTP status code 400"),
        OVERLOADED("HTTP status code 503"),
        HANGING_UP("unexpected end of stream"),
        NO_HTTP("Unexpected status line: SSH-2.0-OpenSSH_9.2"),
        SILENT("InterruptedIOException: timeout");

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
            assertThat(export.spans()).isEqualTo(new ExportCounts(0, 5, 0, 0));
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

    @Test
    void acceptsInvalidBodyWithSuccessStatus() throws Exception {
        receiver.always(Response.garbage());
        try (TraceExport export = quick()) {
            emit(export, 1);
            await(export, counts -> counts.exported() == 1);
        }
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
                    otel.traces.sampler                | coin                | correct or unset it
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
            assertThat(lines.get(0)).isEqualTo("ExportCounts[exported=0, failed=40, dropped=0, queued=0]");
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
                        "ExportCounts[exported=0, failed=40, dropped=0, queued=0]",
                        "WARNING: cannot export spans to " + endpoint
                                + "/v1/traces: no response in time (40 lost so far)");
    }

    @Test
    void logsNothingOnSuccess() throws Exception {
        assertThat(agent("answered", Map.of("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.endpoint())))
                .containsExactly("ExportCounts[exported=40, failed=0, dropped=0, queued=0]");
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
                } catch (IOException e) {
                    // The client or the test has ended.
                }
            }
        }

        String endpoint() {
            return "http://127.0.0.1:" + socket.getLocalPort();
        }

        String firstLine() throws InterruptedException {
            return firstLines.poll(SOON.toSeconds(), TimeUnit.SECONDS);
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
        TeardownSpans listener =
                new TeardownSpans(export.tracer(), clock, new SamplingPolicy(TeardownSpans.SLOW, 1), Identities.NONE);
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
        long deadline = System.nanoTime() + SOON.toNanos();
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
