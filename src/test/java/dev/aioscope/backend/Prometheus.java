package dev.aioscope.backend;

import dev.aioscope.testing.Await;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A real Prometheus (the Debian package) that scrapes every second, accepts remote writes and stores exemplars. */
final class Prometheus implements AutoCloseable {
    private static final Path PROGRAM = Path.of("/usr/bin/prometheus");
    private static final Path PROMTOOL = Path.of("/usr/bin/promtool");
    private static final Path RULES = Path.of("dashboards/prometheus/aioscope.rules.yml");

    private final ServerProcess server;
    private final String url;
    private final HttpClient client = HttpClient.newHttpClient();

    private Prometheus(ServerProcess server, int port) {
        this.server = server;
        this.url = "http://127.0.0.1:" + port;
    }

    /** Why this machine cannot run Prometheus; empty if it can. */
    static Optional<String> unavailable() {
        return Files.isExecutable(PROGRAM)
                ? Optional.empty()
                : Optional.of("Debian's package prometheus is not installed");
    }

    /**
     * Starts Prometheus with the rules of the project.
     *
     * @param folder for its data, in {@code tsdb}
     * @param targets host:port of each scrape target
     */
    static Prometheus start(Path folder, String... targets) {
        return evaluating(folder, "1s", targets);
    }

    /** Starts Prometheus without targets, which evaluates the rules of the project once a minute, as usual. */
    static Prometheus withoutTargets(Path folder) {
        return evaluating(folder, "1m");
    }

    private static Prometheus evaluating(Path folder, String interval, String... targets) {
        int port = ServerProcess.freePort();
        String list =
                List.of(targets).stream().map(target -> "'" + target + "'").collect(Collectors.joining(", "));
        String config = """
                global: {scrape_interval: %1$s, evaluation_interval: %1$s}
                storage: {tsdb: {out_of_order_time_window: 1d}}
                rule_files: ['%2$s']
                scrape_configs: [{job_name: aioscope, static_configs: [{targets: [%3$s]}]}]
                """.formatted(interval, RULES.toAbsolutePath(), list);
        try {
            Files.writeString(folder.resolve("prometheus.yml"), config);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        ServerProcess server = ServerProcess.start(
                "prometheus",
                folder,
                List.of(
                        PROGRAM.toString(),
                        "--config.file=prometheus.yml",
                        "--storage.tsdb.path=tsdb",
                        "--enable-feature=exemplar-storage",
                        "--web.enable-remote-write-receiver",
                        "--web.listen-address=127.0.0.1:" + port));
        Prometheus prometheus = new Prometheus(server, port);
        server.awaitReady(Await.LIMIT, () -> prometheus.get("/-/ready").statusCode() == 200);
        return prometheus;
    }

    /**
     * Starts Prometheus with metrics of the past, and with what the recording rules make of them.
     *
     * @param folder for its data
     * @param metrics OpenMetrics with timestamps
     * @param begin of the metrics, in seconds since the epoch
     * @param end of the metrics
     */
    static Prometheus withHistory(Path folder, Path metrics, long begin, long end) throws InterruptedException {
        promtool(folder, "create-blocks-from", "openmetrics", metrics.toString(), "tsdb");
        try (Prometheus raw = start(folder)) {
            promtool(
                    folder,
                    "create-blocks-from",
                    "rules",
                    "--url=" + raw.url,
                    "--start=" + begin,
                    "--end=" + end,
                    "--output-dir=tsdb",
                    RULES.toAbsolutePath().toString());
        }
        return start(folder);
    }

    private static void promtool(Path folder, String... arguments) throws InterruptedException {
        List<String> command = new ArrayList<>(List.of(PROMTOOL.toString(), "tsdb"));
        command.addAll(List.of(arguments));
        try (ServerProcess promtool = ServerProcess.start("promtool-" + arguments[1], folder, command)) {
            promtool.awaitEnd(Await.LIMIT);
        }
    }

    String url() {
        return url;
    }

    /** The URL for remote writes. */
    String writeUrl() {
        return url + "/api/v1/write";
    }

    /** The series of a query over the last two minutes; fails on invalid PromQL. */
    List<JsonNode> query(String expression) throws IOException {
        long now = System.currentTimeMillis() / 1000;
        return series("/api/v1/query_range?query=" + encode(expression) + "&start=" + (now - 120) + "&end=" + now
                + "&step=1");
    }

    /**
     * The times of the samples in the last hour, ms since the epoch and ascending.
     *
     * @param selector matches at most one series of each instance
     */
    Map<String, List<Long>> sampleTimes(String selector) throws IOException {
        return series("/api/v1/query?query=" + encode(selector + "[1h]")).stream()
                .collect(Collectors.toMap(
                        series -> series.path("metric").path("instance").asString(),
                        series -> series.path("values")
                                .valueStream()
                                .map(sample -> Math.round(sample.path(0).doubleValue() * 1000))
                                .toList()));
    }

    /** The exemplars of the series of a query. */
    List<JsonNode> exemplars(String expression) throws IOException {
        long now = System.currentTimeMillis() / 1000;
        String answer = get("/api/v1/query_exemplars?query=" + encode(expression) + "&start=" + (now - 600) + "&end="
                        + (now + 10))
                .body();
        return list(JsonMapper.shared().readTree(answer).path("data"));
    }

    /** The pending and firing alerts. */
    List<JsonNode> alerts() throws IOException {
        return list(JsonMapper.shared()
                .readTree(get("/api/v1/alerts").body())
                .path("data")
                .path("alerts"));
    }

    /** The rules with the state of their latest evaluation. */
    List<JsonNode> rules() throws IOException {
        return JsonMapper.shared()
                .readTree(get("/api/v1/rules").body())
                .path("data")
                .path("groups")
                .valueStream()
                .flatMap(group -> group.path("rules").valueStream())
                .toList();
    }

    private List<JsonNode> series(String path) throws IOException {
        JsonNode answer = JsonMapper.shared().readTree(get(path).body());
        if (!answer.path("status").asString().equals("success")) {
            throw new AssertionError(path + ": " + answer);
        }
        return list(answer.path("data").path("result"));
    }

    private static List<JsonNode> list(JsonNode array) {
        return array.valueStream().toList();
    }

    private HttpResponse<String> get(String path) throws IOException {
        try {
            return client.send(
                    HttpRequest.newBuilder(URI.create(url + path))
                            .timeout(Duration.ofSeconds(30))
                            .build(),
                    HttpResponse.BodyHandlers.ofString());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    private static String encode(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8);
    }

    ServerProcess server() {
        return server;
    }

    @Override
    public void close() {
        server.close();
    }
}
