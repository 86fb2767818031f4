package dev.aioscope.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aioscope.agent.DutyCycle;
import dev.aioscope.event.EventBuilder;
import dev.aioscope.host.Identity;
import dev.aioscope.host.Namespaces;
import dev.aioscope.host.Processes.IdentityKey;
import dev.aioscope.kernel.WallClock;
import dev.aioscope.lifecycle.LifecycleListener;
import dev.aioscope.probe.ScanGaps;
import dev.aioscope.probe.Tier;
import dev.aioscope.recording.Recorder;
import dev.aioscope.recording.Scripted;
import dev.aioscope.recording.Storage;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Runs commands on a recording; needs no probes. */
@Timeout(120)
class ReplayCommandTest {
    private static final long SECOND = 1_000_000_000L;

    @TempDir
    private Path directory;

    private Path file;

    @BeforeEach
    void record() throws IOException {
        file = directory.resolve("host.aioscope");
        WallClock clock = new WallClock(() -> SECOND, () -> Instant.parse("2026-01-02T03:04:05Z"));
        Scripted script = new Scripted(Tier.FULL)
                .scan(SECOND, ScanGaps.NONE, live(SECOND, 1), live(SECOND, 2))
                .turn(2 * SECOND, Scripted.teardown(2 * SECOND - 500_000_000, 1, 300_000_000))
                .scan(3 * SECOND, ScanGaps.NONE, live(3 * SECOND, 2))
                .turn(4 * SECOND);
        try (Recorder recorder = new Recorder(Storage.file(file), clock);
                DutyCycle watch = new DutyCycle(
                        recorder.record(script), new LifecycleListener() {}, clock, Duration.ofSeconds(1))) {
            recorder.onIdentity(
                    new IdentityKey(7, 0, 9),
                    new Identity(
                            null,
                            "/usr/bin/db",
                            List.of("db", "--secret"),
                            false,
                            "mysql",
                            null,
                            "/db",
                            Namespaces.HOST));
            watch.run();
        }
    }

    private static EventBuilder live(long time, int kioctx) {
        return EventBuilder.liveContext()
                .time(time)
                .kioctx(kioctx)
                .mm(9)
                .task(7, 7, "db")
                .handle(0x1000L * kioctx)
                .size(128, 383);
    }

    @Test
    void describesRecordingWithoutCommand() {
        Run run = Run.of("replay", file.toString());

        assertThat(run.status()).as(run.err()).isZero();
        assertThat(run.err()).isEmpty();
        assertThat(run.out())
                .isEqualTo("Recorded on db1, Linux 6.1.0-18-amd64, tier full, from 2026-01-02T03:04:05Z, for 3.00s\n");
    }

    @Test
    void tracesEventsWithRecordedIdentities() {
        Run run = Run.of("replay", file.toString(), "trace", "--json");

        assertThat(run.status()).as(run.err()).isZero();
        List<JsonNode> lines =
                run.out().lines().map(JsonMapper.shared()::readTree).toList();
        assertThat(lines).hasSize(2);
        JsonNode teardown = lines.get(0);
        assertThat(teardown.path("trigger").asString()).isEqualTo("destroy");
        assertThat(teardown.path("outstanding").asInt()).isEqualTo(3);
        assertThat(teardown.path("command").asString()).isEqualTo("db --secret");
        assertThat(Instant.ofEpochSecond(0, teardown.path("time").asLong()))
                .isBetween(Instant.parse("2026-01-02T03:04:05Z"), Instant.parse("2026-01-02T03:04:07Z"));
        assertThat(run.err())
                .contains("Tier full, engine core, probes: as recorded")
                .doesNotContain("incomplete");
        assertThat(Run.of("replay", file.toString(), "trace", "--json").out()).isEqualTo(run.out());
        assertThat(Run.of("replay", file.toString(), "trace", "--json", "--hide-arguments")
                        .out())
                .doesNotContain("--secret");
    }

    @Test
    void auditsRecording() {
        Run run = Run.of("replay", file.toString(), "audit");

        assertThat(run.status()).as(run.err()).isIn(0, 4);
        assertThat(run.out()).contains("Linux 6.1.0-18-amd64, tier full").containsPattern("P1 +HOLDS +1 ");
        assertThat(Run.of("replay", file.toString(), "audit", "--workload").err())
                .contains("--workload does not apply to a recording");
    }

    @Test
    void showsRecordingInTopAtRequestedSpeed() {
        long begin = System.nanoTime();
        Run run = Run.of("replay", "--speed", "6", file.toString(), "top");

        assertThat(run.status()).as(run.err()).isZero();
        assertThat(run.out()).contains("db1", "6.1.0-18-amd64", "mysql");
        assertThat(Duration.ofNanos(System.nanoTime() - begin)).isGreaterThan(Duration.ofMillis(500));
        assertThat(Run.of("replay", "--speed", "max", file.toString(), "top", "--once")
                        .out())
                .contains("db1", "mysql");
    }

    @Test
    void servesFinalMetricsUntilStopped() throws Exception {
        int port;
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = free.getLocalPort();
        }
        Thread daemon = new Thread(() -> Run.of("replay", file.toString(), "run", "--listen", "127.0.0.1:" + port));
        daemon.setDaemon(true);
        daemon.start();

        HttpClient client = HttpClient.newHttpClient();
        String metrics = "";
        long deadline = System.nanoTime() + Duration.ofSeconds(60).toNanos();
        while (!metrics.contains("aio_context_active{process_executable_name=\"db\"} 1.0")
                && System.nanoTime() < deadline) {
            Thread.sleep(100);
            metrics = get(client, port);
        }
        assertThat(metrics)
                .contains("aio_context_teardowns_total{aio_teardown_end=\"complete\",aio_trigger=\"destroy\"} 1")
                .contains("aio_event_usage 4713.0")
                .doesNotContain("aioscope_snapshot");
        assertThat(daemon.isAlive()).isTrue();
    }

    private static String get(HttpClient client, int port) throws InterruptedException {
        try {
            return client.send(
                            HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/metrics"))
                                    .build(),
                            BodyHandlers.ofString())
                    .body();
        } catch (IOException e) {
            return ""; // The server is not up yet.
        }
    }

    @Test
    void rejectsProbeOptions() {
        for (String option : List.of("--tier=full", "--engine=bcc", "--probe-mode")) {
            Run run = Run.of("replay", file.toString(), "trace", option, "kprobe");

            assertThat(run.status()).isEqualTo(2);
            assertThat(run.err())
                    .contains(option.replace("=full", "").replace("=bcc", "") + " does not apply to a recording");
        }
    }

    @Test
    void reportsDamage() throws IOException {
        byte[] bytes = Files.readAllBytes(file);
        Files.write(file, Arrays.copyOf(bytes, bytes.length - 250));
        Run run = Run.of("replay", file.toString(), "trace");

        assertThat(run.status()).isZero();
        assertThat(run.err()).containsPattern("The recording is incomplete: \\d+ bytes are damaged or truncated.");
    }
}
