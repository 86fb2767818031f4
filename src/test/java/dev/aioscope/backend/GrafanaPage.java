package dev.aioscope.backend;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.aioscope.testing.Await;
import dev.aioscope.testing.Browser;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Draws dashboards in Chromium with Grafana's own components, with data from a real Prometheus.
 *
 * <p>The first use on a machine builds them, which takes some minutes; see {@link BuiltProgram}.
 */
final class GrafanaPage {
    /** The width of one of Grafana's 24 columns, the height of a row, and the height of the title, as in page.tsx. */
    private static final int COLUMN = 60;

    private static final int ROW = 38;
    private static final int HEADER = 50;

    private GrafanaPage() {}

    /**
     * What a dashboard shows.
     *
     * @param prometheus its URL
     * @param from in seconds since the epoch
     * @param note beside the title
     */
    record Scene(
            String prometheus, long from, long to, String note, Map<String, String> variables, JsonNode dashboard) {}

    /**
     * What became of a panel.
     *
     * @param state {@code data}, {@code empty} or {@code error}
     * @param text of the panel, or of the error
     * @param bytes the size of the answers of Prometheus
     */
    record Report(String title, String state, String text, long bytes) {}

    /** Why this machine cannot draw dashboards; empty if it can. Builds what it needs. */
    static Optional<String> unavailable() {
        return Browser.unavailable().or(BuiltProgram.GRAFANA::unavailable);
    }

    /** The program that parses dashboards strictly. */
    static Path checker() {
        return BuiltProgram.GRAFANA.path().resolve("check");
    }

    /** Draws a scene into a PNG file and returns what became of each panel. */
    static List<Report> draw(Scene scene, Path folder, Path image) throws Exception {
        CompletableFuture<List<Report>> reports = new CompletableFuture<>();
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", exchange -> answer(exchange, scene, reports));
        server.start();
        try (Browser browser = Browser.start(folder)) {
            browser.show(24 * COLUMN + 8, height(scene.dashboard), false);
            browser.call(
                    "Page.navigate",
                    Map.of("url", "http://127.0.0.1:" + server.getAddress().getPort() + "/"));
            List<Report> drawn = reports.get(Await.LIMIT.toSeconds(), TimeUnit.SECONDS);
            browser.screenshot(image);
            return drawn;
        } finally {
            server.stop(0);
        }
    }

    private static int height(JsonNode dashboard) {
        return HEADER
                + ROW
                        * dashboard
                                .path("panels")
                                .valueStream()
                                .map(panel -> panel.path("gridPos"))
                                .mapToInt(place -> place.path("y").asInt()
                                        + place.path("h").asInt())
                                .max()
                                .orElse(0);
    }

    private static void answer(HttpExchange exchange, Scene scene, CompletableFuture<List<Report>> reports)
            throws IOException {
        String path = exchange.getRequestURI().getPath();
        switch (path) {
            case "/" -> send(exchange, "text/html", html(scene).getBytes(StandardCharsets.UTF_8));
            case "/page.js" -> send(exchange, "text/javascript", Files.readAllBytes(file(path)));
            case "/page.css" -> send(exchange, "text/css", Files.readAllBytes(file(path)));
            case "/report" -> {
                byte[] body = exchange.getRequestBody().readAllBytes();
                reports.complete(List.of(JsonMapper.shared().readValue(body, Report[].class)));
                send(exchange, "text/plain", new byte[0]);
            }
            default -> {
                exchange.sendResponseHeaders(404, -1);
                exchange.close();
            }
        }
    }

    private static Path file(String path) {
        return BuiltProgram.GRAFANA.path().resolve(path.substring(1));
    }

    private static String html(Scene scene) {
        return """
                <!doctype html><meta charset=utf-8><link rel=stylesheet href=page.css>
                <style>body { margin: 0; background: #f4f5f5; font: 13px Inter, Arial, sans-serif }</style>
                <div id=root></div><script>window.scene = %s</script><script src=page.js></script>
                """.formatted(JsonMapper.shared().writeValueAsString(scene));
    }

    private static void send(HttpExchange exchange, String type, byte[] body) throws IOException {
        exchange.getResponseHeaders().set("Content-Type", type);
        exchange.sendResponseHeaders(200, body.length == 0 ? -1 : body.length);
        exchange.getResponseBody().write(body);
        exchange.close();
    }
}
