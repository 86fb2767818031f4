package dev.aioscope.backend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.aioscope.dashboards.Dashboards;
import dev.aioscope.dashboards.Dashboards.Query;
import dev.aioscope.event.Repeatable;
import dev.aioscope.guest.AioWork;
import dev.aioscope.host.Identities;
import dev.aioscope.http.WebServer;
import dev.aioscope.http.WebServer.Page;
import dev.aioscope.kernel.Host;
import dev.aioscope.kernel.WallClock;
import dev.aioscope.lifecycle.ForwardingListener;
import dev.aioscope.lifecycle.Lifecycle;
import dev.aioscope.lifecycle.Limits;
import dev.aioscope.probe.Tier;
import dev.aioscope.telemetry.HolderMetrics;
import dev.aioscope.telemetry.Metric;
import dev.aioscope.telemetry.Metrics;
import dev.aioscope.telemetry.TeardownMetrics;
import io.opentelemetry.proto.trace.v1.Span;
import java.awt.image.BufferedImage;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * A real Prometheus scrapes a real daemon that watches real work on the build machine's own kernel. That kernel may give no
 * phases; for them it also scrapes the same code told of what a kernel of the lab sent.
 */
class PrometheusIT {
    private static final Duration SOON = Duration.ofSeconds(45);
    private static final Path CHROMIUM = Path.of("/usr/bin/chromium");

    /** A metric and its labels in PromQL, as the rules write it. */
    private static final Pattern SELECTOR = Pattern.compile("\\b(up|aio(?:scope)?_\\w+)(?:\\{[^}]*})?");

    private static final Set<String> LABELS = Arrays.stream(Metric.Label.values())
            .map(Metric.Label::prometheusName)
            .collect(Collectors.toSet());

    private static final String FULL_ONLY =
            "the kernel of this host has no kprobes and no fentry: its best tier, syscall, sees calls and no phases";
    /** The panels that have no data of the daemon where the tier is syscall, and why. They have of what was recorded. */
    private static final Map<String, String> NOT_ON_THIS_HOST = Map.of(
            "Drain", FULL_ONLY,
            "What teardowns wait for", FULL_ONLY,
            "Callers in uninterruptible sleep", FULL_ONLY);

    /** Has data in the tier syscall only if a look met a process inside exit_aio: else its contexts just vanish. */
    private static final String MAYBE_ON_THIS_HOST = "Left to their exit, by executable";

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
        port = Server.freePort();
        Path output = folder.resolve("agent.log");
        agent = start(
                output,
                "run",
                "--allow-syscall-tier",
                "--sampling-ratio",
                "1",
                "--scan-interval",
                "500ms",
                "--listen",
                "127.0.0.1:" + port);
        await("the agent", () -> Files.readString(output).contains(" started: tier "));
        phases = recorded();
        prometheus = Prometheus.start(
                folder, "127.0.0.1:" + port, URI.create(phases.url()).getAuthority());
        stuck = AioWork.start("sibling", "--wait");
        stuck.await("siblings");
        await("the first scrapes", () -> !prometheus.query("aio_event_usage").isEmpty());
        Process demo = start(folder.resolve("demo.log"), "demo", "--directory", folder.toString());
        assertThat(demo.waitFor(SOON.toSeconds(), TimeUnit.SECONDS)).isTrue();
        assertThat(demo.exitValue())
                .as(Files.readString(folder.resolve("demo.log")))
                .isZero();
    }

    /** Serves what a kernel of the lab sent; at each scrape it happens once more, so that there are rates. */
    private static WebServer recorded() throws Exception {
        Repeatable recording = Repeatable.read(Path.of("src/test/resources/recorded/6.1.aioscope"));
        TeardownMetrics counts = new TeardownMetrics(Tier.FULL, new WallClock(() -> 0, Instant::now));
        HolderMetrics holders = new HolderMetrics(Identities.NONE, () -> 0, 20, false);
        Lifecycle lifecycle = new Lifecycle(ForwardingListener.to(counts, holders), Tier.FULL, Limits.DEFAULT);
        Metrics metrics = new Metrics(registry -> {}, counts, holders);
        AtomicInteger rounds = new AtomicInteger();
        return new WebServer(
                new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), null, null, Map.of("/metrics", accept -> {
                    int round = rounds.getAndIncrement();
                    synchronized (lifecycle) {
                        recording
                                .again(Duration.ofMinutes(round).toNanos(), 1000 * round, "aiowork")
                                .forEach(lifecycle::accept);
                    }
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
            agent.destroy();
            assertThat(agent.waitFor(30, TimeUnit.SECONDS)).isTrue();
            agent.destroyForcibly();
            assertThat(agent.exitValue())
                    .as(Files.readString(folder.resolve("agent.log")))
                    .isEqualTo(143);
            assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(Duration.ofSeconds(10));
        }
        if (traces != null) {
            traces.close();
        }
    }

    private static Process start(Path output, String... arguments) throws Exception {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                "dev.aioscope.cli.Main"));
        command.addAll(List.of(arguments));
        ProcessBuilder builder =
                new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(output.toFile());
        builder.environment().put("OTEL_EXPORTER_OTLP_ENDPOINT", traces.endpoint());
        builder.environment().put("RUNTIME_DIRECTORY", folder.toString());
        builder.environment().put("STATE_DIRECTORY", folder.resolve("state").toString());
        builder.environment().put("OTEL_BSP_SCHEDULE_DELAY", "200");
        return builder.start();
    }

    /** Something that becomes true. */
    private interface Condition {
        boolean isMet() throws Exception;
    }

    private static void await(String what, Condition condition) throws Exception {
        await(what, condition, () -> "");
    }

    private static void await(String what, Condition condition, Callable<String> instead) throws Exception {
        long deadline = System.nanoTime() + SOON.toNanos();
        while (!condition.isMet()) {
            if (System.nanoTime() > deadline) {
                throw new AssertionError(what + " " + instead.call());
            }
            TimeUnit.MILLISECONDS.sleep(200);
        }
    }

    private static String get(String path) throws Exception {
        return HttpClient.newHttpClient()
                .send(
                        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path))
                                .build(),
                        HttpResponse.BodyHandlers.ofString())
                .body();
    }

    /** As Grafana would ask it. */
    private static List<JsonNode> ask(String expression, String instance) throws Exception {
        return prometheus.query(expression.replace("$__rate_interval", "15s").replace("$instance", instance));
    }

    /** The panels with a query without data, and that query. */
    private static Map<String, String> empty(String instance) throws Exception {
        Map<String, String> empty = new TreeMap<>();
        for (Dashboards.Dashboard dashboard : Dashboards.all()) {
            for (Dashboards.Panel panel : dashboard.panels()) {
                for (Query query : panel.queries()) {
                    if (ask(query.expression(), instance).isEmpty()) {
                        empty.put(panel.title(), query.expression());
                    }
                }
            }
        }
        return empty;
    }

    private static Map<String, String> emptyButMaybe(String instance) throws Exception {
        Map<String, String> empty = empty(instance);
        empty.remove(MAYBE_ON_THIS_HOST);
        return empty;
    }

    @Test
    void everyQueryOfEveryPanelGivesData() throws Exception {
        await(
                "data for every panel",
                () -> empty(".*").isEmpty(),
                () -> empty(".*").toString());
    }

    @Test
    void theDaemonItselfGivesAllButWhatItsTierCannotSee() throws Exception {
        String daemon = "127.0.0.1:" + port;
        await(
                "all data but " + NOT_ON_THIS_HOST,
                () -> NOT_ON_THIS_HOST
                        .keySet()
                        .containsAll(emptyButMaybe(daemon).keySet()),
                () -> empty(daemon).toString());
        if (!prometheus.query("aioscope_tier_level{aioscope_tier=\"syscall\"}").isEmpty()) {
            assertThat(emptyButMaybe(daemon)).containsOnlyKeys(NOT_ON_THIS_HOST.keySet());
        }
    }

    /** A rule alerts of what is not so here; but all that it looks at is there, and Prometheus can evaluate it. */
    @Test
    void everyRuleHasDataToLookAt() throws Exception {
        await(
                "the first evaluation",
                () -> prometheus.rules().stream()
                        .noneMatch(rule -> rule.path("health").asString().equals("unknown")));
        assertThat(prometheus.rules()).isNotEmpty().allSatisfy(rule -> {
            assertThat(rule.path("health").asString()).as("%s", rule).isEqualTo("ok");
            List<String> selectors = SELECTOR.matcher(rule.path("query").asString())
                    .results()
                    .filter(found -> !LABELS.contains(found.group(1)))
                    .map(MatchResult::group)
                    .toList();
            assertThat(selectors).isNotEmpty();
            for (String selector : selectors) {
                assertThat(prometheus.query(selector))
                        .as("%s of %s", selector, rule.path("name"))
                        .isNotEmpty();
            }
        });
    }

    @ParameterizedTest
    @ValueSource(strings = {"aioscope-fleet", "aioscope-host", "aioscope-agent"})
    void everyPanelIsSeenInABrowser(String dashboard) throws Exception {
        assumeTrue(Files.isExecutable(CHROMIUM), "Debian's package chromium is not installed");
        await("data for every panel", () -> empty(".*").isEmpty());
        JsonNode json =
                JsonMapper.shared().readTree(Files.readString(Path.of("dashboards/grafana", dashboard + ".json")));
        Path page = folder.resolve(dashboard + ".html");
        Files.writeString(page, DashboardPage.draw(json, expression -> ask(expression, ".*"), Map.of()));
        Path picture = Files.createDirectories(Path.of("target/dashboards"))
                .resolve(dashboard + ".png")
                .toAbsolutePath();
        Files.deleteIfExists(picture);
        Server browser = Server.start(
                "chromium",
                folder,
                List.of(
                        CHROMIUM.toString(),
                        "--headless",
                        "--no-sandbox",
                        "--disable-gpu",
                        "--hide-scrollbars",
                        "--user-data-dir=" + folder.resolve("chromium"),
                        "--window-size=" + 24 * DashboardPage.COLUMN + "," + DashboardPage.height(json),
                        "--screenshot=" + picture,
                        page.toUri().toString()));
        try {
            browser.awaitEnd(SOON);
        } finally {
            browser.close();
        }
        BufferedImage seen = ImageIO.read(picture.toFile());
        for (JsonNode panel : json.path("panels")) {
            int[] place = DashboardPage.place(panel);
            assertThat(coloured(seen, place))
                    .as("coloured points of %s", panel.path("title"))
                    .isGreaterThan(60);
        }
    }

    /** How many points of a place are neither grey, black nor white: what is drawn from data is coloured. */
    private static long coloured(BufferedImage picture, int[] place) {
        int[] points = picture.getRGB(place[0], place[1], place[2], place[3], null, 0, place[2]);
        return Arrays.stream(points)
                .filter(rgb ->
                        Math.abs((rgb >> 16 & 255) - (rgb & 255)) > 40 || Math.abs((rgb >> 8 & 255) - (rgb & 255)) > 40)
                .count();
    }

    @Test
    void theScrapeTellsFsAioNr() throws Exception {
        try (AioWork holder = AioWork.start("destroy", "--charge", "333", "--wait")) {
            holder.await("ready");
            // Others on this machine may use AIO too: what is scraped lies between two looks of our own.
            await("a scrape while nobody else comes or goes", () -> {
                long before = Host.aioNr().orElseThrow();
                double scraped = value(get("/metrics"), "aio_event_usage ");
                return before >= 333 && before == Host.aioNr().orElseThrow() && scraped == (double) before;
            });
            await("the context", () -> get("/api/contexts").contains("\"charge\":333,"));
            await(
                    "its holder",
                    () -> get("/metrics")
                            .lines()
                            .anyMatch(line -> line.startsWith("aio_process_event_usage{")
                                    && line.contains("process_executable_name=\"aiowork\"")
                                    && value(line, line.substring(0, line.lastIndexOf(' '))) >= 333));
            assertThat(get("/readyz")).isEqualTo("ready\n");
        }
    }

    /** The number behind the first line that begins so. */
    private static double value(String text, String beginning) {
        String found = text.lines()
                .filter(line -> line.startsWith(beginning))
                .findFirst()
                .orElseThrow();
        return Double.parseDouble(found.substring(found.lastIndexOf(' ')));
    }

    @Test
    void anExemplarLeadsToTheSpan() throws Exception {
        String buckets = "aio_context_destroy_duration_seconds_bucket{instance=\"127.0.0.1:" + port + "\"}";
        await("an exemplar", () -> !prometheus.exemplars(buckets).isEmpty());
        JsonNode labels =
                prometheus.exemplars(buckets).get(0).path("exemplars").path(0).path("labels");
        await(
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
    void aRefusalAlerts() throws Exception {
        await(
                "the alert",
                () -> prometheus.alerts().stream()
                        .anyMatch(alert -> alert.path("labels")
                                .path("alertname")
                                .asString()
                                .equals("AioSetupRefused")));
    }
}
