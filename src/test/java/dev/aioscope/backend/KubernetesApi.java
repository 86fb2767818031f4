package dev.aioscope.backend;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * An API of Kubernetes whose objects never change: it lists them, and its watches have no event. Like a server without
 * streaming lists, it rejects these.
 */
final class KubernetesApi implements AutoCloseable {
    private final HttpServer server;
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final CountDownLatch end = new CountDownLatch(1);
    private final Map<String, String> lists;
    private final Set<String> requested = new TreeSet<>();

    private KubernetesApi(HttpServer server, Map<String, String> lists) {
        this.server = server;
        this.lists = lists;
    }

    /**
     * Starts one on a free loopback port.
     *
     * @param lists the lists by path, such as {@code /api/v1/pods}; other paths are forbidden
     */
    static KubernetesApi start(Map<String, String> lists) throws IOException {
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        KubernetesApi api = new KubernetesApi(server, lists);
        server.createContext("/", api::handle);
        server.setExecutor(api.threads);
        server.start();
        return api;
    }

    /** The contents of a file for {@code KUBECONFIG}. */
    String clientConfiguration() {
        return """
                apiVersion: v1
                kind: Config
                clusters: [{name: test, cluster: {server: 'http://127.0.0.1:%d'}}]
                contexts: [{name: test, context: {cluster: test}}]
                current-context: test
                """.formatted(server.getAddress().getPort());
    }

    /** The paths that were requested so far. */
    Set<String> requested() {
        synchronized (requested) {
            return Set.copyOf(requested);
        }
    }

    private void handle(HttpExchange exchange) throws IOException {
        try (exchange) {
            String path = exchange.getRequestURI().getPath();
            String query = String.valueOf(exchange.getRequestURI().getQuery());
            synchronized (requested) {
                requested.add(path);
            }
            String list = lists.get(path);
            if (list == null) {
                answer(
                        exchange,
                        403,
                        "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"status\":\"Failure\",\"code\":403}");
            } else if (query.contains("sendInitialEvents=true")) {
                answer(
                        exchange,
                        422,
                        "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"reason\":\"Invalid\",\"code\":422}");
            } else if (query.contains("watch=true")) {
                exchange.getResponseHeaders().set("Content-Type", "application/json");
                exchange.sendResponseHeaders(200, 0);
                exchange.getResponseBody().flush();
                end.await();
            } else {
                answer(exchange, 200, list);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static void answer(HttpExchange exchange, int status, String body) throws IOException {
        byte[] bytes = body.getBytes(UTF_8);
        exchange.getResponseHeaders().set("Content-Type", "application/json");
        exchange.sendResponseHeaders(status, bytes.length);
        exchange.getResponseBody().write(bytes);
    }

    @Override
    public void close() {
        end.countDown();
        server.stop(0);
        threads.shutdownNow();
    }
}
