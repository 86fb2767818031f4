package dev.aioscope.backend;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.aioscope.http.WebServer;
import io.opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.zip.GZIPInputStream;

/** A load balancer for OTLP over HTTP: sends each request to the next server, and counts how often each span was accepted. */
final class LoadBalancer implements AutoCloseable {
    static {
        // The JDK reads these limits once, and tests of WebServer may run later in this JVM.
        WebServer.limit();
    }

    private static final Duration ANSWER_LIMIT = Duration.ofSeconds(5);
    private static final int UNAVAILABLE = 503;

    private final List<String> servers;
    private final HttpServer server;
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final HttpClient client = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(ANSWER_LIMIT)
            .build();
    private final AtomicInteger next = new AtomicInteger();

    /** By trace ID and span ID. */
    private final Map<String, Integer> deliveries = new ConcurrentHashMap<>();

    private LoadBalancer(List<String> servers, HttpServer server) {
        this.servers = servers;
        this.server = server;
    }

    /** Starts one on a free loopback port, in front of these URLs without paths. */
    static LoadBalancer start(String... servers) {
        try {
            HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
            LoadBalancer balancer = new LoadBalancer(List.of(servers), server);
            server.createContext("/", balancer::handle);
            server.setExecutor(balancer.threads);
            server.start();
            return balancer;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    String url() {
        return "http://127.0.0.1:" + server.getAddress().getPort();
    }

    /** How often a server accepted each span. The key is the trace ID, a dash and the span ID. */
    Map<String, Integer> deliveries() {
        return Map.copyOf(deliveries);
    }

    private void handle(HttpExchange exchange) throws IOException {
        try (exchange) {
            byte[] body = exchange.getRequestBody().readAllBytes();
            HttpResponse<byte[]> response = forward(exchange, body);
            if (response == null) {
                exchange.sendResponseHeaders(UNAVAILABLE, -1);
                return;
            }
            if (response.statusCode() == 200
                    && exchange.getRequestURI().getPath().endsWith("/v1/traces")) {
                count(body, "gzip".equals(exchange.getRequestHeaders().getFirst("Content-Encoding")));
            }
            response.headers()
                    .firstValue("Content-Type")
                    .ifPresent(type -> exchange.getResponseHeaders().set("Content-Type", type));
            byte[] answer = response.body();
            exchange.sendResponseHeaders(response.statusCode(), answer.length == 0 ? -1 : answer.length);
            exchange.getResponseBody().write(answer);
        }
    }

    /** Null if the server does not answer. */
    private HttpResponse<byte[]> forward(HttpExchange exchange, byte[] body) {
        String target = servers.get(Math.floorMod(next.getAndIncrement(), servers.size()));
        HttpRequest.Builder request = HttpRequest.newBuilder(
                        URI.create(target + exchange.getRequestURI().getPath()))
                .timeout(ANSWER_LIMIT)
                .POST(HttpRequest.BodyPublishers.ofByteArray(body));
        for (String header : List.of("Content-Type", "Content-Encoding")) {
            String value = exchange.getRequestHeaders().getFirst(header);
            if (value != null) {
                request.header(header, value);
            }
        }
        try {
            return client.send(request.build(), HttpResponse.BodyHandlers.ofByteArray());
        } catch (IOException e) {
            return null;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return null;
        }
    }

    private void count(byte[] body, boolean isCompressed) throws IOException {
        ByteArrayInputStream bytes = new ByteArrayInputStream(body);
        HexFormat hex = HexFormat.of();
        ExportTraceServiceRequest.parseFrom(isCompressed ? new GZIPInputStream(bytes) : bytes)
                .getResourceSpansList()
                .stream()
                .flatMap(resource -> resource.getScopeSpansList().stream())
                .flatMap(scope -> scope.getSpansList().stream())
                .map(span -> hex.formatHex(span.getTraceId().toByteArray()) + "-"
                        + hex.formatHex(span.getSpanId().toByteArray()))
                .forEach(span -> deliveries.merge(span, 1, Integer::sum));
    }

    @Override
    public void close() {
        server.stop(0);
        threads.shutdownNow();
    }
}
