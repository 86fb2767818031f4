package dev.aioscope.http;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.HttpContext;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import dev.aioscope.worker.ErrorBoundary;
import dev.aioscope.worker.Worker;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;

/**
 * A small web server. A client can hold one thread and one connection for some seconds at most, and there are as many
 * threads as connections, so slow clients do not delay others.
 */
public final class WebServer implements AutoCloseable {
    private static final int CONNECTIONS = 32;
    private static final String WORKER = "http";
    private static final ErrorBoundary BOUNDARY = ErrorBoundary.of(WORKER);
    private static final Page FAILED = Page.text(500, "failed; see the log of the agent");

    /** System properties that the JDK reads when it makes its first server, in seconds; the command line wins. */
    private static final Map<String, String> LIMITS = Map.of(
            "jdk.httpserver.maxConnections", "" + CONNECTIONS,
            "sun.net.httpserver.maxReqTime", "5",
            "sun.net.httpserver.maxRspTime", "20",
            "sun.net.httpserver.timerMillis", "5000", // how often the JDK checks the two above
            "sun.net.httpserver.idleInterval", "30",
            "sun.net.httpserver.maxReqHeaders", "64",
            "sun.net.httpserver.maxReqHeaderSize", "16384");

    static {
        limit();
    }

    /** Sets the limits. Has no effect once this JVM has made a server. */
    public static void limit() {
        LIMITS.forEach((name, value) -> {
            if (System.getProperty(name) == null) {
                System.setProperty(name, value);
            }
        });
    }

    /** Smaller bodies fit into one packet anyway. */
    private static final int MIN_COMPRESSED = 1400;

    /** The weight 0. */
    private static final Pattern NOT_ACCEPTED = Pattern.compile(";q=0(?:\\.0*)?$");

    private final HttpServer server;
    private final ThreadPoolExecutor threads;
    private final Map<String, Function<String, Page>> pages;

    /**
     * A response.
     *
     * @param status of HTTP: 200, 503
     * @param contentType with its charset
     * @param policy the Content-Security-Policy
     * @param body its parts; read once
     */
    public record Page(int status, String contentType, String policy, Iterable<String> body) {
        private static final String TEXT = "text/plain; charset=utf-8";
        private static final String NOTHING = "default-src 'none'; frame-ancestors 'none'";

        /** A body that loads and runs nothing. */
        public Page(int status, String contentType, String body) {
            this(status, contentType, NOTHING, List.of(body));
        }

        /** Plain text. */
        public static Page text(int status, String text) {
            return new Page(status, TEXT, text + "\n");
        }

        /** One JSON object per line, each made when the one before it is compressed. */
        @SuppressWarnings("StreamToIterable") // A body is read once.
        public static Page json(Stream<String> lines) {
            return new Page(200, "application/x-ndjson", NOTHING, lines.map(line -> line + "\n")::iterator);
        }
    }

    /**
     * Starts to serve.
     *
     * @param address port 0 for any free port
     * @param tls null for plain HTTP
     * @param users null to answer every client
     * @param open paths of pages that need no user
     * @param pages by path; each makes a response from the Accept header, on several threads at once
     * @throws HttpException if the address is not available
     */
    public WebServer(
            InetSocketAddress address,
            @Nullable SSLContext tls,
            @Nullable BasicAuth users,
            Set<String> open,
            Map<String, Function<String, Page>> pages) {
        this.pages = Map.copyOf(pages);
        this.server = bind(address, tls);
        // A thread for each request in progress, of which there are no more than connections, and none for others.
        this.threads = new ThreadPoolExecutor(
                0, Integer.MAX_VALUE, 10, TimeUnit.SECONDS, new SynchronousQueue<>(), Worker.factory(WORKER));
        server.setExecutor(threads);
        HttpContext everything = server.createContext("/", this::handle);
        if (users != null) {
            everything.setAuthenticator(users);
        }
        // The JDK chooses the context by the beginning of the path, and the handler the page by all of it.
        open.forEach(path -> server.createContext(path, this::handle));
        server.start();
    }

    private static HttpServer bind(InetSocketAddress address, @Nullable SSLContext tls) {
        if (address.isUnresolved()) {
            throw new HttpException("cannot resolve host " + address.getHostString(), "use an address of this host");
        }
        try {
            if (tls == null) {
                return HttpServer.create(address, CONNECTIONS);
            }
            HttpsServer server = HttpsServer.create(address, CONNECTIONS);
            server.setHttpsConfigurator(new HttpsConfigurator(tls));
            return server;
        } catch (IOException e) {
            throw new HttpException(
                    "cannot serve HTTP at " + show(address) + ": " + e.getMessage(),
                    "set listen to another address or off",
                    e);
        }
    }

    /** The URL without a path. */
    public String url() {
        return (server instanceof HttpsServer ? "https://" : "http://") + show(server.getAddress());
    }

    /** HOST:PORT; {@code *} is the host for all addresses. */
    public static String show(InetSocketAddress address) {
        String host = address.getAddress().isAnyLocalAddress()
                ? "*"
                : address.getAddress().getHostAddress();
        return (host.contains(":") ? "[" + host + "]" : host) + ":" + address.getPort();
    }

    /** A response with its body as it is sent. */
    @SuppressWarnings("ArrayRecordComponent") // It is never compared.
    private record Encoded(Page page, byte[] body, boolean isCompressed) {}

    private void handle(HttpExchange exchange) throws IOException {
        boolean isCompressed = acceptsGzip(exchange);
        send(
                exchange,
                BOUNDARY.call(() -> encode(answer(exchange), isCompressed), failure -> encode(FAILED, isCompressed)));
    }

    private Page answer(HttpExchange exchange) {
        Function<String, Page> page = pages.get(exchange.getRequestURI().getPath());
        String method = exchange.getRequestMethod();
        if (!method.equals("GET") && !method.equals("HEAD")) {
            exchange.getResponseHeaders().set("Allow", "GET, HEAD");
            return reject(exchange, 405, "only GET and HEAD are allowed");
        }
        if (hasBody(exchange)) {
            return reject(exchange, 413, "a request must not have a body");
        }
        if (page == null) {
            return Page.text(404, "not found; /api lists the endpoints");
        }
        String accept = exchange.getRequestHeaders().getFirst("Accept");
        return page.apply(accept == null ? "" : accept);
    }

    /** Closes the connection without reading the rest of the request. */
    private static Page reject(HttpExchange exchange, int status, String text) {
        exchange.getResponseHeaders().set("Connection", "close");
        return Page.text(status, text);
    }

    private static boolean hasBody(HttpExchange exchange) {
        String length = exchange.getRequestHeaders().getFirst("Content-Length");
        return exchange.getRequestHeaders().containsKey("Transfer-Encoding") || (length != null && !length.equals("0"));
    }

    /**
     * Sends the response and ends the exchange. Closing an exchange, which the JDK does after a response without a body,
     * reads the rest of the request; if the client has truncated it, the connection would count until its timeout.
     */
    private static void send(HttpExchange exchange, Encoded response) throws IOException {
        Page page = response.page;
        exchange.getResponseHeaders().set("Content-Type", page.contentType);
        exchange.getResponseHeaders().set("Content-Security-Policy", page.policy);
        exchange.getResponseHeaders().set("X-Content-Type-Options", "nosniff");
        exchange.getResponseHeaders().set("Referrer-Policy", "no-referrer");
        exchange.getResponseHeaders().set("Cache-Control", "no-store");
        if (response.isCompressed) {
            exchange.getResponseHeaders().set("Content-Encoding", "gzip");
        }
        if (exchange.getRequestMethod().equals("HEAD") || response.body.length == 0) {
            exchange.getRequestBody().close(); // fails if it is truncated, and the JDK drops the connection
            exchange.sendResponseHeaders(page.status, -1);
        } else {
            exchange.sendResponseHeaders(page.status, response.body.length);
            try (OutputStream answer = exchange.getResponseBody()) {
                answer.write(response.body);
            }
        }
    }

    private static boolean acceptsGzip(HttpExchange exchange) {
        List<String> encodings = exchange.getRequestHeaders().getOrDefault("Accept-Encoding", List.of()).stream()
                .flatMap(line -> Arrays.stream(line.toLowerCase(Locale.ROOT).split(",", -1)))
                .map(encoding -> encoding.replaceAll("\\s", ""))
                .toList();
        // An encoding that is listed takes precedence over the asterisk.
        return encodings.stream()
                .filter(encoding -> encoding.matches("gzip(;.*)?"))
                .findFirst()
                .or(() -> encodings.stream()
                        .filter(encoding -> encoding.matches("\\*(;.*)?"))
                        .findFirst())
                .filter(encoding -> !NOT_ACCEPTED.matcher(encoding).find())
                .isPresent();
    }

    /** Compresses part by part, so that a large body is never in memory as a whole. */
    private static Encoded encode(Page page, boolean acceptsGzip) {
        ByteArrayOutputStream plain = new ByteArrayOutputStream();
        Iterator<String> parts = page.body.iterator();
        while (parts.hasNext() && (!acceptsGzip || plain.size() < MIN_COMPRESSED)) {
            plain.writeBytes(parts.next().getBytes(UTF_8));
        }
        if (!acceptsGzip || plain.size() < MIN_COMPRESSED) {
            return new Encoded(page, plain.toByteArray(), false);
        }
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (GZIPOutputStream out = new GZIPOutputStream(bytes)) {
            plain.writeTo(out);
            while (parts.hasNext()) {
                out.write(parts.next().getBytes(UTF_8));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return new Encoded(page, bytes.toByteArray(), true);
    }

    /** Closes all connections at once. */
    @Override
    public void close() {
        server.stop(0);
        threads.shutdownNow();
    }
}
