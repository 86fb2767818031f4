package dev.aioscope.telemetry;

import dev.aioscope.event.UnsignedNumber;
import dev.aioscope.kernel.Host;
import dev.aioscope.kernel.Libc;
import dev.aioscope.kernel.TaskStat;
import dev.aioscope.kernel.TaskStat.CpuTicks;
import dev.aioscope.probe.AttachPoint;
import dev.aioscope.probe.Probes;
import dev.aioscope.probe.Tier;
import dev.aioscope.telemetry.Metric.Label;
import dev.aioscope.worker.ErrorBoundary;
import io.micrometer.core.instrument.Tags;
import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.sdk.resources.Resource;
import java.lang.management.ManagementFactory;
import java.math.BigInteger;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;

/** The meters of the quota and of the agent itself. Each reads its value during a scrape. */
public final class AgentMetrics {
    private final Metrics metrics;
    private final AgentStatistics statistics;
    /** Those with a series. */
    private final Set<String> workers = new HashSet<>();

    private AgentMetrics(Metrics metrics, AgentStatistics statistics) {
        this.metrics = metrics;
        this.statistics = statistics;
    }

    /** Registers the meters of these probes, of the agent that reads them, and of its export. */
    public static void register(Metrics metrics, Probes probes, AgentStatistics statistics, TraceExport export) {
        AgentMetrics agent = new AgentMetrics(metrics, statistics);
        agent.registerQuota(probes);
        agent.registerProbes(probes);
        agent.registerLosses();
        agent.registerExport(export);
        agent.registerProcess();
        agent.registerInfo(export.resource());
        metrics.beforeRead(agent::registerWorkers);
    }

    private void registerQuota(Probes probes) {
        metrics.gauge(Metric.EVENT_USAGE, Tags.empty(), () -> probes.quota().aioNr());
        metrics.gauge(Metric.EVENT_LIMIT, Tags.empty(), () -> probes.quota().aioMaxNr());
        metrics.gauge(
                Metric.EVENT_UTILIZATION, Tags.empty(), () -> probes.quota().utilization());
    }

    private void registerProbes(Probes probes) {
        Tags tier = Metrics.tags(Label.TIER, probes.tier().label());
        metrics.gauge(Metric.TIER_LEVEL, Metrics.and(tier, Label.ENGINE, probes.engine()), () -> level(probes.tier()));
        for (AttachPoint point : probes.attachPoints()) {
            AttachPoint.Mode mode = point.mode();
            Tags probe = Metrics.tags(Label.PROBE, point.name());
            metrics.gauge(
                    Metric.PROBE_ATTACHED,
                    Metrics.and(probe, Label.MODE, mode == null ? "none" : mode.label()),
                    () -> mode == null ? 0 : 1);
        }
        metrics.gauge(Metric.PROBE_SILENT, Tags.empty(), statistics::silent);
        metrics.counter(Metric.EVENT_READ, Tags.empty(), statistics::events);
    }

    private static int level(Tier tier) {
        return switch (tier) {
            case FULL -> 3;
            case SYSCALL -> 2;
            case SAMPLE -> 1;
            case PROC -> 0;
        };
    }

    private void registerLosses() {
        Arrays.stream(Loss.values())
                .forEach(loss -> counter(Metric.EVENT_LOST, Metrics.tags(Label.REASON, loss.label()), loss::of));
        counter(Metric.SNAPSHOT, Tags.empty(), AgentStatistics::snapshots);
        metrics.counter(
                Metric.EVENT_ORPHAN, Tags.empty(), () -> statistics.counters().orphanEvents());
        metrics.counter(Metric.UNIDENTIFIED, Tags.empty(), statistics::unidentified);
        metrics.counter(Metric.HELPER_FAILURE, Tags.empty(), statistics::helperFailures);
    }

    /** The series is absent while the agent does not count this. */
    private void counter(Metric metric, Tags tags, Function<AgentStatistics, @Nullable Long> value) {
        metrics.counter(metric, tags, () -> {
            Long count = value.apply(statistics);
            return count == null ? Double.NaN : count;
        });
    }

    private void registerExport(TraceExport export) {
        if (export.endpoint().isPresent()) {
            outcomes(Metric.SPAN, Metric.SPAN_QUEUED, export::spans);
            dropped("true", () -> export.spans().droppedFindings());
            dropped("false", () -> export.spans().droppedOthers());
        }
        if (export.logsEndpoint().isPresent()) {
            outcomes(Metric.LOG_RECORD, Metric.LOG_RECORD_QUEUED, export::logRecords);
            outcome(Metric.LOG_RECORD, "dropped", () -> export.logRecords().dropped());
        }
        if (export.metricsEndpoint().isPresent()) {
            outcome(Metric.PUSH, "exported", () -> export.pushes().exported());
            outcome(Metric.PUSH, "failed", () -> export.pushes().failed());
        }
    }

    private void outcomes(Metric metric, Metric queued, Supplier<ExportCounts> counts) {
        outcome(metric, "exported", () -> counts.get().exported());
        outcome(metric, "failed", () -> counts.get().failed());
        metrics.gauge(queued, Tags.empty(), () -> counts.get().queued());
    }

    private void outcome(Metric metric, String outcome, LongSupplier value) {
        metrics.counter(metric, Metrics.tags(Label.OUTCOME, outcome), value::getAsLong);
    }

    private void dropped(String finding, LongSupplier value) {
        Tags dropped = Metrics.tags(Label.OUTCOME, "dropped");
        metrics.counter(Metric.SPAN, Metrics.and(dropped, Label.FINDING, finding), value::getAsLong);
    }

    /** A worker can start at any time. */
    private synchronized void registerWorkers() {
        ErrorBoundary.failures().keySet().stream()
                .filter(workers::add)
                .forEach(name -> metrics.counter(
                        Metric.WORKER_FAILURES,
                        Metrics.tags(Label.WORKER, name),
                        () -> ErrorBoundary.failures().getOrDefault(name, 0L)));
    }

    private void registerProcess() {
        cpuTime("user", CpuTicks::user);
        cpuTime("system", CpuTicks::system);
        metrics.gauge(Metric.MEMORY_USAGE, Tags.empty(), AgentMetrics::residentBytes);
        metrics.gauge(
                Metric.START_TIME,
                Tags.empty(),
                () -> ManagementFactory.getRuntimeMXBean().getStartTime() / 1e3);
    }

    private void cpuTime(String mode, ToLongFunction<CpuTicks> ticks) {
        metrics.counter(
                Metric.CPU_TIME,
                Metrics.tags(Label.CPU_MODE, mode),
                () -> TaskStat.cpuTicks("/proc/self/stat")
                        .map(used -> ticks.applyAsLong(used) * TaskStat.TICK / 1e9)
                        .orElse(Double.NaN));
    }

    private void registerInfo(Resource resource) {
        Tags build = Metrics.tags(Label.VERSION, TelemetryScope.version());
        metrics.gauge(
                Metric.BUILD_INFO, Metrics.and(build, Label.JAVA_VERSION, System.getProperty("java.version")), () -> 1);
        Tags host = Tags.empty();
        for (Label label : Metric.HOST_INFO.labels()) {
            host = Metrics.and(host, label, resource.getAttribute(AttributeKey.stringKey(label.attribute())));
        }
        metrics.gauge(Metric.HOST_INFO, host, () -> 1);
    }

    private static @Nullable BigInteger residentBytes() {
        return Host.read("/proc/self/statm")
                .flatMap(line -> residentBytes(line, Libc.getpagesize()))
                .orElse(null);
    }

    /** The resident memory in this line of statm, which counts pages. */
    static Optional<BigInteger> residentBytes(String statm, int pageBytes) {
        String[] fields = statm.split(" ", -1);
        return fields.length > 1
                ? UnsignedNumber.parse(fields[1]).map(pages -> pages.multiply(BigInteger.valueOf(pageBytes)))
                : Optional.empty();
    }
}
