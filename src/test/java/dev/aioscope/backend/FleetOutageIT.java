package dev.aioscope.backend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.aioscope.testing.Await;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * A fleet with real servers and the shipped configurations: Collectors of two hosts (agent.yaml), two gateways
 * (to-kafka.yaml), Kafka, two readers (from-kafka.yaml), Jaeger, Prometheus and a receiver of log records. Under load, two
 * servers are killed with SIGKILL and started again, then stopped with SIGSTOP for a while. Whatever a Collector of a host has
 * accepted arrives.
 */
class FleetOutageIT {
    private static final Duration INTERVAL = Duration.ofMillis(500);
    /** Rounds of load while a server is killed. */
    private static final int ROUNDS_KILLED = 4;

    private static final int PARTITIONS = 3;
    private static final int SAMPLING_PERCENTAGE = 10;

    @TempDir
    private static Path folder;

    private static final Deque<AutoCloseable> OPEN = new ArrayDeque<>();
    private static final Map<Victim, ServerProcess> SERVERS = new EnumMap<>(Victim.class);
    private static final List<String> HOSTS = new ArrayList<>();
    private static LoadBalancer store;
    private static OtlpReceiver logStore;
    private static Jaeger jaeger;
    private static Prometheus prometheus;

    /** The server that fails. */
    enum Victim {
        HOST(4),
        GATEWAY(12),
        BROKER(12),
        /** Longer than the session timeout, so the other reader takes its partitions. */
        READER(24),
        TRACE_STORE(12),
        METRIC_STORE(12);

        private final int roundsStopped;

        Victim(int roundsStopped) {
            this.roundsStopped = roundsStopped;
        }
    }

    /** The servers that fail at the same time. */
    enum Outage {
        /** The queue on the disk of the host is not empty when its Collector is killed. */
        BROKER_AND_HOST(Victim.BROKER, Victim.HOST),
        GATEWAY_AND_READER(Victim.GATEWAY, Victim.READER),
        STORES(Victim.TRACE_STORE, Victim.METRIC_STORE);

        private final Victim first;
        private final Victim second;

        Outage(Victim first, Victim second) {
            this.first = first;
            this.second = second;
        }
    }

    @BeforeAll
    static void start() throws Exception {
        for (Optional<String> reason : List.of(
                Prometheus.unavailable(),
                Collector.unavailable(),
                BuiltProgram.JAEGER.unavailable(),
                BuiltProgram.KAFKA.unavailable())) {
            assumeTrue(reason.isEmpty(), () -> reason.orElseThrow());
        }
        Kafka kafka = open(Kafka.start(created("kafka"), PARTITIONS));
        jaeger = open(Jaeger.withFile(created("jaeger")));
        prometheus = open(Prometheus.start(created("prometheus")));
        store = open(LoadBalancer.start(jaeger.url()));
        logStore = open(OtlpReceiver.start());
        SERVERS.put(Victim.BROKER, kafka.server());
        SERVERS.put(Victim.TRACE_STORE, jaeger.server());
        SERVERS.put(Victim.METRIC_STORE, prometheus.server());
        for (String name : List.of("reader-1", "reader-2")) {
            Collector reader =
                    open(Collector.reader(created(name), kafka, store.url(), logStore.endpoint(), prometheus));
            SERVERS.put(Victim.READER, reader.server());
        }
        List<String> gateways = new ArrayList<>();
        for (String name : List.of("gateway-1", "gateway-2")) {
            Collector gateway = open(Collector.gateway(created(name), kafka, SAMPLING_PERCENTAGE));
            SERVERS.put(Victim.GATEWAY, gateway.server());
            gateways.add(gateway.httpEndpoint());
        }
        LoadBalancer front = open(LoadBalancer.start(gateways.toArray(String[]::new)));
        for (String name : List.of("host-1", "host-2")) {
            Collector host = open(Collector.host(created(name), front.url()));
            SERVERS.put(Victim.HOST, host.server());
            HOSTS.add(host.httpEndpoint());
        }
    }

    private static Path created(String name) throws IOException {
        return Files.createDirectory(folder.resolve(name));
    }

    private static <T extends AutoCloseable> T open(T opened) {
        OPEN.push(opened);
        return opened;
    }

    @AfterAll
    static void stop() throws Exception {
        while (!OPEN.isEmpty()) {
            OPEN.pop().close();
        }
    }

    @ParameterizedTest
    @EnumSource
    void deliversFindingsLogRecordsAndMetricsWhileServersFail(Outage outage) throws Exception {
        try (FleetLoad load = FleetLoad.start(INTERVAL, HOSTS)) {
            awaitStored(load, 1);
            FutureTask<Void> other = new FutureTask<>(() -> {
                fail(outage.second, load);
                return null;
            });
            new Thread(other).start();
            try {
                fail(outage.first, load);
            } finally {
                other.get();
            }
            load.finish();
            verify(outage, load);
        }
    }

    private static void fail(Victim victim, FleetLoad load) throws IOException {
        ServerProcess server = SERVERS.get(victim);
        server.kill();
        awaitRounds(load, ROUNDS_KILLED);
        server.restart();
        awaitStored(load, load.findings().size() + 1);
        server.pause();
        awaitRounds(load, victim.roundsStopped);
        server.resume();
    }

    private static void awaitRounds(FleetLoad load, int more) {
        int end = load.rounds() + more;
        Await.until(more + " rounds of load", () -> load.rounds() >= end);
    }

    /** Waits for a number of findings, of which all spans are stored. */
    private static void awaitStored(FleetLoad load, int findings) {
        Await.until(findings + " findings", () -> {
            Set<String> stored = store.deliveries().keySet();
            return load.findings().entrySet().stream()
                            .filter(finding -> stored.containsAll(spans(finding)))
                            .count()
                    >= findings;
        });
    }

    private static Set<String> spans(Map.Entry<String, Set<String>> trace) {
        Set<String> spans = new HashSet<>();
        trace.getValue().forEach(span -> spans.add(trace.getKey() + "-" + span));
        return spans;
    }

    private static void verify(Outage outage, FleetLoad load) throws IOException {
        Map<String, Set<String>> findings = load.findings();
        awaitStored(load, findings.size());
        Set<String> found = Await.value(
                "all findings in Jaeger", () -> jaeger.traceIds("aioscope"), ids -> ids.containsAll(findings.keySet()));
        Await.value(
                "all samples",
                () -> prometheus.sampleTimes("aio_context_setups_total{error_type=\"\"}"),
                times -> load.pushes().entrySet().stream()
                        .allMatch(host ->
                                times.getOrDefault(host.getKey(), List.of()).containsAll(host.getValue())));
        Set<String> logRecords = load.logRecords();
        assertThat(logRecords).isNotEmpty();
        List<String> logged =
                Await.value("all log records", FleetOutageIT::logged, records -> records.containsAll(logRecords));
        Set<String> others = load.others();
        assertThat(others.stream().filter(found::contains).count())
                .as("traces without a finding, of " + others.size())
                .isLessThan(others.size() / 2);
        System.out.printf(
                "%s failed: %d findings sent and found, %d of their %d spans delivered more than once;"
                        + " %d log records sent and found, %d of them more than once%n",
                outage,
                findings.size(),
                findings.entrySet().stream()
                        .flatMap(finding -> spans(finding).stream())
                        .filter(span -> store.deliveries().get(span) > 1)
                        .count(),
                findings.values().stream().mapToInt(Set::size).sum(),
                logRecords.size(),
                logRecords.stream()
                        .filter(record -> Collections.frequency(logged, record) > 1)
                        .count());
    }

    /** The stored log records, as in {@link FleetLoad#logRecords}. */
    private static List<String> logged() {
        return logStore.logs().stream()
                .flatMap(resource -> resource.getScopeLogsList().stream())
                .flatMap(scope -> scope.getLogRecordsList().stream())
                .map(record -> record.getEventName() + " "
                        + HexFormat.of().formatHex(record.getTraceId().toByteArray()))
                .toList();
    }
}
