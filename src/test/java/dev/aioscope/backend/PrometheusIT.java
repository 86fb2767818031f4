package dev.aioscope.backend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.aioscope.dashboards.Dashboard;
import dev.aioscope.dashboards.Dashboards;
import dev.aioscope.dashboards.Panel;
import dev.aioscope.dashboards.Query;
import dev.aioscope.guest.AioWork;
import dev.aioscope.http.WebServer;
import dev.aioscope.http.WebServer.Page;
import dev.aioscope.kernel.Host;
import dev.aioscope.telemetry.Metric;
import dev.aioscope.telemetry.Metrics;
import dev.aioscope.testing.Aioscope;
import dev.aioscope.testing.Await;
import dev.aioscope.testing.Commands;
import io.opentelemetry.proto.trace.v1.Span;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/**
 * A real Prometheus scrapes a real daemon on the kernel of the build machine. Where that kernel has no drain phases, it
 * also scrapes metrics of a recording from a lab kernel.
 */
class PrometheusIT {
    /** One for all requests, because it keeps its connections, and the daemon accepts 32. */
    private static final HttpClient CLIENT = HttpClient.newHttpClient();

    /** A metric and its labels in PromQL, as the rules write it; not the name of a recording rule. */
    private static final Pattern SELECTOR =
            Pattern.compile("(?<![\\w:])(up|aio(?:scope)?_\\w+)(?!\\w*:)(?:\\{[^}]*})?");

    private static final Set<String> LABELS = Arrays.stream(Metric.Label.values())
            .map(Metric.Label::prometheusName)
            .collect(Collectors.toSet());

    private static final String FULL_ONLY =
            "the kernel of this host has no kprobes and no fentry: its best tier, syscall, sees calls and no phases";
    /** The panels without data from the daemon in the tier syscall, and why. The recording has data for them. */
    private static final Map<String, String> NOT_ON_THIS_HOST = Map.of(
            "Drain", FULL_ONLY,
            "What teardowns wait for", FULL_ONLY,
            "Callers in uninterruptible sleep", FULL_ONLY);

    /**
     * Has data in the tier syscall only if a scan finds a process inside exit_aio: otherwise its contexts just vanish.
     */
    private static final String MAYBE_ON_THIS_HOST = "Contexts left to exit, by executable";

    /** Have data only from an agent that pushes, and from a kernel that violates a clause. */
    private static final Set<String> NOT_IN_THIS_TEST =
            Set.of("Pushes of metrics", "Violated clauses of the specification");

    @TempDir
    private static Path folder;

    private static OtlpReceiver traces;
    private static Process agent;
    private static int port;
    private static WebServer phases;
    private static Prometheus prometheus;
    private static AioWork stuck;

    @BeforeAll
    static void start() throws Exception {
        assumeTrue(
                Prometheus.unavailable().isEmpty(),
                () -> Prometheus.unavailable().orElseThrow());
        AioWork.compile();
        traces = OtlpReceiver.start();
        port = ServerProcess.freePort();
        Path output = folder.resolve("agent.log");
        agent = startAioscope(
                output,
                "run",
                "--allow-syscall-tier",
                "--sampling-ratio",
                "1",
                "--scan-interval",
                "500ms",
                "--listen",
                "127.0.0.1:" + port);
        Commands.awaitText(agent, output, " started: tier ");
        phases = recorded();
        prometheus = Prometheus.start(
                folder, "127.0.0.1:" + port, URI.create(phases.url()).getAuthority());
        stuck = AioWork.start("sibling", "--wait");
        stuck.await("siblings");
        Await.until(
                "the first scrapes", () -> !prometheus.query("aio_event_usage").isEmpty());
        Process demo = startAioscope(folder.resolve("demo.log"), "demo", "--directory", folder.toString());
        Commands.awaitExit(demo);
        assertThat(demo.exitValue())
                .as(Files.readString(folder.resolve("demo.log")))
                .isZero();
    }

    /** Serves metrics of a recording from a lab kernel. */
    private static WebServer recorded() throws Exception {
        RecordedMetrics metrics = new RecordedMetrics();
        return new WebServer(
                new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
                null,
                null,
                Set.of(),
                Map.of("/metrics", accept -> {
                    Metrics.Scrape scrape = metrics.scrape(accept);
                    return new Page(200, scrape.contentType(), scrape.body());
                }));
    }

    @AfterAll
    static void stop() throws Exception {
        for (AutoCloseable closed : new AutoCloseable[] {stuck, prometheus, phases}) {
            if (closed != null) {
                closed.close();
            }
        }
        if (agent != null) {
            long begin = System.nanoTime();
            Commands.stop(agent, "TERM", 0, folder.resolve("agent.log"));
            assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(Duration.ofSeconds(10));
        }
        if (traces != null) {
            traces.close();
        }
    }

    private static Process startAioscope(Path output, String... arguments) throws IOException {
        return Commands.start(
                output,
                Map.of(
                        "OTEL_EXPORTER_OTLP_ENDPOINT", traces.endpoint(),
                        "OTEL_BSP_SCHEDULE_DELAY", "200",
                        "RUNTIME_DIRECTORY", folder.toString(),
                        "STATE_DIRECTORY", folder.resolve("state").toString()),
                Aioscope.command(arguments));
    }

    private static String get(String path) throws Exception {
        return CLIENT.send(
                        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path))
                                .build(),
                        HttpResponse.BodyHandlers.ofString())
                .body();
    }

    /** Substitutes the variables as Grafana does. */
    private static List<JsonNode> ask(String expression, String instance) throws Exception {
        return prometheus.query(expression
                .replace("$__rate_interval", "15s")
                .replace("instance=\"$instance\"", "instance=~\"" + instance + '"')
                .replaceAll("\\$(cluster|job)", ".*"));
    }

    /** The panels of the host and of the agent that have a query without data, and that query. */
    private static Map<String, String> empty(String instance) throws Exception {
        Map<String, String> empty = new TreeMap<>();
        for (Dashboard dashboard : Dashboards.all()) {
            for (Panel panel : dashboard.panels()) {
                for (Query query : panel.queries()) {
                    if (dashboard.isOfHost()
                            && ask(query.expression(), instance).isEmpty()) {
                        empty.put(panel.title(), query.expression());
                    }
                }
            }
        }
        empty.keySet().removeAll(NOT_IN_THIS_TEST);
        return empty;
    }

    private static Map<String, String> certainlyEmpty(String instance) throws Exception {
        Map<String, String> empty = empty(instance);
        empty.remove(MAYBE_ON_THIS_HOST);
        return empty;
    }

    @Test
    void getsDataForEveryQueryOfEveryPanel() throws Exception {
        Await.value("data for every panel", () -> empty(".*"), Map::isEmpty);
    }

    @Test
    void getsAllDataVisibleInTierFromDaemon() throws Exception {
        String daemon = "127.0.0.1:" + port;
        Await.value(
                "all data but " + NOT_ON_THIS_HOST,
                () -> certainlyEmpty(daemon),
                empty -> NOT_ON_THIS_HOST.keySet().containsAll(empty.keySet()));
        if (!prometheus.query("aioscope_tier_level{aioscope_tier=\"syscall\"}").isEmpty()) {
            assertThat(certainlyEmpty(daemon)).containsOnlyKeys(NOT_ON_THIS_HOST.keySet());
        }
    }

    /** No rule has to fire on this host, but Prometheus can evaluate each, and the metrics of each exist. */
    @Test
    void evaluatesEveryRuleWithData() throws Exception {
        Await.until(
                "the first evaluation",
                () -> prometheus.rules().stream()
                        .noneMatch(rule -> rule.path("health").asString().equals("unknown")));
        assertThat(prometheus.rules()).isNotEmpty().allSatisfy(rule -> {
            assertThat(rule.path("health").asString()).as("%s", rule).isEqualTo("ok");
            List<String> selectors = SELECTOR.matcher(rule.path("query").asString())
                    .results()
                    .filter(found ->
                            !LABELS.contains(found.group(1)) && !found.group(1).equals(Metric.PUSH.prometheusName()))
                    .map(MatchResult::group)
                    // No kernel here violates a clause, so that verdict has no series.
                    .map(selector -> selector.replace("{aio_spec_verdict=\"violated\"}", ""))
                    .toList();
            for (String selector : selectors) {
                assertThat(prometheus.query(selector))
                        .as("%s of %s", selector, rule.path("name"))
                        .isNotEmpty();
            }
        });
    }

    @Test
    void scrapesAioNrAndHolders() throws Exception {
        try (AioWork holder = AioWork.start("destroy", "--charge", "333", "--wait")) {
            holder.await("ready");
            // Other processes on this machine may use AIO: compare with fs.aio-nr before and after the scrape.
            Await.until("a scrape without concurrent changes", () -> {
                long before = Host.aioNr().orElseThrow().longValueExact();
                double scraped = value(get("/metrics"), "aio_event_usage ");
                return before >= 333
                        && before == Host.aioNr().orElseThrow().longValueExact()
                        && scraped == (double) before;
            });
            Await.until("the context", () -> get("/api/contexts").contains("\"charge\":333,"));
            Await.until(
                    "its holder",
                    () -> get("/metrics")
                            .lines()
                            .anyMatch(line -> line.startsWith("aio_process_event_usage{")
                                    && line.contains("process_executable_name=\"aiowork\"")
                                    && value(line, line.substring(0, line.lastIndexOf(' '))) >= 333));
            assertThat(get("/readyz")).isEqualTo("ready\n");
        }
    }

    /** The number after the first line prefix that matches. */
    private static double value(String text, String beginning) {
        String found = text.lines()
                .filter(line -> line.startsWith(beginning))
                .findFirst()
                .orElseThrow();
        return Double.parseDouble(found.substring(found.lastIndexOf(' ')));
    }

    @Test
    void linksExemplarToSpan() throws Exception {
        String buckets = "aio_context_destroy_duration_seconds_bucket{instance=\"127.0.0.1:" + port + "\"}";
        Await.until("an exemplar", () -> !prometheus.exemplars(buckets).isEmpty());
        JsonNode labels =
                prometheus.exemplars(buckets).get(0).path("exemplars").path(0).path("labels");
        Await.until(
                "its span",
                () -> traces.spans().stream()
                        .anyMatch(span -> hex(span.getTraceId().toByteArray())
                                        .equals(labels.path("trace_id").asString())
                                && hex(span.getSpanId().toByteArray())
                                        .equals(labels.path("span_id").asString())));
        Span span = traces.spans().stream()
                .filter(root -> hex(root.getSpanId().toByteArray())
                        .equals(labels.path("span_id").asString()))
                .findFirst()
                .orElseThrow();
        assertThat(span.getName()).isEqualTo("io_destroy");
    }

    private static String hex(byte[] bytes) {
        return HexFormat.of().formatHex(bytes);
    }

    @Test
    void raisesAlertOnRefusal() throws Exception {
        Await.until(
                "the alert",
                () -> prometheus.alerts().stream()
                        .anyMatch(alert -> alert.path("labels")
                                .path("alertname")
                                .asString()
                                .equals("AioSetupRefused")));
    }
}
