package dev.aioscope.backend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.aioscope.backend.Zipkin.Span;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/**
 * What a fleet would have: a daemon that watches the demonstration's workload pushes through the Collector of its host
 * (agent.yaml) to a gateway that chooses (gateway.yaml) and from there to Zipkin, its metrics to Prometheus; all of them real.
 */
class FleetIT {
    private static final Duration SOON = Duration.ofSeconds(60);
    private static final String PUSHED = "{job=\"aioscope\"}";
    /** A trace is slow from there on, as gateway.yaml has it. */
    private static final long SLOW_MICROS = 100_000;

    @TempDir
    private static Path folder;

    private static final Deque<AutoCloseable> OPEN = new ArrayDeque<>();
    private static Zipkin zipkin;
    private static Prometheus prometheus;
    private static int port;
    private static long demo;

    @BeforeAll
    static void start() throws Exception {
        assumeTrue(
                Collector.unavailable().isEmpty(), () -> Collector.unavailable().orElseThrow());
        assumeTrue(Zipkin.unavailable().isEmpty(), () -> Zipkin.unavailable().orElseThrow());
        assumeTrue(
                Prometheus.unavailable().isEmpty(),
                () -> Prometheus.unavailable().orElseThrow());
        zipkin = open(Zipkin.start(folder));
        prometheus = open(Prometheus.start(folder));
        Collector store = open(Collector.start(folder, zipkin.spansUrl()));
        Collector gateway = open(Collector.start(
                folder,
                Path.of("dashboards/otel/gateway.yaml"),
                Map.of("TRACES_ENDPOINT", store.httpEndpoint()),
                "processors: {tail_sampling: {decision_wait: 1s}}\n"));
        Collector host = open(Collector.start(
                folder,
                Path.of("dashboards/otel/agent.yaml"),
                Map.of("TRACES_ENDPOINT", gateway.httpEndpoint(), "METRICS_ENDPOINT", prometheus.writeUrl()),
                ""));
        port = Server.freePort();
        Server agent = open(Server.start(
                "agent",
                folder,
                Map.of(
                        "OTEL_EXPORTER_OTLP_ENDPOINT", host.httpEndpoint(),
                        "OTEL_METRICS_EXPORTER", "otlp",
                        "OTEL_METRIC_EXPORT_INTERVAL", "1000"),
                aioscope(
                        "run",
                        "--allow-syscall-tier",
                        "--sampling-ratio",
                        "1",
                        "--recorder-size",
                        "off",
                        "--listen",
                        "127.0.0.1:" + port)));
        agent.awaitReady(SOON, () -> agent.output().contains(" started: tier "));
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

    private static List<String> aioscope(String... arguments) {
        List<String> command = new ArrayList<>(
                List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString()));
        command.addAll(List.of("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "--enable-native-access=ALL-UNNAMED"));
        command.addAll(List.of("-cp", absolute(System.getProperty("java.class.path")), "dev.aioscope.cli.Main"));
        command.addAll(List.of(arguments));
        return command;
    }

    /** A server runs in a folder of its own. */
    private static String absolute(String classPath) {
        return List.of(classPath.split(":", -1)).stream()
                .map(entry -> Path.of(entry).toAbsolutePath().toString())
                .collect(Collectors.joining(":"));
    }

    /** The id of its process. */
    private static long runDemo() throws Exception {
        Path log = folder.resolve("demo.log");
        Process process = new ProcessBuilder(aioscope("demo", "--directory", folder.toString()))
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        assertThat(process.waitFor(SOON.toSeconds(), TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).as(Files.readString(log)).isZero();
        return process.pid();
    }

    /** Something that becomes true. */
    private interface Condition {
        boolean isMet() throws Exception;
    }

    private static void await(String what, Condition condition) throws Exception {
        long deadline = System.nanoTime() + SOON.toNanos();
        while (!condition.isMet()) {
            assertThat(System.nanoTime()).as(what).isLessThan(deadline);
            TimeUnit.MILLISECONDS.sleep(200);
        }
    }

    /** The roots of the traces that the demonstration led to. */
    private static List<Span> roots() {
        return zipkin.traces("aioscope").stream()
                .flatMap(List::stream)
                .filter(span -> Long.toString(demo).equals(span.tags().get("process.pid")))
                .filter(span -> span.parentId() == null)
                .toList();
    }

    private static boolean isSlow(Span span) {
        return span.durationMicros() != null && span.durationMicros() >= SLOW_MICROS;
    }

    private static boolean hasFailed(Span span) {
        return span.tags().containsKey("error.type");
    }

    @Test
    void theGatewayKeepsTheTracesThatSaySomething() throws Exception {
        // Two wrong handles and a refusal; one destroy that waited 300 ms with a request outstanding.
        await(
                "the failed calls and the slow one",
                () -> roots().stream().filter(FleetIT::hasFailed).count() == 3
                        && roots().stream().anyMatch(FleetIT::isSlow));

        assertThat(roots().stream().filter(FleetIT::isSlow))
                .anySatisfy(span -> assertThat(span.tags()).containsEntry("aio.outstanding", "1"));
        // Of the six others one in a hundred is kept.
        assertThat(roots().stream()
                        .filter(span -> !hasFailed(span) && !isSlow(span))
                        .filter(span ->
                                span.tags().getOrDefault("aio.outstanding", "0").equals("0")))
                .hasSizeLessThan(4);
    }

    @Test
    void whatIsPushedHasTheNamesAndValuesOfAScrape() throws Exception {
        String destroys = "aio_context_destroy_duration_seconds_count{job=\"aioscope\",aio_trigger=\"destroy\"}";
        await("the seven destroys", () -> latest(destroys) >= 7);

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
        await("every metric", () -> pushedNames().containsAll(names));
        assertThat(pushedNames()).isEqualTo(names);
        assertThat(prometheus.query("aio_event_usage" + PUSHED))
                .singleElement()
                .satisfies(series -> assertThat(
                                series.path("metric").path("instance").asString())
                        .isEqualTo(Files.readString(Path.of("/proc/sys/kernel/hostname"))
                                .strip()));
    }

    private static double latest(String query) throws IOException {
        List<JsonNode> series = prometheus.query(query);
        if (series.isEmpty()) {
            return 0;
        }
        JsonNode values = series.get(0).path("values");
        return Double.parseDouble(values.path(values.size() - 1).path(1).asString());
    }

    private static Set<String> pushedNames() throws IOException {
        return prometheus.query(PUSHED).stream()
                .map(series -> series.path("metric").path("__name__").asString())
                // What the Collector tells of the resource, and what Prometheus makes itself when a rule holds for a
                // while.
                .filter(name -> !name.equals("target_info") && !name.startsWith("ALERTS"))
                .collect(Collectors.toCollection(TreeSet::new));
    }

    @Test
    void anExemplarInPrometheusLeadsToTheTraceInZipkin() throws Exception {
        String buckets = "aio_context_destroy_duration_seconds_bucket" + PUSHED;
        await(
                "an exemplar whose trace was kept",
                () -> prometheus.exemplars(buckets).stream()
                        .flatMap(series -> series.path("exemplars").valueStream())
                        .map(exemplar -> exemplar.path("labels"))
                        .anyMatch(labels -> zipkin.trace(labels.path("trace_id").asString()).stream()
                                .anyMatch(span -> span.name().equals("io_destroy")
                                        && span.id()
                                                .equals(labels.path("span_id").asString()))));
    }
}
