package dev.aioscope.telemetry;

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
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/** The metrics of a daemon in the tier full, which exports traces and metrics. */
public final class TypicalHost implements AutoCloseable {
    private static final int BUSY_PROGRAMS = 10;

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

    private TypicalHost(int programs) {
        AgentMetrics.register(metrics, new NoProbes(Tier.FULL, POINTS), new NoWork(), export);
        SpecMetrics.register(metrics, audit);
        scan(programs);
    }

    /** A host with one program and no teardown yet. */
    public static TypicalHost quiet() {
        return new TypicalHost(1);
    }

    /** A host with ten programs, each kind of teardown that a lab kernel recorded, and a failed setup. */
    public static TypicalHost busy() throws Exception {
        TypicalHost host = new TypicalHost(BUSY_PROGRAMS);
        Lifecycle lifecycle = new Lifecycle(
                ForwardingListener.to(host.teardowns, host.holders, host.audit), Tier.FULL, Limits.DEFAULT);
        for (Event event : Repeatable.read(Path.of("src/test/resources/recorded/6.1.aioscope"))
                .events()) {
            lifecycle.accept(event);
        }
        host.scan(BUSY_PROGRAMS);
        return host;
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

    public Metrics metrics() {
        return metrics;
    }

    @Override
    public void close() {
        export.close();
        metrics.close();
    }
}
