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
import java.util.Set;
import java.util.stream.Collectors;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A real Jaeger 2, which receives OTLP and answers the searches of its user interface. */
final class Jaeger implements AutoCloseable {
    private static final Duration START_LIMIT = Duration.ofMinutes(1);
    private static final int ANSWER_LIMIT_MS = 15_000;
    private static final JsonMapper JSON = new JsonMapper();

    private final ServerProcess server;
    private final int query;
    private final int otlp;

    private Jaeger(ServerProcess server, int query, int otlp) {
        this.server = server;
        this.query = query;
        this.otlp = otlp;
    }

    /**
     * A span as Jaeger returns it. Times are microseconds.
     *
     * @param parentId null for a root
     * @param warnings what Jaeger finds wrong with the span
     */
    record JaegerSpan(
            String traceId,
            String id,
            String parentId,
            String name,
            long startMicros,
            long durationMicros,
            Map<String, String> tags,
            List<String> warnings) {}

    /**
     * Starts a server that deletes its traces when it exits.
     *
     * @param folder for its configuration and its log
     */
    static Jaeger start(Path folder) {
        return start(folder, "badger: {ephemeral: true}");
    }

    /**
     * Starts a server that confirms spans when they are in a file, so that they survive a kill.
     *
     * @param folder for its data, its configuration and its log
     */
    static Jaeger withFile(Path folder) {
        Path data = folder.resolve("badger");
        return start(folder, "badger: {ephemeral: false, directories: {keys: '%1$s', values: '%1$s'}}".formatted(data));
    }

    private static Jaeger start(Path folder, String storage) {
        int query = ServerProcess.freePort();
        int otlp = ServerProcess.freePort();
        try {
            Files.writeString(
                    folder.resolve("jaeger.yaml"), """
                    extensions:
                      jaeger_storage: {backends: {store: {%3$s}}}
                      jaeger_query:
                        storage: {traces: store}
                        http: {endpoint: '127.0.0.1:%1$d'}
                        grpc: {endpoint: '127.0.0.1:%4$d'}
                    receivers: {otlp: {protocols: {http: {endpoint: '127.0.0.1:%2$d'}}}}
                    exporters: {jaeger_storage_exporter: {trace_storage: store}}
                    service:
                      extensions: [jaeger_storage, jaeger_query]
                      telemetry: {metrics: {level: none}}
                      pipelines: {traces: {receivers: [otlp], exporters: [jaeger_storage_exporter]}}
                    """.formatted(query, otlp, storage, ServerProcess.freePort()));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        ServerProcess server = ServerProcess.start(
                "jaeger", folder, List.of(BuiltProgram.JAEGER.path().toString(), "--config=jaeger.yaml"));
        server.awaitReady(START_LIMIT, () -> ServerProcess.listens(query) && ServerProcess.listens(otlp));
        return new Jaeger(server, query, otlp);
    }

    /** The URL that receives OTLP over HTTP, without a path. */
    String url() {
        return "http://127.0.0.1:" + otlp;
    }

    /** The URL that receives spans over http/protobuf. */
    String tracesUrl() {
        return url() + "/v1/traces";
    }

    /**
     * The traces that a search of the user interface finds.
     *
     * @param operation the name of a span; empty for any
     * @param tags attributes that one span must have; {@code error} is its status
     * @param minDuration of a span, such as {@code 1s}; empty for any
     */
    List<List<JaegerSpan>> search(String service, String operation, Map<String, String> tags, String minDuration) {
        List<List<JaegerSpan>> traces = new ArrayList<>();
        get("/api/traces?lookback=1h&limit=100&service=" + encode(service)
                        + (operation.isEmpty() ? "" : "&operation=" + encode(operation))
                        + (tags.isEmpty() ? "" : "&tags=" + encode(JSON.writeValueAsString(tags)))
                        + (minDuration.isEmpty() ? "" : "&minDuration=" + minDuration))
                .path("data")
                .forEach(trace -> traces.add(spans(trace)));
        return traces;
    }

    /** The IDs of all traces of a service. */
    Set<String> traceIds(String service) {
        return get("/api/traces?lookback=1h&limit=100000&service=" + encode(service))
                .path("data")
                .valueStream()
                .map(trace -> trace.path("traceID").asString())
                .collect(Collectors.toSet());
    }

    private static List<JaegerSpan> spans(JsonNode trace) {
        List<JaegerSpan> spans = new ArrayList<>();
        for (JsonNode span : trace.path("spans")) {
            Map<String, String> tags = new LinkedHashMap<>();
            span.path("tags")
                    .forEach(tag -> tags.put(
                            tag.path("key").asString(), tag.path("value").asString()));
            List<String> warnings = new ArrayList<>();
            span.path("warnings").forEach(warning -> warnings.add(warning.asString()));
            JsonNode reference = span.path("references").path(0);
            spans.add(new JaegerSpan(
                    span.path("traceID").asString(),
                    span.path("spanID").asString(),
                    reference.isMissingNode() ? null : reference.path("spanID").asString(),
                    span.path("operationName").asString(),
                    span.path("startTime").longValue(),
                    span.path("duration").longValue(),
                    tags,
                    warnings));
        }
        return spans;
    }

    private static String encode(String text) {
        return URLEncoder.encode(text, UTF_8);
    }

    private JsonNode get(String path) {
        try {
            HttpURLConnection connection = (HttpURLConnection)
                    URI.create("http://127.0.0.1:" + query + path).toURL().openConnection();
            connection.setConnectTimeout(ANSWER_LIMIT_MS);
            connection.setReadTimeout(ANSWER_LIMIT_MS);
            try (var body = connection.getInputStream()) {
                return JSON.readTree(body.readAllBytes());
            } finally {
                connection.disconnect();
            }
        } catch (IOException e) {
            throw new UncheckedIOException(server.output(), e);
        }
    }

    ServerProcess server() {
        return server;
    }

    @Override
    public void close() {
        server.close();
    }
}
