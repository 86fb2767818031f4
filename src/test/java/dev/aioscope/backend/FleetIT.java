package dev.aioscope.backend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.aioscope.backend.Zipkin.Span;
import dev.aioscope.event.Repeatable;
import dev.aioscope.telemetry.PushedMetrics;
import dev.aioscope.testing.Aioscope;
import dev.aioscope.testing.Await;
import dev.aioscope.testing.Commands;
import io.opentelemetry.exporter.otlp.http.logs.OtlpHttpLogRecordExporter;
import io.opentelemetry.exporter.otlp.http.metrics.OtlpHttpMetricExporter;
import io.opentelemetry.exporter.otlp.http.trace.OtlpHttpSpanExporter;
import io.opentelemetry.sdk.common.CompletableResultCode;
import io.opentelemetry.sdk.resources.Resource;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/**
 * A fleet with real servers: a daemon pushes telemetry of the demo workload through the Collector of its host (agent.yaml), a
 * sampling gateway (to-kafka.yaml), Kafka and a reader (from-kafka.yaml) to Zipkin and Prometheus.
 */
class FleetIT {
    private static final String PUSHED = "{job=\"aioscope\"}";
    /** The default slow threshold of the agent. */
    private static final long SLOW_MICROS = 100_000;

    @TempDir
    private static Path folder;

    private static final Deque<AutoCloseable> OPEN = new ArrayDeque<>();
    private static Zipkin zipkin;
    private static Prometheus prometheus;
    private static Kafka kafka;
    private static Collector gateway;
    private static Collector reader;
    private static int port;
    private static long demo;

    @BeforeAll
    static void start() throws Exception {
        for (Optional<String> reason : List.of(Prometheus.unavailable(), BuiltProgram.KAFKA.unavailable())) {
            assumeTrue(reason.isEmpty(), () -> reason.orElseThrow());
        }
        TraceBackend backend = open(TraceBackend.start(folder));
        zipkin = backend.zipkin();
        prometheus = open(Prometheus.start(folder));
        kafka = open(Kafka.start(folder, 1));
        String store = backend.collector().httpEndpoint();
        reader = open(Collector.reader(folder, kafka, store, store, prometheus));
        gateway = open(Collector.gateway(folder, kafka, 1));
        Collector host = open(Collector.host(folder, gateway.httpEndpoint()));
        port = ServerProcess.freePort();
        ServerProcess agent = open(ServerProcess.start(
                "agent",
                folder,
                Map.of(
                        "OTEL_EXPORTER_OTLP_ENDPOINT",
                        host.httpEndpoint(),
                        "OTEL_METRICS_EXPORTER",
                        "otlp",
                        "OTEL_METRIC_EXPORT_INTERVAL",
                        "1000",
                        "RUNTIME_DIRECTORY",
                        folder.toString()),
                List.of(Aioscope.command(
                        "run",
                        "--allow-syscall-tier",
                        "--sampling-ratio",
                        "1",
                        "--recorder-size",
                        "off",
                        "--listen",
                        "127.0.0.1:" + port))));
        agent.awaitReady(Duration.ofSeconds(60), () -> agent.output().contains(" started: tier "));
        demo = runDemo();
    }

    private static <T extends AutoCloseable> T open(T opened) {
        OPEN.push(opened);
        return opened;
    }

    @AfterAll
    static void stop() throws Exception {
        while (!OPEN.isEmpty()) {
            OPEN.pop().close();
        }
    }

    /** Runs the demo workload and returns the id of its process. */
    private static long runDemo() throws IOException {
        Path log = folder.resolve("demo.log");
        Process process = Commands.start(log, Aioscope.command("demo", "--directory", folder.toString()));
        Commands.awaitExit(process);
        assertThat(process.exitValue()).as(Files.readString(log)).isZero();
        return process.pid();
    }

    private static List<Span> roots() {
        return zipkin.rootSpans("aioscope", demo);
    }

    private static boolean isSlow(Span span) {
        return span.durationMicros() != null && span.durationMicros() >= SLOW_MICROS;
    }

    private static boolean hasFailed(Span span) {
        return span.tags().containsKey("error.type");
    }

    @Test
    void keepsFailedAndSlowTracesInGateway() throws Exception {
        // Two wrong handles and a refusal fail; one destroy waits 300 ms with one request outstanding.
        Await.until(
                "the failed calls and the slow one",
                () -> roots().stream().filter(FleetIT::hasFailed).count() == 3
                        && roots().stream().anyMatch(FleetIT::isSlow));

        assertThat(roots().stream().filter(FleetIT::isSlow))
                .anySatisfy(span -> assertThat(span.tags()).containsEntry("aio.outstanding", "1"));
        // The gateway keeps one in a hundred of the other six.
        assertThat(roots().stream()
                        .filter(span -> !hasFailed(span) && !isSlow(span))
                        .filter(span ->
                                span.tags().getOrDefault("aio.outstanding", "0").equals("0")))
                .hasSizeLessThan(4);
    }

    @Test
    void pushesSameMetricNamesAndValuesAsScrape() throws Exception {
        String destroys =
                "aio_context_destroy_duration_seconds_count{job=\"aioscope\",aio_trigger=\"destroy\",error_type=\"\"}";
        Await.until("the seven destroys", () -> latest(destroys) >= 7);

        String scraped = new String(
                URI.create("http://127.0.0.1:" + port + "/metrics")
                        .toURL()
                        .openStream()
                        .readAllBytes(),
                StandardCharsets.UTF_8);
        Set<String> names = scraped.lines()
                .filter(line -> !line.startsWith("#"))
                .map(line -> line.replaceAll("[{ ].*", ""))
                .collect(Collectors.toCollection(TreeSet::new));
        Await.until("every metric", () -> pushedNames().containsAll(names));
        assertThat(pushedNames()).isEqualTo(names);
        assertThat(pushedBounds()).isEqualTo(scrapedBounds(scraped));
        assertThat(prometheus.query("aio_event_usage" + PUSHED))
                .singleElement()
                .satisfies(series -> assertThat(
                                series.path("metric").path("instance").asString())
                        .matches(Pattern.quote(Files.readString(Path.of("/proc/sys/kernel/hostname"))
                                        .strip())
                                + "-[0-9a-f]{8}"));
    }

    private static double latest(String query) throws IOException {
        List<JsonNode> series = prometheus.query(query);
        if (series.isEmpty()) {
            return 0;
        }
        JsonNode values = series.get(0).path("values");
        return Double.parseDouble(values.path(values.size() - 1).path(1).asString());
    }

    private static Set<String> scrapedBounds(String text) {
        return Pattern.compile("(?m)^(\\w+_bucket)\\{.*le=\"([^\"]+)\"")
                .matcher(text)
                .results()
                .map(bound -> bound.group(1) + " " + bound.group(2))
                .collect(Collectors.toCollection(TreeSet::new));
    }

    private static Set<String> pushedBounds() throws IOException {
        return prometheus.query("{job=\"aioscope\",le!=\"\"}").stream()
                .map(series -> series.path("metric"))
                .map(labels -> labels.path("__name__").asString() + " "
                        + labels.path("le").asString())
                .collect(Collectors.toCollection(TreeSet::new));
    }

    private static Set<String> pushedNames() throws IOException {
        return prometheus.query(PUSHED).stream()
                .map(series -> series.path("metric").path("__name__").asString())
                // The Collector adds target_info; Prometheus adds ALERTS series and those of recording rules.
                .filter(name -> !name.equals("target_info") && !name.startsWith("ALERTS") && !name.contains(":"))
                .collect(Collectors.toCollection(TreeSet::new));
    }

    @Test
    void linksExemplarInPrometheusToTraceInZipkin() throws Exception {
        String buckets = "aio_context_destroy_duration_seconds_bucket" + PUSHED;
        Await.until(
                "an exemplar whose trace was kept",
                () -> prometheus.exemplars(buckets).stream()
                        .flatMap(series -> series.path("exemplars").valueStream())
                        .map(exemplar -> exemplar.path("labels"))
                        .anyMatch(labels -> zipkin.trace(labels.path("trace_id").asString()).stream()
                                .anyMatch(span -> span.name().equals("io_destroy")
                                        && span.id()
                                                .equals(labels.path("span_id").asString()))));
    }

    @Test
    void collectorsHaveMetricsOfAlertsAndDashboard() throws Exception {
        Path own = Files.createDirectory(folder.resolve("metrics"));
        String none = "http://127.0.0.1:1";
        try (Collector full = Collector.start(
                        own,
                        Path.of("dashboards/otel/agent.yaml"),
                        Map.of("OTLP_ENDPOINT", none, "QUEUE_DIRECTORY", own.toString()),
                        "exporters: {otlp_http: {sending_queue: {queue_size: 1}}}");
                Collector withoutStores = Collector.start(
                        own,
                        Path.of("dashboards/otel/from-kafka.yaml"),
                        Map.of(
                                "KAFKA_BROKERS", kafka.broker(),
                                "TRACES_ENDPOINT", none,
                                "LOGS_ENDPOINT", none,
                                "METRICS_ENDPOINT", none),
                        "receivers: {kafka: {group_id: without-stores}}")) {
            export(full);
            export(gateway);
            Set<String> used = metricsOfCollectors();
            assertThat(used).contains("otelcol_exporter_enqueue_failed_metric_points");
            Await.value(
                    "the metrics of the Collectors",
                    () -> {
                        Set<String> names = new TreeSet<>();
                        for (Collector collector : List.of(full, gateway, reader, withoutStores)) {
                            names.addAll(collector.metricNames());
                        }
                        return names;
                    },
                    names -> names.containsAll(used));
        }
    }

    /** Exports spans, log records and metrics of a host once, whether they are accepted or not. */
    private static void export(Collector collector) throws IOException {
        ReplayedHost host = new ReplayedHost(Repeatable.read(Path.of("src/test/resources/recorded/6.1.aioscope")), "");
        ReplayedHost.Telemetry telemetry = host.replay();
        String endpoint = collector.httpEndpoint();
        try (OtlpHttpSpanExporter spans = OtlpHttpSpanExporter.builder()
                        .setEndpoint(endpoint + "/v1/traces")
                        .setRetryPolicy(null)
                        .build();
                OtlpHttpLogRecordExporter logRecords = OtlpHttpLogRecordExporter.builder()
                        .setEndpoint(endpoint + "/v1/logs")
                        .setRetryPolicy(null)
                        .build();
                OtlpHttpMetricExporter metrics = OtlpHttpMetricExporter.builder()
                        .setEndpoint(endpoint + "/v1/metrics")
                        .setRetryPolicy(null)
                        .build()) {
            CompletableResultCode.ofAll(List.of(
                            spans.export(telemetry.spans()),
                            logRecords.export(telemetry.logRecords()),
                            // Without the resource, so that the store does not mix them with those of the daemon.
                            metrics.export(PushedMetrics.of(new RecordedMetrics().metrics(), Resource.empty()))))
                    .join(Await.LIMIT.toSeconds(), TimeUnit.SECONDS);
        }
    }

    /** The names in the alerts and in the dashboard; patterns such as {@code a_(b|c)} contain several. */
    private static Set<String> metricsOfCollectors() throws IOException {
        String text = Files.readString(Path.of("dashboards/prometheus/aioscope.rules.yml"))
                + Files.readString(Path.of("dashboards/grafana/aioscope-fleet.json"));
        Set<String> names = new TreeSet<>();
        Pattern.compile("otelcol_(?:\\w|\\([\\w|]+\\))+")
                .matcher(text.replace("(_total)?", ""))
                .results()
                .forEach(found -> expand(found.group(), names));
        return names;
    }

    private static void expand(String pattern, Set<String> names) {
        Matcher choice = Pattern.compile("\\(([^)]*)\\)").matcher(pattern);
        if (!choice.find()) {
            names.add(pattern);
            return;
        }
        for (String chosen : choice.group(1).split("\\|", -1)) {
            expand(pattern.substring(0, choice.start()) + chosen + pattern.substring(choice.end()), names);
        }
    }
}
