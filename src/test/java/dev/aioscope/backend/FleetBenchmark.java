package dev.aioscope.backend;

import static java.util.concurrent.TimeUnit.MILLISECONDS;
import static java.util.concurrent.TimeUnit.SECONDS;

import dev.aioscope.event.Repeatable;
import dev.aioscope.telemetry.Metric;
import dev.aioscope.telemetry.PushedMetrics;
import dev.aioscope.telemetry.TypicalHost;
import dev.aioscope.testing.Await;
import io.opentelemetry.exporter.internal.otlp.metrics.MetricsRequestMarshaler;
import io.opentelemetry.exporter.internal.otlp.traces.TraceRequestMarshaler;
import io.opentelemetry.exporter.otlp.http.logs.OtlpHttpLogRecordExporter;
import io.opentelemetry.exporter.otlp.http.metrics.OtlpHttpMetricExporter;
import io.opentelemetry.exporter.otlp.http.trace.OtlpHttpSpanExporter;
import io.opentelemetry.sdk.common.CompletableResultCode;
import io.opentelemetry.sdk.metrics.data.MetricData;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Comparator;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Simulates a fleet: each host pushes its metrics, and the spans and log records of what a lab kernel recorded, once a minute.
 * {@code packaging/fleet} runs it.
 */
final class FleetBenchmark implements AutoCloseable {
    private static final int INTERVAL_SECONDS = 60;
    private static final int THREADS = 4;
    private static final int PARTITIONS = 3;
    private static final double KB = 1e3;
    private static final double MB = 1e6;

    private final ScheduledExecutorService threads = Executors.newScheduledThreadPool(THREADS);
    private final OtlpHttpSpanExporter spans;
    private final OtlpHttpLogRecordExporter logRecords;
    private final OtlpHttpMetricExporter metrics;
    private final TypicalHost host;
    private final LongAdder accepted = new LongAdder();
    private final LongAdder repeated = new LongAdder();
    private final LongAdder sentSpans = new LongAdder();
    private final LongAdder pushes = new LongAdder();

    private FleetBenchmark(String endpoint) throws Exception {
        spans = OtlpHttpSpanExporter.builder()
                .setEndpoint(endpoint + "/v1/traces")
                .setCompression("gzip")
                .build();
        logRecords = OtlpHttpLogRecordExporter.builder()
                .setEndpoint(endpoint + "/v1/logs")
                .setCompression("gzip")
                .build();
        metrics = OtlpHttpMetricExporter.builder()
                .setEndpoint(endpoint + "/v1/metrics")
                .setCompression("gzip")
                .build();
        host = TypicalHost.busy();
    }

    /** Arguments: the number of hosts, the seconds, and optionally the endpoint of gateways of the user. */
    public static void main(String... arguments) throws Exception {
        int hosts = Integer.parseInt(arguments[0]);
        int seconds = Integer.parseInt(arguments[1]);
        if (arguments.length > 2) {
            try (FleetBenchmark load = new FleetBenchmark(arguments[2])) {
                load.start(0, hosts);
                SECONDS.sleep(seconds);
                System.out.println(load.summary(hosts));
            }
        } else {
            measure(hosts, seconds);
        }
    }

    private void start(int first, int hosts) throws IOException {
        Repeatable recording = recording();
        for (int number = 0; number < hosts; number++) {
            ReplayedHost replayed = new ReplayedHost(recording, "host-%05d".formatted(first + number));
            ScheduledFuture<?> unused = threads.scheduleAtFixedRate(
                    () -> act(replayed),
                    1000L * INTERVAL_SECONDS * number / hosts,
                    1000L * INTERVAL_SECONDS,
                    MILLISECONDS);
        }
    }

    private void act(ReplayedHost replayed) {
        ReplayedHost.Telemetry telemetry = replayed.replay();
        sentSpans.add(telemetry.spans().size());
        send(() -> spans.export(telemetry.spans()));
        send(() -> logRecords.export(telemetry.logRecords()));
        Collection<MetricData> push = PushedMetrics.of(host.metrics(), replayed.resource());
        if (send(() -> metrics.export(push))) {
            pushes.increment();
        }
    }

    private boolean send(Supplier<CompletableResultCode> export) {
        while (!threads.isShutdown()) {
            if (export.get().join(INTERVAL_SECONDS, SECONDS).isSuccess()) {
                accepted.increment();
                return true;
            }
            repeated.increment();
        }
        return false;
    }

    private String summary(int hosts) throws IOException {
        ReplayedHost replayed = new ReplayedHost(recording(), "host");
        return "%d hosts, each a minute: a push of %.1f kB, %.1f kB of spans. %d exports accepted, %d repeated, %d spans"
                .formatted(
                        hosts,
                        MetricsRequestMarshaler.create(PushedMetrics.of(host.metrics(), replayed.resource()))
                                        .getBinarySerializedSize()
                                / KB,
                        TraceRequestMarshaler.create(replayed.replay().spans()).getBinarySerializedSize() / KB,
                        accepted.sum(),
                        repeated.sum(),
                        sentSpans.sum());
    }

    private static Repeatable recording() throws IOException {
        return Repeatable.read(Path.of("src/test/resources/recorded/6.1.aioscope"));
    }

    /** Ends the load, and waits until all started exports are accepted. */
    private void finish() throws InterruptedException {
        threads.shutdown();
        if (!threads.awaitTermination(2 * INTERVAL_SECONDS, SECONDS)) {
            throw new IllegalStateException("the gateway does not accept everything");
        }
    }

    @Override
    public void close() {
        threads.shutdownNow();
        spans.close();
        logRecords.close();
        metrics.close();
        host.close();
    }

    /** Runs all servers on this machine, and prints a row of the table for each. */
    private static void measure(int hosts, int seconds) throws Exception {
        Path folder = Files.createTempDirectory("fleet");
        Deque<AutoCloseable> open = new ArrayDeque<>();
        Map<String, ServerProcess> servers = new LinkedHashMap<>();
        try {
            Kafka kafka = opened(open, Kafka.start(folder, PARTITIONS));
            Jaeger jaeger = opened(open, Jaeger.start(folder));
            Prometheus prometheus = opened(open, Prometheus.withoutTargets(folder));
            OtlpReceiver logs = opened(open, OtlpReceiver.start());
            Collector reader = opened(open, Collector.reader(folder, kafka, jaeger.url(), logs.endpoint(), prometheus));
            Collector gateway = opened(open, Collector.gateway(folder, kafka, 1));
            Collector host = opened(open, Collector.host(folder, gateway.httpEndpoint()));
            servers.put("Collector of one host", host.server());
            servers.put("gateway", gateway.server());
            servers.put("Kafka", kafka.server());
            servers.put("reader", reader.server());
            servers.put("Prometheus", prometheus.server());
            servers.put("Jaeger", jaeger.server());
            FleetBenchmark one = opened(open, new FleetBenchmark(host.httpEndpoint()));
            FleetBenchmark others = opened(open, new FleetBenchmark(gateway.httpEndpoint()));
            one.start(0, 1);
            others.start(1, hosts - 1);
            // In the first round, the stores create all series and learn all names.
            SECONDS.sleep(INTERVAL_SECONDS);
            Map<String, Long> before = new LinkedHashMap<>();
            for (Map.Entry<String, ServerProcess> server : servers.entrySet()) {
                before.put(server.getKey(), cpuMillis(server.getValue().pid()));
            }
            long log = size(folder.resolve("kafka"));
            SECONDS.sleep(seconds);
            print(hosts, seconds, servers, before);
            System.out.printf(
                    "| %d | Kafka's log | – | – | %.1f kB a host and minute |%n",
                    hosts, (size(folder.resolve("kafka")) - log) / KB / hosts * INTERVAL_SECONDS / seconds);
            System.err.println(others.summary(hosts));
            stop(prometheus, seconds);
            System.out.println(gaps(prometheus, hosts, List.of(one, others)));
        } finally {
            while (!open.isEmpty()) {
                open.pop().close();
            }
            delete(folder);
        }
    }

    /** Kills Prometheus and starts it again after some seconds, then stops it with SIGSTOP for as long. */
    private static void stop(Prometheus prometheus, int seconds) throws Exception {
        prometheus.server().kill();
        SECONDS.sleep(seconds);
        prometheus.server().restart();
        SECONDS.sleep(INTERVAL_SECONDS);
        prometheus.server().pause();
        SECONDS.sleep(seconds);
        prometheus.server().resume();
    }

    /** Ends the load, waits until each push is stored, and compares the times of the samples of each host. */
    private static String gaps(Prometheus prometheus, int hosts, List<FleetBenchmark> loads) throws Exception {
        for (FleetBenchmark load : loads) {
            load.finish();
        }
        long pushes = loads.stream().mapToLong(load -> load.pushes.sum()).sum();
        Map<String, List<Long>> times = Await.value(
                "all pushes",
                Duration.ofMinutes(30),
                () -> prometheus.sampleTimes(Metric.EVENT_USAGE.prometheusName()),
                stored -> stored.values().stream().mapToInt(List::size).sum() >= pushes);
        double longest = times.values().stream()
                        .mapToLong(FleetBenchmark::longestGap)
                        .max()
                        .orElseThrow()
                / 1e3;
        return "%d pushes of %d hosts accepted, %d found of %d hosts; the longest time between two samples of a host is %.0f s"
                .formatted(
                        pushes,
                        hosts,
                        times.values().stream().mapToInt(List::size).sum(),
                        times.size(),
                        longest);
    }

    private static long longestGap(List<Long> times) {
        return IntStream.range(1, times.size())
                .mapToLong(next -> times.get(next) - times.get(next - 1))
                .max()
                .orElse(0);
    }

    private static <T extends AutoCloseable> T opened(Deque<AutoCloseable> open, T server) {
        open.push(server);
        return server;
    }

    private static void print(int hosts, int seconds, Map<String, ServerProcess> servers, Map<String, Long> before)
            throws IOException {
        for (Map.Entry<String, ServerProcess> server : servers.entrySet()) {
            long pid = server.getValue().pid();
            double cpu = (cpuMillis(pid) - before.get(server.getKey())) / 10.0 / seconds;
            double memory = residentBytes(pid) / MB;
            System.out.printf(
                    "| %d | %s | %.2f %% | %.0f MB | %s |%n",
                    hosts,
                    server.getKey(),
                    cpu,
                    memory,
                    server.getKey().contains("one host")
                            ? "–"
                            : "%.4f %%, %.2f MB".formatted(cpu / hosts, memory / hosts));
        }
    }

    /** CPU time of a process in user and system mode. */
    private static long cpuMillis(long pid) throws IOException {
        String stat = Files.readString(Path.of("/proc/" + pid + "/stat"));
        String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
        return 10 * (Long.parseLong(fields[11]) + Long.parseLong(fields[12]));
    }

    private static long residentBytes(long pid) throws IOException {
        return Files.readAllLines(Path.of("/proc/" + pid + "/status")).stream()
                .filter(line -> line.startsWith("VmRSS:"))
                .mapToLong(line -> 1024 * Long.parseLong(line.replaceAll("\\D", "")))
                .findFirst()
                .orElseThrow();
    }

    private static long size(Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            return files.filter(file -> file.toString().endsWith(".log"))
                    .mapToLong(file -> file.toFile().length())
                    .sum();
        }
    }

    private static void delete(Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            files.sorted(Comparator.reverseOrder())
                    .forEach(file -> file.toFile().delete());
        }
    }
}
