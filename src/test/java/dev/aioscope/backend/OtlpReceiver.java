package dev.aioscope.backend;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.aioscope.http.WebServer;
import io.opentelemetry.proto.collector.logs.v1.ExportLogsServiceRequest;
import io.opentelemetry.proto.collector.trace.v1.ExportTracePartialSuccess;
import io.opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest;
import io.opentelemetry.proto.collector.trace.v1.ExportTraceServiceResponse;
import io.opentelemetry.proto.logs.v1.ResourceLogs;
import io.opentelemetry.proto.trace.v1.Span;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.zip.GZIPInputStream;

/**
 * An in-process OTLP receiver for traces and log records over http/protobuf that can fail on demand.
 *
 * <p>It sends the {@linkplain #next queued responses} in order, then the {@linkplain #always default response}, which
 * is success unless set.
 */
public final class OtlpReceiver implements AutoCloseable {
    static {
        // The JDK reads these limits once, and tests of WebServer may run later in this JVM.
        WebServer.limit();
    }

    private final HttpServer server;
    private final ExecutorService threads = Executors.newCachedThreadPool();

    // All fields below are guarded by the lock of this object.
    private final List<Request> requests = new ArrayList<>();
    private final List<Span> accepted = new ArrayList<>();
    private final List<ResourceLogs> acceptedLogs = new ArrayList<>();
    private final Deque<Response> lined = new ArrayDeque<>();
    private Response usual = Response.ok();
    private int awaiting;

    /** A received request. */
    public record Request(Headers headers, ExportTraceServiceRequest body) {
        /** All spans of the request. */
        public List<Span> spans() {
            return body.getResourceSpansList().stream()
                    .flatMap(resource -> resource.getScopeSpansList().stream())
                    .flatMap(scope -> scope.getSpansList().stream())
                    .toList();
        }
    }

    /** How the receiver handles a request. */
    public static final class Response {
        private final int status;
        private final Map<String, String> headers;
        private final byte[] body;
        private final CountDownLatch gate;

        private Response(int status, Map<String, String> headers, byte[] body, CountDownLatch gate) {
            this.status = status;
            this.headers = headers;
            this.body = body;
            this.gate = gate;
        }

        private static Response of(int status, Map<String, String> headers, byte[] body) {
            return new Response(status, headers, body, new CountDownLatch(0));
        }

        /** Accepts the spans. */
        public static Response ok() {
            return of(
                    200,
                    Map.of(),
                    ExportTraceServiceResponse.getDefaultInstance().toByteArray());
        }

        /** Accepts the request, but reports some spans as rejected. */
        public static Response partial(long rejected, String message) {
            return of(
                    200,
                    Map.of(),
                    ExportTraceServiceResponse.newBuilder()
                            .setPartialSuccess(ExportTracePartialSuccess.newBuilder()
                                    .setRejectedSpans(rejected)
                                    .setErrorMessage(message))
                            .build()
                            .toByteArray());
        }

        /** Fails with a status, such as 400 (permanent) or 503 (temporary). */
        public static Response refuse(int status) {
            return of(status, Map.of(), new byte[0]);
        }

        /** Fails with 429 and a Retry-After header. */
        public static Response retryAfter(Duration delay) {
            return of(429, Map.of("Retry-After", Long.toString(delay.toSeconds())), new byte[0]);
        }

        /** Accepts the spans, but responds with a body that is not protobuf. */
        public static Response garbage() {
            return of(200, Map.of(), "<html>It works!</html>".getBytes(UTF_8));
        }

        /** Accepts nothing and sends a body of another content type, as a login page does. */
        public static Response page(String contentType, String body) {
            return of(200, Map.of("Content-Type", contentType), body.getBytes(UTF_8));
        }

        /** Redirects to another URL. */
        public static Response redirect(int status, String location) {
            return of(status, Map.of("Location", location), new byte[0]);
        }

        /** Reads the request, then closes the connection without a response. */
        public static Response hangUp() {
            return of(-1, Map.of(), new byte[0]);
        }

        /** The same response, delayed until {@link #release}. */
        public Response held() {
            return new Response(status, headers, body, new CountDownLatch(1));
        }

        /** Releases a {@linkplain #held held} response for all requests, waiting and future. */
        public void release() {
            gate.countDown();
        }
    }

    private OtlpReceiver(HttpServer server) {
        this.server = server;
    }

    /** Starts a receiver on a free loopback port. */
    public static OtlpReceiver start() {
        return start(0);
    }

    /** Starts a receiver on a given port, like a backend that restarts. */
    public static OtlpReceiver start(int port) {
        try {
            HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 0);
            OtlpReceiver receiver = new OtlpReceiver(server);
            server.createContext("/", receiver::handle);
            server.setExecutor(receiver.threads);
            server.start();
            return receiver;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The value of {@code OTEL_EXPORTER_OTLP_ENDPOINT}; traces go to {@code /v1/traces}. */
    public String endpoint() {
        return "http://127.0.0.1:" + port();
    }

    /** The port it listens on. */
    public int port() {
        return server.getAddress().getPort();
    }

    /** Sets the response that it sends when the queue is empty. */
    public synchronized void always(Response answer) {
        usual = answer;
    }

    /** Queues responses, one for each of the next requests. */
    public synchronized void next(Response... answers) {
        lined.addAll(List.of(answers));
    }

    /** All requests so far, whatever the response. */
    public synchronized List<Request> requests() {
        return List.copyOf(requests);
    }

    /** The number of requests that wait for a held response. */
    public synchronized int awaiting() {
        return awaiting;
    }

    /** The spans of the requests that it accepted. */
    public synchronized List<Span> spans() {
        return List.copyOf(accepted);
    }

    /** The log records that it accepted, by resource and scope. */
    public synchronized List<ResourceLogs> logs() {
        return List.copyOf(acceptedLogs);
    }

    /** Waits for a number of accepted spans and returns all accepted spans; fails after the limit. */
    public synchronized List<Span> await(int spans, Duration limit) throws InterruptedException {
        long deadline = System.nanoTime() + limit.toNanos();
        while (accepted.size() < spans) {
            pause(deadline, spans + " spans", accepted.size());
        }
        return List.copyOf(accepted);
    }

    /** Waits for a number of requests and returns all requests; fails after the limit. */
    public synchronized List<Request> awaitRequests(int count, Duration limit) throws InterruptedException {
        long deadline = System.nanoTime() + limit.toNanos();
        while (requests.size() < count) {
            pause(deadline, count + " requests", requests.size());
        }
        return List.copyOf(requests);
    }

    /** Waits for a change until the deadline. */
    private synchronized void pause(long deadline, String wanted, int got) throws InterruptedException {
        long left = deadline - System.nanoTime();
        if (left <= 0) {
            throw new AssertionError("expected " + wanted + " in time, got " + got);
        }
        TimeUnit.NANOSECONDS.timedWait(this, Math.max(left, 1_000_000));
    }

    private void handle(HttpExchange exchange) throws IOException {
        try (exchange) {
            Response answer;
            Runnable accept;
            switch (exchange.getRequestURI().getPath()) {
                case "/v1/traces" -> {
                    Request request = new Request(
                            exchange.getRequestHeaders(), ExportTraceServiceRequest.parseFrom(body(exchange)));
                    answer = take(request);
                    accept = () -> accept(request);
                }
                case "/v1/logs" -> {
                    ExportLogsServiceRequest request = ExportLogsServiceRequest.parseFrom(body(exchange));
                    answer = takeUsual();
                    accept = () -> accept(request);
                }
                default -> {
                    exchange.sendResponseHeaders(404, -1);
                    return;
                }
            }
            if (!await(answer) || answer.status < 0) {
                return;
            }
            if (answer.status == 200) {
                accept.run();
            }
            Headers headers = exchange.getResponseHeaders();
            headers.set("Content-Type", "application/x-protobuf");
            answer.headers.forEach(headers::set);
            if (answer.body.length == 0) {
                exchange.sendResponseHeaders(answer.status, -1);
            } else {
                exchange.sendResponseHeaders(answer.status, answer.body.length);
                exchange.getResponseBody().write(answer.body);
            }
        }
    }

    private static byte[] body(HttpExchange exchange) throws IOException {
        boolean gzip = "gzip".equals(exchange.getRequestHeaders().getFirst("Content-Encoding"));
        try (InputStream body = gzip ? new GZIPInputStream(exchange.getRequestBody()) : exchange.getRequestBody()) {
            return body.readAllBytes();
        }
    }

    private synchronized Response takeUsual() {
        return usual;
    }

    private synchronized void accept(ExportLogsServiceRequest request) {
        acceptedLogs.addAll(request.getResourceLogsList());
        notifyAll();
    }

    private synchronized Response take(Request request) {
        requests.add(request);
        Response answer = lined.isEmpty() ? usual : lined.remove();
        notifyAll();
        return answer;
    }

    private synchronized void accept(Request request) {
        accepted.addAll(request.spans());
        notifyAll();
    }

    /** Waits until the response is released; false if the receiver was closed first. */
    private boolean await(Response answer) {
        count(1);
        try {
            answer.gate.await();
            return true;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        } finally {
            count(-1);
        }
    }

    private synchronized void count(int change) {
        awaiting += change;
        notifyAll();
    }

    @Override
    public void close() {
        server.stop(0);
        threads.shutdownNow();
        try {
            if (!threads.awaitTermination(10, TimeUnit.SECONDS)) {
                throw new IllegalStateException("the receiver does not stop");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
