package dev.aioscope.backend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.aioscope.dashboards.Dashboards;
import dev.aioscope.dashboards.Dashboards.Query;
import dev.aioscope.event.Trigger;
import dev.aioscope.guest.Work;
import dev.aioscope.host.Identity;
import dev.aioscope.http.WebServer;
import dev.aioscope.http.WebServer.Page;
import dev.aioscope.kernel.Host;
import dev.aioscope.lifecycle.Teardown;
import dev.aioscope.lifecycle.TeardownBuilder;
import dev.aioscope.probe.Tier;
import dev.aioscope.telemetry.HolderMetrics;
import dev.aioscope.telemetry.Metrics;
import dev.aioscope.telemetry.TeardownMetrics;
import dev.aioscope.telemetry.WallClock;
import io.opentelemetry.proto.trace.v1.Span;
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
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/**
 * A real Prometheus scrapes a real daemon that watches real work on the build machine's own kernel. That kernel may give no
 * phases; for them it also scrapes the same code told of made-up teardowns.
 */
class PrometheusIT {
    private static final Duration SOON = Duration.ofSeconds(45);

    @TempDir
    private static Path folder;

    private static OtlpReceiver traces;
    private static Process agent;
    private static int port;
    private static WebServer phases;
    private static Prometheus prometheus;
    private static Work stuck;

    @BeforeAll
    static void start() throws Exception {
        assumeTrue(
                Prometheus.unavailable().isEmpty(),
                () -> Prometheus.unavailable().orElseThrow());
        Work.compile();
        traces = OtlpReceiver.start();
        port = Server.freePort();
        Path output = folder.resolve("agent.log");
        agent = start(
                output,
                "run",
                "--allow-syscall",
                "--sample",
                "1",
                "--interval",
                "500ms",
                "--listen",
                "127.0.0.1:" + port);
        await("the agent", () -> Files.readString(output).contains(" watches: tier "));
        TeardownMetrics told = new TeardownMetrics(Tier.FULL, new WallClock(() -> 0, Instant::now));
        Metrics metrics = new Metrics(registry -> {}, told, leaks());
        // A teardown more at each scrape: so that there are rates.
        phases = new WebServer(
                new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), null, null, Map.of("/metrics", accept -> {
                    told.onTeardown(TeardownBuilder.busy().build());
                    Metrics.Scrape scrape = metrics.scrape(accept);
                    return new Page(200, scrape.contentType(), scrape.body());
                }));
        prometheus = Prometheus.start(
                folder, "127.0.0.1:" + port, URI.create(phases.url()).getAuthority());
        stuck = Work.start("sibling", "--wait");
        stuck.await("siblings");
        await("the first scrapes", () -> !prometheus.query("aio_event_usage").isEmpty());
        Process demo = start(folder.resolve("demo.log"), "demo", "--folder", folder.toString());
        assertThat(demo.waitFor(SOON.toSeconds(), TimeUnit.SECONDS)).isTrue();
        assertThat(demo.exitValue())
                .as(Files.readString(folder.resolve("demo.log")))
                .isZero();
    }

    private static HolderMetrics leaks() {
        HolderMetrics leaks = new HolderMetrics(
                (task, mm, mayLook) -> new Identity("/usr/bin/leaky", List.of(), false, "root", "/"),
                () -> 0,
                20,
                false);
        TeardownBuilder exit = TeardownBuilder.idle();
        exit.trigger = Trigger.EXIT;
        Teardown teardown = exit.build();
        leaks.onTeardown(teardown);
        return leaks;
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
        builder.environment().put("OTEL_BSP_SCHEDULE_DELAY", "200");
        return builder.start();
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

    private static String get(String path) throws Exception {
        return HttpClient.newHttpClient()
                .send(
                        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path))
                                .build(),
                        HttpResponse.BodyHandlers.ofString())
                .body();
    }

    @Test
    void everyQueryOfEveryPanelGivesData() throws Exception {
        Map<String, String> empty = new LinkedHashMap<>();
        await("data for every panel; without it are those in " + folder.resolve("empty"), () -> {
            empty.clear();
            for (Dashboards.Dashboard dashboard : Dashboards.all()) {
                for (Dashboards.Panel panel : dashboard.panels()) {
                    for (Query query : panel.queries()) {
                        String expression = query.expression()
                                .replace("$__rate_interval", "1m")
                                .replace("$instance", ".*");
                        if (prometheus.query(expression).isEmpty()) {
                            empty.put(panel.title(), expression);
                        }
                    }
                }
            }
            Files.writeString(folder.resolve("empty"), empty.toString());
            return empty.isEmpty();
        });
    }

    @Test
    void theScrapeTellsFsAioNr() throws Exception {
        try (Work holder = Work.start("destroy", "--charge", "333", "--wait")) {
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
