package dev.aioscope.backend;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.HttpURLConnection;
import java.net.URI;
import java.net.URLEncoder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A real Zipkin server with in-memory storage. The build copies its jar to {@code target/zipkin}. */
public final class Zipkin implements AutoCloseable {
    private static final Path JAR = Path.of("target/zipkin/zipkin-server.jar").toAbsolutePath();
    private static final Duration START_LIMIT = Duration.ofMinutes(3);
    private static final int ANSWER_LIMIT_MS = 15_000;
    private static final JsonMapper JSON = new JsonMapper();

    private final ServerProcess server;
    private final String url;

    private Zipkin(ServerProcess server, String url) {
        this.server = server;
        this.url = url;
    }

    /**
     * A span as Zipkin returns it. Times are whole microseconds. Null: times that Zipkin lacks, {@code parentId} of a
     * root, {@code kind} of a span of kind INTERNAL.
     */
    public record Span(
            String traceId,
            String id,
            String parentId,
            String kind,
            String name,
            String service,
            Long timestampMicros,
            Long durationMicros,
            Map<String, String> tags,
            List<Annotation> annotations) {}

    /** A span event as Zipkin returns it: its name and its attributes as JSON in one value. */
    public record Annotation(long timestampMicros, String value) {}

    /** Why Zipkin cannot run here; empty if it can. */
    public static Optional<String> unavailable() {
        return Files.isRegularFile(JAR)
                ? Optional.empty()
                : Optional.of("Zipkin is unavailable: " + JAR + " does not exist");
    }

    /**
     * Starts a server.
     *
     * @param folder for its log
     */
    public static Zipkin start(Path folder) {
        int port = ServerProcess.freePort();
        String url = "http://127.0.0.1:" + port;
        ServerProcess server = ServerProcess.start(
                "zipkin",
                folder,
                List.of(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx256m",
                        "-XX:+UseSerialGC",
                        "-XX:TieredStopAtLevel=1",
                        "-jar",
                        JAR.toString(),
                        "--armeria.ports[0].ip=127.0.0.1",
                        "--armeria.ports[0].port=" + port,
                        "--armeria.ports[0].protocols[0]=http",
                        "--zipkin.storage.type=mem",
                        "--zipkin.self-tracing.enabled=false"));
        server.awaitReady(START_LIMIT, () -> status(url + "/health") == 200);
        return new Zipkin(server, url);
    }

    /** The URL for spans, for the Collector's exporter. */
    public String spansUrl() {
        return url + "/api/v2/spans";
    }

    /** The spans of a trace, empty if Zipkin does not know it. */
    public List<Span> trace(String traceId) {
        return get("/api/v2/trace/" + traceId).map(Zipkin::spans).orElse(List.of());
    }

    /** The address of the page that shows a trace. */
    public String pageOf(String traceId) {
        return url + "/zipkin/traces/" + traceId;
    }

    /** The latest 1,000 traces with a span of a service. Zipkin stores spans a moment after it accepts them. */
    public List<List<Span>> traces(String service) {
        List<List<Span>> traces = new ArrayList<>();
        get("/api/v2/traces?limit=1000&serviceName=" + URLEncoder.encode(service, UTF_8))
                .ifPresent(all -> all.forEach(trace -> traces.add(spans(trace))));
        return traces;
    }

    /** The root spans of a service whose attribute {@code process.pid} is the given one. */
    List<Span> rootSpans(String service, long pid) {
        return traces(service).stream()
                .flatMap(List::stream)
                .filter(span -> span.parentId() == null)
                .filter(span -> Long.toString(pid).equals(span.tags().get("process.pid")))
                .toList();
    }

    @Override
    public void close() {
        server.close();
    }

    private static List<Span> spans(JsonNode trace) {
        List<Span> spans = new ArrayList<>();
        for (JsonNode span : trace) {
            Map<String, String> tags = new LinkedHashMap<>();
            span.path("tags")
                    .properties()
                    .forEach(tag -> tags.put(tag.getKey(), tag.getValue().asString()));
            List<Annotation> annotations = new ArrayList<>();
            for (JsonNode annotation : span.path("annotations")) {
                annotations.add(new Annotation(
                        annotation.path("timestamp").longValue(),
                        annotation.path("value").asString()));
            }
            spans.add(new Span(
                    text(span, "traceId"),
                    text(span, "id"),
                    text(span, "parentId"),
                    text(span, "kind"),
                    text(span, "name"),
                    text(span.path("localEndpoint"), "serviceName"),
                    number(span, "timestamp"),
                    number(span, "duration"),
                    tags,
                    annotations));
        }
        return spans;
    }

    private static String text(JsonNode node, String key) {
        return node.has(key) ? node.get(key).asString() : null;
    }

    private static Long number(JsonNode node, String key) {
        return node.has(key) ? Long.valueOf(node.get(key).longValue()) : null;
    }

    /** The response to a query, empty for 404. */
    private Optional<JsonNode> get(String path) {
        try {
            HttpURLConnection connection = open(url + path);
            try {
                int status = connection.getResponseCode();
                if (status == 404) {
                    return Optional.empty();
                }
                if (status != 200) {
                    throw new IllegalStateException(
                            "Zipkin answered " + status + " to " + path + "\n" + server.output());
                }
                try (var body = connection.getInputStream()) {
                    return Optional.of(JSON.readTree(body.readAllBytes()));
                }
            } finally {
                connection.disconnect();
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static int status(String url) throws IOException {
        HttpURLConnection connection = open(url);
        try {
            return connection.getResponseCode();
        } finally {
            connection.disconnect();
        }
    }

    private static HttpURLConnection open(String url) throws IOException {
        HttpURLConnection connection =
                (HttpURLConnection) URI.create(url).toURL().openConnection();
        connection.setConnectTimeout(ANSWER_LIMIT_MS);
        connection.setReadTimeout(ANSWER_LIMIT_MS);
        return connection;
    }
}
