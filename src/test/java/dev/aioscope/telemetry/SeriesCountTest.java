package dev.aioscope.telemetry;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aioscope.audit.Audit;
import dev.aioscope.event.Event;
import dev.aioscope.event.Repeatable;
import dev.aioscope.host.Identity;
import dev.aioscope.host.Namespaces;
import dev.aioscope.inventory.Inventory;
import dev.aioscope.inventory.LiveContext;
import dev.aioscope.inventory.Scan;
import dev.aioscope.kernel.WallClock;
import dev.aioscope.lifecycle.ForwardingListener;
import dev.aioscope.lifecycle.Lifecycle;
import dev.aioscope.lifecycle.Limits;
import dev.aioscope.lifecycle.Task;
import dev.aioscope.probe.AttachPoint;
import dev.aioscope.probe.AttachPoint.Mode;
import dev.aioscope.probe.NoProbes;
import dev.aioscope.probe.Quotas;
import dev.aioscope.probe.ScanGaps;
import dev.aioscope.probe.Tier;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Compares the numbers of series in {@code dashboards/metrics.md} with those of a quiet and of a busy host. */
class SeriesCountTest {
    private static final int QUIET = 300;
    private static final int BUSY = 600;
    private static final int HOLDERS = 10;

    /** As many as the tier full has. */
    private static final List<AttachPoint> POINTS = IntStream.range(0, 17)
            .mapToObj(number -> new AttachPoint("point " + number, Mode.FENTRY, List.of()))
            .toList();

    private final Metrics metrics = new Metrics();
    private final TeardownMetrics teardowns =
            new TeardownMetrics(metrics, Tier.FULL, new WallClock(() -> 0, () -> Instant.EPOCH));
    private final HolderMetrics holders =
            new HolderMetrics(metrics, (task, mm) -> identity(task), () -> 200_000_000_000L, 20, false);
    private final Audit audit = new Audit(Tier.FULL, false);
    private final TraceExport export = TraceExport.open(Map.of(
            "otel.exporter.otlp.endpoint", "http://127.0.0.1:1",
            "otel.metrics.exporter", "otlp",
            "otel.resource.attributes", "k8s.node.name=node"));

    private String document;

    @BeforeEach
    void register() throws Exception {
        AgentMetrics.register(metrics, new NoProbes(Tier.FULL, POINTS), new NoWork(), export);
        SpecMetrics.register(metrics, audit);
        document = Files.readString(Path.of("dashboards/metrics.md"));
    }

    @AfterEach
    void close() {
        export.close();
        metrics.close();
    }

    private static Identity identity(Task task) {
        String service = "/system.slice/" + task.comm() + ".service";
        return new Identity(
                null, "/usr/sbin/" + task.comm(), List.of(), false, "mysql", null, service, Namespaces.HOST);
    }

    private void scan(int programs) {
        List<LiveContext> contexts = IntStream.range(0, programs)
                .mapToObj(number -> new LiveContext(
                        new Task(number + 10, number + 10, "program" + number, 1, 0),
                        null,
                        number,
                        0x1000,
                        8,
                        16,
                        null,
                        0))
                .toList();
        holders.onScan(new Scan(
                199_000_000_000L,
                new Inventory(Tier.FULL, contexts, 0, ScanGaps.NONE, Quotas.of(120L, 65536L)),
                List.of()));
    }

    /** Workers have their series when they first run. */
    private long count(String accept) {
        Matcher workers = Pattern.compile("(?ms)^\\| `aioscope_worker` \\| what fails \\|.*?\\n\\n")
                .matcher(document);
        assertThat(workers.find()).isTrue();
        long documented = Pattern.compile("`[a-z-]+`[,| ]")
                .matcher(workers.group().replaceAll("(?m)\\|[^|]*\\|$", "|"))
                .results()
                .count();
        int samples = accept.isEmpty() ? 1 : 2; // _total and _created
        return samples * documented
                + metrics.scrape(accept)
                        .body()
                        .lines()
                        .filter(line -> !line.startsWith("#") && !line.startsWith("aioscope_worker"))
                        .count();
    }

    private String row(String host) {
        return "| " + host + " | " + count("") + " | " + count("application/openmetrics-text") + " |";
    }

    @Test
    void documentsNumberOfQuietHost() {
        scan(1);
        assertThat(document).contains(row("quiet"));
        assertThat(count("application/openmetrics-text")).isLessThanOrEqualTo(QUIET);
    }

    /** Replays what a lab kernel recorded: each kind of teardown, and a failed setup. */
    @Test
    void documentsNumberOfBusyHost() throws Exception {
        Lifecycle lifecycle =
                new Lifecycle(ForwardingListener.to(teardowns, holders, audit), Tier.FULL, Limits.DEFAULT);
        for (Event event : Repeatable.read(Path.of("src/test/resources/recorded/6.1.aioscope"))
                .events()) {
            lifecycle.accept(event);
        }
        scan(HOLDERS);
        assertThat(document).contains(row("busy"));
        assertThat(count("application/openmetrics-text")).isLessThanOrEqualTo(BUSY);
    }
}
