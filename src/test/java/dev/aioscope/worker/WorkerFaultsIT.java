package dev.aioscope.worker;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import dev.aioscope.cli.Main;
import dev.aioscope.guest.AioWork;
import dev.aioscope.kernel.JavaCommand;
import dev.aioscope.testing.Aioscope;
import dev.aioscope.testing.Await;
import dev.aioscope.testing.JsonLines;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Makes each worker of a real daemon fail, one by one: each continues, is counted and is logged once. */
class WorkerFaultsIT {
    private static final String SETUPS = "aio_context_setups_total";
    private static final String SPANS = "aioscope_spans_total{aioscope_outcome=\"exported\"}";
    private static final String VERDICTS = "aio_spec_observations_total";

    /** The number that grows after each step of work, by worker. */
    private static final Map<String, String> RESULTS = Map.ofEntries(
            Map.entry("reader", SETUPS),
            Map.entry("events", SETUPS),
            Map.entry("teardown-metrics", SETUPS),
            Map.entry("http", SETUPS),
            Map.entry("recent-events", "teardowns"),
            Map.entry("quota-history", "sampled"),
            Map.entry("audit", VERDICTS),
            Map.entry("listener", VERDICTS),
            Map.entry("refusal-log", VERDICTS),
            Map.entry("spans", SPANS),
            Map.entry("export", SPANS),
            Map.entry("push", "aioscope_pushes_total{aioscope_outcome=\"exported\"}"),
            Map.entry("holder-metrics", "aio_context_active"),
            Map.entry("scan-follower", "aio_context_active"),
            Map.entry("recorder", "recorded"),
            Map.entry("reload", "reloaded"));

    /** Workers that run once, at the start, and the library's. */
    private static final Set<String> OTHERS =
            Set.of("helper", "kernel-symbols", "library", "otlp", "probe-watch", "process-reader", "selftest");

    @TempDir
    private Path folder;

    private final HttpClient client = HttpClient.newHttpClient();
    private final List<Process> processes = new ArrayList<>();
    private HttpServer collector;
    private Path program;
    private Path log;
    private int port;
    private int reloads;
    private boolean stacks;
    private String tier = "syscall";

    /** The daemon; each line of FAULTS and of standard input is the name of a worker and of what it throws next. */
    static final class FaultyDaemon {
        private static final Map<String, Class<?>> NEXT = new ConcurrentHashMap<>();

        public static void main(String[] arguments) {
            ErrorBoundary.beforeWork = name -> {
                Class<?> failure = NEXT.remove(name);
                if (failure != null) {
                    FaultyDaemon.<RuntimeException>raise(failure);
                }
            };
            System.getenv().getOrDefault("FAULTS", "").lines().forEach(FaultyDaemon::add);
            Worker.startOnce("faults", self -> readFaults());
            Main.main(arguments);
        }

        @SuppressWarnings("unchecked")
        private static <T extends Throwable> void raise(Class<?> failure) throws T {
            try {
                throw (T) failure.getConstructor(String.class).newInstance("injected");
            } catch (ReflectiveOperationException e) {
                throw new IllegalStateException(e);
            }
        }

        private static void readFaults() throws IOException {
            BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                add(line);
                System.out.println("Prepared " + line);
            }
        }

        private static void add(String line) {
            try {
                String[] words = line.split(" ", -1);
                NEXT.put(words[0], Class.forName(words[1]));
            } catch (ClassNotFoundException e) {
                throw new IllegalArgumentException(e);
            }
        }
    }

    @BeforeAll
    static void compile() throws Exception {
        AioWork.compile();
    }

    @BeforeEach
    void prepare() throws IOException {
        program = folder.resolve("aio" + ProcessHandle.current().pid());
        Files.copy(Path.of("target/aiowork"), program, StandardCopyOption.COPY_ATTRIBUTES);
        log = folder.resolve("log");
        collector = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        collector.createContext("/", exchange -> {
            exchange.getRequestBody().readAllBytes();
            exchange.sendResponseHeaders(200, -1);
            exchange.close();
        });
        collector.start();
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = socket.getLocalPort();
        }
    }

    @AfterEach
    void end() {
        processes.forEach(process -> process.destroyForcibly().onExit().join());
        collector.stop(0);
    }

    private Process start() throws IOException {
        return start("");
    }

    private Process start(String faults) throws IOException {
        Process daemon = launch(faults);
        Await.until("start of the daemon", () -> {
            assertThat(daemon.isAlive()).as(Files.readString(log)).isTrue();
            return Files.readString(log).contains(" started: tier " + tier);
        });
        return daemon;
    }

    private Process launch(String faults) throws IOException {
        List<String> command = new ArrayList<>(Aioscope.DEFAULT_SIGNALS);
        command.addAll(JavaCommand.command(
                FaultyDaemon.class, 64, "run", "--config", writeSettings().toString()));
        ProcessBuilder builder =
                new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile());
        builder.environment()
                .putAll(Map.of(
                        "FAULTS",
                        faults,
                        "RUNTIME_DIRECTORY",
                        folder.toString(),
                        "STATE_DIRECTORY",
                        folder.resolve("state").toString(),
                        "OTEL_EXPORTER_OTLP_ENDPOINT",
                        "http://127.0.0.1:" + collector.getAddress().getPort(),
                        "OTEL_BSP_SCHEDULE_DELAY",
                        "200",
                        "OTEL_METRICS_EXPORTER",
                        "otlp",
                        "OTEL_METRIC_EXPORT_INTERVAL",
                        "300"));
        Process daemon = builder.start();
        processes.add(daemon);
        return daemon;
    }

    /** Each call changes a setting that a reload applies. */
    private Path writeSettings() throws IOException {
        reloads++;
        return Files.writeString(
                folder.resolve("aioscope.yaml"),
                "tier: " + tier + "\nscan-interval: 300ms\nsampling-ratio: 1\ncomm: " + program.getFileName()
                        + "\nlisten: 127.0.0.1:" + port + "\nslow-threshold: " + reloads + "s\nstacks: "
                        + stacks + "\n");
    }

    private void inject(Process daemon, String worker, Class<? extends Throwable> failure) throws IOException {
        String fault = worker + " " + failure.getName();
        daemon.outputWriter(StandardCharsets.UTF_8).append(fault + "\n").flush();
        Await.until(
                "acceptance of the fault",
                () -> !daemon.isAlive() || Files.readString(log).contains("Prepared " + fault));
    }

    /** A new process holds a context. */
    private void hold() throws IOException {
        Process holder = new ProcessBuilder(program.toString(), "destroy", "--wait").start();
        processes.add(holder);
        assertThat(holder.inputReader(StandardCharsets.UTF_8).lines().anyMatch("ready 1"::equals))
                .isTrue();
    }

    /** Work for all workers: a new process holds a context, another one destroys its context, and the daemon reloads. */
    private void work(Process daemon) throws Exception {
        hold();
        assertThat(new ProcessBuilder(program.toString(), "destroy")
                        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                        .start()
                        .waitFor())
                .isZero();
        writeSettings();
        new ProcessBuilder("kill", "-HUP", "" + daemon.pid()).start().waitFor();
    }

    private HttpResponse<String> get(String path) throws IOException, InterruptedException {
        return client.send(
                HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path))
                        .timeout(Duration.ofSeconds(20))
                        .build(),
                HttpResponse.BodyHandlers.ofString());
    }

    private double result(String name) throws IOException, InterruptedException {
        return switch (name) {
            // A failed reader can lose the end of a teardown, which then is in progress until the next scan.
            case "teardowns" ->
                get("/api/teardowns")
                        .body()
                        .lines()
                        .filter(line -> !line.contains("\"end\":\"in_progress\""))
                        .count();
            case "identified" -> get("/api/contexts").body().split(Pattern.quote(program + "\""), -1).length;
            case "reloaded" -> Files.readString(log).split("Settings reloaded", -1).length;
            case "recorded" -> recorded();
            case "sampled" -> sampled();
            default -> metric(name);
        };
    }

    private double metric(String series) throws IOException, InterruptedException {
        return get("/metrics")
                .body()
                .lines()
                .filter(line -> line.startsWith(series))
                .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
                .sum();
    }

    /** When the history last took a sample. */
    private double sampled() throws IOException, InterruptedException {
        return JsonLines.ofType(JsonLines.parse(get("/api/history/latest").body()), "history_sample").stream()
                .mapToDouble(sample -> sample.path("time").asDouble())
                .sum();
    }

    /** When the recorder last wrote. */
    private long recorded() throws IOException {
        try (Stream<Path> files = Files.list(folder.resolve("state"))) {
            return files.mapToLong(file -> {
                        try {
                            return Files.getLastModifiedTime(file).toMillis();
                        } catch (IOException e) {
                            throw new UncheckedIOException(e);
                        }
                    })
                    .max()
                    .orElse(0);
        }
    }

    private double failures(String worker) throws IOException, InterruptedException {
        return metric("aioscope_worker_failures_total{aioscope_worker=\"" + worker + "\"}");
    }

    private int linesAbout(String worker) throws IOException {
        return Files.readString(log).split("Worker " + worker + " failed", -1).length - 1;
    }

    @Test
    void eachWorkerGoesOnAfterFailuresCountsThemAndLogsOneLine() throws Exception {
        hold(); // Older than the daemon, which has to read its arguments.
        Process daemon = start();
        work(daemon);
        Await.until("the first context in all results", () -> metric("aio_context_active") >= 1);
        Set<String> workers = new TreeSet<>(RESULTS.keySet());
        for (String worker : workers) {
            for (Class<? extends Throwable> failure : List.of(IllegalStateException.class, StackOverflowError.class)) {
                double before = failures(worker);
                inject(daemon, worker, failure);
                work(daemon);
                Await.until("failure of " + worker, () -> failures(worker) == before + 1);
            }
            double before = result(RESULTS.get(worker));
            work(daemon);
            Await.value(
                    worker + " after its failures, from " + before,
                    () -> result(RESULTS.get(worker)),
                    now -> now > before);
            assertThat(failures(worker)).as(worker).isEqualTo(2);
            assertThat(linesAbout(worker)).as(worker).isEqualTo(1);
            assertThat(get("/healthz").statusCode()).as(worker).isEqualTo(200);
        }
        assertThat(namesInMetric()).isEqualTo(union(workers, OTHERS));
        assertThat(daemon.isAlive()).isTrue();
    }

    /** All workers of the daemon are in the test above, except that of the test itself. */
    private Set<String> namesInMetric() throws IOException, InterruptedException {
        Set<String> names = new TreeSet<>();
        Pattern.compile("aioscope_worker=\"([^\"]+)\"")
                .matcher(get("/metrics").body())
                .results()
                .forEach(name -> names.add(name.group(1)));
        names.remove("faults");
        return names;
    }

    private static Set<String> union(Set<String> one, Set<String> other) {
        Set<String> all = new TreeSet<>(one);
        all.addAll(other);
        return all;
    }

    @Test
    void daemonReadsProcessesAfterFailureAtStart() throws Exception {
        tier = "proc"; // All identities are read.
        hold();
        start("process-reader " + StackOverflowError.class.getName());
        Await.until("a failure", () -> failures("process-reader") == 1);
        hold();
        Await.until("a name", () -> result("identified") > 1);
        assertThat(failures("process-reader")).isEqualTo(1);
        assertThat(linesAbout("process-reader")).isEqualTo(1);
        assertThat(get("/healthz").statusCode()).isEqualTo(200);
    }

    @Test
    void stacksHaveNamesAfterFailure() throws Exception {
        stacks = true;
        Process daemon = start();
        inject(daemon, "symbols", IllegalStateException.class);
        work(daemon);
        Await.until("a failure", () -> failures("symbols") == 1);
        // A program can exit before its symbols are read.
        Await.until("names", () -> {
            work(daemon);
            return get("/api/teardowns").body().lines().anyMatch(line -> line.matches(".*_stack\":\"[^\"]*main.*"));
        });
        assertThat(linesAbout("symbols")).isEqualTo(1);
        assertThat(get("/healthz").statusCode()).isEqualTo(200);
    }

    @Test
    void daemonExitsAfterFailureOfLastExport() throws Exception {
        Process daemon = start("export-shutdown " + IllegalStateException.class.getName());
        daemon.destroy();
        assertThat(daemon.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(daemon.exitValue()).as(Files.readString(log)).isZero();
        assertThat(linesAbout("export-shutdown")).isEqualTo(1);
    }

    @Test
    void helperThatCannotBeReadDelaysNoEvent() throws Exception {
        hold();
        Process daemon = start("helper " + StackOverflowError.class.getName());
        work(daemon);
        Await.until("contexts", () -> metric("aio_context_active") >= 2);
        assertThat(failures("helper")).isEqualTo(1);
        assertThat(linesAbout("helper")).isEqualTo(1);
        assertThat(get("/healthz").statusCode()).isEqualTo(200);
    }

    @Test
    void daemonExitsWithReasonWithoutSymbolsOfKernel() throws Exception {
        Process daemon = launch("kernel-symbols " + IllegalStateException.class.getName());
        assertThat(daemon.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(daemon.exitValue()).isEqualTo(1);
        assertThat(Files.readString(log)).contains("Worker kernel-symbols failed", "aioscope run: ", "injected");
    }

    @Test
    void outOfMemoryErrorInWorkerEndsDaemonWithStatus1() throws Exception {
        for (String worker : List.of("reader", "listener", "holder-metrics", "http", "recorder", "push", "reload")) {
            Process daemon = start();
            inject(daemon, worker, OutOfMemoryError.class);
            work(daemon);
            if (worker.equals("http")) {
                var unused = client.sendAsync(
                        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/healthz"))
                                .build(),
                        HttpResponse.BodyHandlers.discarding());
            }
            assertThat(daemon.waitFor(60, TimeUnit.SECONDS)).as(worker).isTrue();
            assertThat(daemon.exitValue()).as(worker).isEqualTo(1);
            assertThat(Files.readString(log)).as(worker).contains("aioscope: out of memory");
        }
    }
}
