package dev.aioscope.telemetry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.aioscope.backend.GrpcReceiver;
import dev.aioscope.backend.OtlpReceiver;
import dev.aioscope.backend.OtlpReceiver.Response;
import dev.aioscope.event.WaitReason;
import dev.aioscope.host.Identities;
import dev.aioscope.kernel.WallClock;
import dev.aioscope.lifecycle.Teardown;
import dev.aioscope.lifecycle.TeardownBuilder;
import dev.aioscope.lifecycle.TeardownInProgress;
import dev.aioscope.testing.Await;
import dev.aioscope.testing.LogLines;
import io.opentelemetry.proto.logs.v1.LogRecord;
import io.opentelemetry.proto.logs.v1.ResourceLogs;
import io.opentelemetry.proto.logs.v1.ScopeLogs;
import io.opentelemetry.proto.logs.v1.SeverityNumber;
import io.opentelemetry.proto.trace.v1.Span;
import java.io.IOException;
import java.time.Clock;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The export of log records; that of spans is in {@link TraceExportTest}. */
class LogExportTest {
    @RegisterExtension
    final LogLines log = new LogLines(TraceExport.class);

    private OtlpReceiver receiver;

    @BeforeEach
    void start() {
        receiver = OtlpReceiver.start();
    }

    @AfterEach
    void stop() {
        receiver.close();
    }

    @Test
    void exportsStuckTeardownBeforeItEnds() {
        try (TraceExport export = open()) {
            TeardownSpans spans = spans(export);
            Teardown teardown = TeardownBuilder.busy().build();
            spans.onStuck(stuck(teardown), 1_500_000_000L);
            Await.until("the log record", () -> export.logRecords().exported() == 1);
            assertThat(receiver.spans()).isEmpty();

            spans.onTeardown(teardown);
            Await.until("the spans", () -> export.spans().queued() == 0);
            Await.until("the second record", () -> export.logRecords().exported() == 2);
        }
        ResourceLogs logs = receiver.logs().get(0);
        ScopeLogs scope = logs.getScopeLogs(0);
        LogRecord record = scope.getLogRecords(0);
        assertThat(logs.getSchemaUrl()).isEqualTo(TelemetryScope.SCHEMA_URL);
        assertThat(scope.getSchemaUrl()).isEqualTo(TelemetryScope.SCHEMA_URL);
        assertThat(scope.getScope().getName()).isEqualTo(TelemetryScope.NAME);
        assertThat(logs.getResource().getAttributesList())
                .anyMatch(attribute -> attribute.getKey().equals("service.instance.id"));
        assertThat(record.getEventName()).isEqualTo("aio.teardown.stuck");
        assertThat(record.getSeverityNumber()).isEqualTo(SeverityNumber.SEVERITY_NUMBER_WARN);
        Span root = receiver.spans().stream()
                .filter(span -> span.getName().equals("io_destroy"))
                .findFirst()
                .orElseThrow();
        assertThat(record.getTraceId()).isEqualTo(root.getTraceId());
        assertThat(record.getSpanId()).isEqualTo(root.getSpanId());
    }

    @Test
    void exportsOverGrpc() throws IOException {
        byte[] message = {10, 8, 8, 2, 18, 4, 'f', 'u', 'l', 'l'};
        try (GrpcReceiver server = GrpcReceiver.answering("200", "application/grpc", "", message, "0");
                TraceExport export = open(
                        "otel.exporter.otlp.endpoint", server.endpoint(),
                        "otel.exporter.otlp.protocol", "grpc",
                        "otel.traces.exporter", "none",
                        "otel.blrp.schedule.delay", "60000",
                        "otel.blrp.max.export.batch.size", "3")) {
            emit(export, 3);
            Await.until("the response", () -> export.logRecords().queued() == 0);
            assertThat(export.logRecords()).isEqualTo(new ExportCounts(1, 2, 0, 0, 0));
        }
    }

    @Test
    void countsRejectedRecordsAsFailedWithReason() {
        receiver.always(Response.page(
                "application/json",
                "{\"partialSuccess\":{\"rejectedLogRecords\":\"1\",\"errorMessage\":\"the quota is used up\"}}"));
        try (TraceExport export = open("otel.traces.exporter", "none")) {
            emit(export, 1);
            Await.until("the failure", () -> export.logRecords().failed() == 1);
        }
        assertThat(log.lines())
                .containsExactly("cannot export log records to " + receiver.endpoint()
                        + "/v1/logs: the back end rejected 1: the quota is used up (1 lost so far)");
    }

    @Test
    void dropsAndCountsRecordsWithoutBlockingWhenBackEndHangs() {
        Response held = Response.ok().held();
        receiver.always(held);
        try (TraceExport export = open("otel.blrp.max.queue.size", "64", "otel.traces.exporter", "none")) {
            emit(export, 1000);
            assertThat(export.logRecords()).isEqualTo(new ExportCounts(0, 0, 936, 0, 64));
            held.release();
            Await.until("the queue", () -> export.logRecords().exported() == 64);
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', nullValues = "", textBlock = """
            otel.exporter.otlp.endpoint        | http://h:4318/          |                      |      | http://h:4318/v1/logs
            otel.exporter.otlp.endpoint        | http://h:4318           | otel.logs.exporter   | none |
            otel.exporter.otlp.endpoint        | http://h:4318           | otel.traces.exporter | none | http://h:4318/v1/logs
            otel.exporter.otlp.traces.endpoint | http://h:4318/v1/traces |                      |      |
            otel.exporter.otlp.logs.endpoint   | http://u:p@h/x          |                      |      | http://h/x
            otel.logs.exporter                 | otlp                    |                      |      | http://localhost:4318/v1/logs
            otel.exporter.otlp.endpoint        | http://h:4318           | otel.sdk.disabled    | true |
            """)
    void takesEndpointFromSettings(String name, String value, String other, String otherValue, String endpoint) {
        Map<String, String> settings = new HashMap<>(Map.of(name, value));
        if (other != null) {
            settings.put(other, otherValue);
        }
        try (TraceExport export = TraceExport.open(settings)) {
            assertThat(export.logsEndpoint().orElse(null)).isEqualTo(endpoint);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "otel.exporter.otlp.logs.endpoint, localhost:4318",
        "otel.exporter.otlp.logs.protocol, http/xml",
        "otel.exporter.otlp.logs.headers, nonsense",
        "otel.exporter.otlp.logs.timeout, -1",
        "otel.exporter.otlp.logs.compression, lzma",
        "otel.exporter.otlp.logs.certificate, /nowhere.pem",
        "otel.logs.exporter, loki",
        "otel.blrp.max.queue.size, 0",
        "otel.blrp.max.export.batch.size, 0",
        "otel.blrp.schedule.delay, 0",
        "otel.blrp.export.timeout, 99999d"
    })
    void namesInvalidSetting(String name, String value) {
        Map<String, String> settings = new HashMap<>(Map.of("otel.logs.exporter", "otlp"));
        settings.put(name, value);
        assertThatThrownBy(() -> TraceExport.open(settings).close())
                .isInstanceOf(TelemetryException.class)
                .hasMessageContaining(name);
    }

    private TraceExport open(String... settings) {
        Map<String, String> all = new HashMap<>(Map.of(
                "otel.exporter.otlp.endpoint", receiver.endpoint(),
                "otel.exporter.otlp.timeout", "60000",
                "otel.java.exporter.otlp.retry.disabled", "true",
                "otel.bsp.schedule.delay", "10",
                "otel.blrp.schedule.delay", "10"));
        for (int i = 0; i < settings.length; i += 2) {
            all.put(settings[i], settings[i + 1]);
        }
        return TraceExport.open(all);
    }

    private static TeardownSpans spans(TraceExport export) {
        WallClock clock = new WallClock(System::nanoTime, Clock.systemUTC());
        return new TeardownSpans(
                export.tracer(), export.logger(), clock, new SamplingPolicy(TeardownSpans.SLOW, 1), Identities.NONE);
    }

    private static TeardownInProgress stuck(Teardown teardown) {
        return new TeardownInProgress(teardown, 1, WaitReason.REQUESTS, 2, 0, null, List.of(), true);
    }

    private static void emit(TraceExport export, int records) {
        TeardownSpans spans = spans(export);
        for (int i = 0; i < records; i++) {
            spans.onStuck(stuck(TeardownBuilder.busy().build()), 1_500_000_000L);
        }
    }
}
