package dev.aioscope.http;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.HttpContext;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import dev.aioscope.worker.Worker;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Map;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Serves a few pages to whoever may ask. A client can hold one thread and one connection for some seconds at most, and
 * there are as many threads as connections, so that slow ones do not keep others waiting.
 */
public final class WebServer implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(WebServer.class);
    private static final int CONNECTIONS = 32;

    /** The JDK reads them once, when its first server is made; who sets one on the command line keeps it. Seconds. */
    private static final Map<String, String> LIMITS = Map.of(
            "jdk.httpserver.maxConnections", "" + CONNECTIONS,
            "sun.net.httpserver.maxReqTime", "5",
            "sun.net.httpserver.maxRspTime", "20",
            "sun.net.httpserver.timerMillis", "5000", // how often it looks for the two above
            "sun.net.httpserver.idleInterval", "30",
            "sun.net.httpserver.maxReqHeaders", "64",
            "sun.net.httpserver.maxReqHeaderSize", "16384");

    static {
        limit();
    }

    /** Sets the limits, if this JVM has not made a server yet. */
    public static void limit() {
        LIMITS.forEach((name, value) -> {
            if (System.getProperty(name) == null) {
                System.setProperty(name, value);
            }
        });
    }

    private final HttpServer server;
    private final ThreadPoolExecutor threads;
    private final Map<String, Function<String, Page>> pages;

    /**
     * What is answered.
     *
     * @param status of HTTP: 200, 503
     * @param contentType with its charset
     */
    public record Page(int status, String contentType, String body) {
        private static final String TEXT = "text/plain; charset=utf-8";

        /** Lines for people. */
        public static Page text(int status, String text) {
            return new Page(status, TEXT, text + "\n");
        }

        /** A JSON object per line. */
        public static Page json(List<String> lines) {
            return new Page(200, "application/x-ndjson", String.join("\n", lines) + (lines.isEmpty() ? "" : "\n"));
        }
    }

    /**
     * Begins to serve.
     *
     * @param address port 0 takes any that is free
     * @param tls null for plain HTTP
     * @param users null if everybody may ask
     * @param pages by path; each is given the header Accept, made anew at each request, by several threads at once
     * @throws HttpException if the address cannot be had
     */
    public WebServer(
            InetSocketAddress address,
            @Nullable SSLContext tls,
            @Nullable BasicAuth users,
            Map<String, Function<String, Page>> pages) {
        this.pages = Map.copyOf(pages);
        this.server = bind(address, tls);
        this.threads = new ThreadPoolExecutor(
                CONNECTIONS, CONNECTIONS, 10, TimeUnit.SECONDS, new LinkedBlockingQueue<>(), Worker.factory("http"));
        threads.allowCoreThreadTimeOut(true);
        server.setExecutor(threads);
        HttpContext everything = server.createContext("/", this::handle);
        if (users != null) {
            everything.setAuthenticator(users);
        }
        server.start();
    }

    private static HttpServer bind(InetSocketAddress address, @Nullable SSLContext tls) {
        if (address.isUnresolved()) {
            throw new HttpException("nobody knows the host " + address.getHostString(), "give an address of this host");
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
                    "HTTP cannot be served at " + show(address) + " (" + e.getMessage() + ")",
                    "give another address by --listen, or --listen off",
                    e);
        }
    }

    /** Where it is to be had, without a path. */
    public String url() {
        return (server instanceof HttpsServer ? "https://" : "http://") + show(server.getAddress());
    }

    private static String show(InetSocketAddress address) {
        String host = address.getAddress().getHostAddress();
        return (host.contains(":") ? "[" + host + "]" : host) + ":" + address.getPort();
    }

    private void handle(HttpExchange exchange) throws IOException {
        send(exchange, answerOrTell(exchange));
    }

    private Page answerOrTell(HttpExchange exchange) {
        try {
            return answer(exchange);
        } catch (RuntimeException e) {
            LOG.warn("{} failed: {}", exchange.getRequestURI().getPath(), e.toString());
            return Page.text(500, "failed; the log of the agent tells why");
        }
    }

    private Page answer(HttpExchange exchange) {
        Function<String, Page> page = pages.get(exchange.getRequestURI().getPath());
        String method = exchange.getRequestMethod();
        if (!method.equals("GET") && !method.equals("HEAD")) {
            exchange.getResponseHeaders().set("Allow", "GET, HEAD");
            return refuse(exchange, 405, "only GET and HEAD");
        }
        if (hasBody(exchange)) {
            return refuse(exchange, 413, "a request has no body here");
        }
        if (page == null) {
            return Page.text(404, "there is no such page; / lists them");
        }
        String accept = exchange.getRequestHeaders().getFirst("Accept");
        return page.apply(accept == null ? "" : accept);
    }

    /** What else the client sends is not read. */
    private static Page refuse(HttpExchange exchange, int status, String text) {
        exchange.getResponseHeaders().set("Connection", "close");
        return Page.text(status, text);
    }

    private static boolean hasBody(HttpExchange exchange) {
        String length = exchange.getRequestHeaders().getFirst("Content-Length");
        return exchange.getRequestHeaders().containsKey("Transfer-Encoding") || (length != null && !length.equals("0"));
    }

    /**
     * Ends the exchange too. Closing it (as the JDK does itself once it has sent an answer without a body) reads what is
     * left of the request; where the client has cut that off, the connection would count until its time is over.
     */
    private static void send(HttpExchange exchange, Page page) throws IOException {
        exchange.getResponseHeaders().set("Content-Type", page.contentType);
        exchange.getResponseHeaders().set("X-Content-Type-Options", "nosniff");
        exchange.getResponseHeaders().set("Cache-Control", "no-store");
        byte[] body = page.body.getBytes(UTF_8);
        if (exchange.getRequestMethod().equals("HEAD") || body.length == 0) {
            exchange.getRequestBody().close(); // fails where it is cut off, and the JDK forgets the connection
            exchange.sendResponseHeaders(page.status, -1);
        } else {
            exchange.sendResponseHeaders(page.status, body.length);
            try (OutputStream answer = exchange.getResponseBody()) {
                answer.write(body);
            }
        }
    }

    /** Ends all connections at once. */
    @Override
    public void close() {
        server.stop(0);
        threads.shutdownNow();
    }
}
