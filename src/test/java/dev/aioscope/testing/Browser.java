package dev.aioscope.testing;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A headless Chromium with one page, driven through its DevTools protocol. */
public final class Browser implements AutoCloseable {
    private static final Path CHROMIUM = Path.of("/usr/bin/chromium");
    private static final JsonMapper JSON = JsonMapper.shared();

    private final Process process;
    private final WebSocket socket;
    private final AtomicInteger next = new AtomicInteger();
    private final Map<Integer, CompletableFuture<JsonNode>> calls = new ConcurrentHashMap<>();
    private final List<JsonNode> events = Collections.synchronizedList(new ArrayList<>());

    /** Why this machine has no browser; empty if it has one. */
    public static Optional<String> unavailable() {
        return Files.isExecutable(CHROMIUM)
                ? Optional.empty()
                : Optional.of("Debian's package chromium is not installed");
    }

    /**
     * Starts it.
     *
     * @param folder for its profile and its output
     */
    public static Browser start(Path folder) throws IOException {
        Path profile = Files.createTempDirectory(folder, "chromium");
        Process process = Commands.start(
                profile.resolve("output"),
                CHROMIUM.toString(),
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--hide-scrollbars",
                "--no-first-run",
                "--disable-background-networking",
                "--remote-debugging-port=0",
                "--user-data-dir=" + profile,
                "about:blank");
        try {
            return new Browser(process, profile);
        } catch (IOException | RuntimeException | Error e) {
            process.destroyForcibly();
            throw e;
        }
    }

    private Browser(Process process, Path profile) throws IOException {
        this.process = process;
        Path port = profile.resolve("DevToolsActivePort");
        Await.until(
                "the port of Chromium",
                () -> Files.exists(port) && Files.readAllLines(port).size() == 2);
        List<String> address = Files.readAllLines(port);
        HttpClient client = HttpClient.newHttpClient();
        socket = client.newWebSocketBuilder()
                .buildAsync(URI.create("ws://127.0.0.1:" + address.get(0) + address.get(1)), new Messages())
                .join();
        JsonNode targets = send("Target.getTargets", Map.of(), "").path("targetInfos");
        String target = targets.valueStream()
                .filter(info -> info.path("type").asString().equals("page"))
                .map(info -> info.path("targetId").asString())
                .findFirst()
                .orElseThrow();
        session = send("Target.attachToTarget", Map.of("targetId", target, "flatten", true), "")
                .path("sessionId")
                .asString();
        for (String domain : List.of("Page", "Runtime", "Log", "Network")) {
            call(domain + ".enable", Map.of());
        }
    }

    private final String session;

    /** Collects the answers and events, which can come in parts. */
    private final class Messages implements WebSocket.Listener {
        private final StringBuilder text = new StringBuilder();

        @Override
        public CompletionStage<?> onText(WebSocket from, CharSequence part, boolean isLast) {
            text.append(part);
            if (isLast) {
                JsonNode message = JSON.readTree(text.toString());
                text.setLength(0);
                CompletableFuture<JsonNode> call =
                        calls.remove(message.path("id").asInt(-1));
                if (call != null) {
                    call.complete(message);
                } else {
                    events.add(message);
                }
            }
            from.request(1);
            return null;
        }
    }

    private JsonNode send(String method, Map<String, ?> parameters, String inSession) {
        int id = next.incrementAndGet();
        CompletableFuture<JsonNode> answer = new CompletableFuture<>();
        calls.put(id, answer);
        socket.sendText(
                        JSON.writeValueAsString(
                                inSession.isEmpty()
                                        ? Map.of("id", id, "method", method, "params", parameters)
                                        : Map.of(
                                                "id",
                                                id,
                                                "method",
                                                method,
                                                "params",
                                                parameters,
                                                "sessionId",
                                                inSession)),
                        true)
                .join();
        try {
            JsonNode message = answer.get(Await.LIMIT.toSeconds(), TimeUnit.SECONDS);
            if (message.has("error")) {
                throw new AssertionError(method + ": " + message);
            }
            return message.path("result");
        } catch (Exception e) {
            throw new AssertionError("no answer to " + method, e);
        }
    }

    /**
     * Records what Chromium does while an action runs, and returns the events of its trace.
     *
     * @param categories of the trace, separated by commas
     */
    public List<JsonNode> trace(String categories, Runnable action) {
        events.clear();
        send("Tracing.start", Map.of("transferMode", "ReportEvents", "categories", categories), "");
        action.run();
        send("Tracing.end", Map.of(), "");
        Await.until("the trace", () -> !events("Tracing.tracingComplete").isEmpty());
        return events("Tracing.dataCollected").stream()
                .flatMap(data -> data.path("value").valueStream())
                .toList();
    }

    /** Calls a method of the protocol on the page. */
    public JsonNode call(String method, Map<String, ?> parameters) {
        return send(method, parameters, session);
    }

    /** The events of this kind so far. */
    public List<JsonNode> events(String method) {
        synchronized (events) {
            return events.stream()
                    .filter(event -> event.path("method").asString().equals(method))
                    .map(event -> event.path("params"))
                    .toList();
        }
    }

    /** Opens a page and waits until a JavaScript expression is true. */
    public void open(String url, String isReady) {
        events.clear();
        call("Page.navigate", Map.of("url", url));
        await(isReady);
    }

    /** Waits until a JavaScript expression is true. */
    public void await(String expression) {
        Await.until(expression, () -> {
            try {
                return evaluate("!!(" + expression + ")").asBoolean();
            } catch (AssertionError e) {
                return false; // The page is about to change.
            }
        });
    }

    /** The value of a JavaScript expression, which may be a promise. */
    public JsonNode evaluate(String expression) {
        JsonNode answer =
                call("Runtime.evaluate", Map.of("expression", expression, "returnByValue", true, "awaitPromise", true));
        if (answer.has("exceptionDetails")) {
            throw new AssertionError(expression + ": " + answer.path("exceptionDetails"));
        }
        return answer.path("result").path("value");
    }

    /** The text of the elements that a selector finds. */
    public List<String> texts(String selector) {
        return evaluate("[...document.querySelectorAll(" + JSON.writeValueAsString(selector)
                        + ")].map((element) => element.textContent)")
                .valueStream()
                .map(JsonNode::asString)
                .toList();
    }

    /** Sets the size of the window and the preferred colours. Nothing moves: a test sees only what an animation ends with. */
    public void show(int width, int height, boolean isDark) {
        call(
                "Emulation.setDeviceMetricsOverride",
                Map.of("width", width, "height", height, "deviceScaleFactor", 1, "mobile", false));
        call(
                "Emulation.setEmulatedMedia",
                Map.of(
                        "features",
                        List.of(
                                Map.of("name", "prefers-color-scheme", "value", isDark ? "dark" : "light"),
                                Map.of("name", "prefers-reduced-motion", "value", "reduce"))));
    }

    /** Presses a key. */
    public void press(String key) {
        Map<String, ?> down = key.length() == 1
                ? Map.of("type", "keyDown", "key", key, "text", key)
                : Map.of("type", "keyDown", "key", key);
        call("Input.dispatchKeyEvent", down);
        call("Input.dispatchKeyEvent", Map.of("type", "keyUp", "key", key));
    }

    /** Writes what the window shows to a PNG file. */
    public void screenshot(Path file) throws IOException {
        String data = call("Page.captureScreenshot", Map.of("format", "png"))
                .path("data")
                .asString();
        Files.createDirectories(file.toAbsolutePath().getParent());
        PaletteImage.write(Base64.getDecoder().decode(data), file);
    }

    /** What the page reported as an error or a warning: exceptions, blocked content, failed requests. */
    public List<String> complaints() {
        List<String> complaints = new ArrayList<>();
        events("Runtime.exceptionThrown").forEach(event -> complaints.add(event.toString()));
        events("Log.entryAdded").forEach(event -> complaints.add(event.toString()));
        return complaints;
    }

    @Override
    public void close() {
        socket.abort();
        process.destroy();
        try {
            if (!process.waitFor(10, TimeUnit.SECONDS)) {
                process.destroyForcibly().waitFor();
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }
}
