package dev.aioscope.telemetry;

import com.sun.management.OperatingSystemMXBean;
import dev.aioscope.kernel.Host;
import dev.aioscope.lifecycle.Counters;
import dev.aioscope.probe.AttachPoint;
import dev.aioscope.probe.Losses;
import dev.aioscope.probe.Probes;
import dev.aioscope.probe.Quota;
import dev.aioscope.probe.Tier;
import dev.aioscope.telemetry.Metric.Label;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.lang.management.ManagementFactory;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/** The quota, read when somebody asks, and what the agent tells of itself. */
public final class AgentMetrics implements MeterBinder {
    private static final long PAGE = 4096;

    private final Probes probes;
    private final Work work;
    private final TraceExport export;

    /** What the agent has done so far; each is asked at every scrape. */
    public interface Work {
        /** Records read. */
        long events();

        /** What the probes lost. */
        Losses losses();

        /** What the correlation could not keep or use. */
        Counters counters();

        /** What listeners were not told. */
        long dropped();

        /** How often a process was to be identified and was not. */
        long unidentified();
        /** What the flight recorder did not keep; null if there is none. */
        @Nullable Long unrecorded();

        /** How often the flight recorder set aside what it held; null if there is none. */
        @Nullable Long snapshots();
    }

    /** Tells of these probes and of what becomes of what they see. */
    public AgentMetrics(Probes probes, Work work, TraceExport export) {
        this.probes = probes;
        this.work = work;
        this.export = export;
    }

    @Override
    public void bindTo(MeterRegistry registry) {
        bindQuota(registry);
        bindProbes(registry);
        bindLosses(registry);
        if (export.isActive()) {
            bindExport(registry);
        }
        if (export.metricsEndpoint().isPresent()) {
            pushes(registry, "exported", () -> export.pushes().exported());
            pushes(registry, "failed", () -> export.pushes().failed());
        }
        bindProcess(registry);
    }

    private void bindQuota(MeterRegistry registry) {
        if (!probes.canWait() && probes.quota().aioNr() == null) {
            return;
        }
        gauge(registry, Metric.EVENT_USAGE, Tags.empty(), () -> probes.quota().aioNr());
        gauge(registry, Metric.EVENT_LIMIT, Tags.empty(), () -> probes.quota().aioMaxNr());
        gauge(registry, Metric.EVENT_UTILIZATION, Tags.empty(), () -> utilization(probes.quota()));
    }

    private static @Nullable Double utilization(Quota quota) {
        Long usage = quota.aioNr();
        Long limit = quota.aioMaxNr();
        return usage == null || limit == null || limit <= 0 ? null : (Double) ((double) usage / limit);
    }

    private void bindProbes(MeterRegistry registry) {
        gauge(
                registry,
                Metric.TIER_LEVEL,
                Tags.of(
                        Label.TIER.attribute(), probes.tier().label(),
                        Label.ENGINE.attribute(), probes.engine()),
                () -> level(probes.tier()));
        for (AttachPoint point : probes.attachPoints()) {
            AttachPoint.Mode mode = point.mode();
            gauge(
                    registry,
                    Metric.PROBE_ATTACHED,
                    Tags.of(
                            Label.PROBE.attribute(),
                            point.name(),
                            Label.MODE.attribute(),
                            mode == null ? "none" : mode.label()),
                    () -> mode == null ? 0 : 1);
        }
        counter(registry, Metric.EVENT_READ, Tags.empty(), Work::events);
    }

    private static int level(Tier tier) {
        return switch (tier) {
            case FULL -> 3;
            case SYSCALL -> 2;
            case SAMPLE -> 1;
            case PROC -> 0;
        };
    }

    private void bindLosses(MeterRegistry registry) {
        for (Loss loss : Loss.values()) {
            if (loss.of(work) != null) {
                lost(registry, loss);
            }
        }
        if (work.snapshots() != null) {
            counter(registry, Metric.SNAPSHOT, Tags.empty(), w -> orZero(w.snapshots()));
        }
        counter(registry, Metric.EVENT_ORPHAN, Tags.empty(), w -> w.counters().orphanEvents());
        counter(registry, Metric.UNIDENTIFIED, Tags.empty(), Work::unidentified);
    }

    private void lost(MeterRegistry registry, Loss loss) {
        counter(registry, Metric.EVENT_LOST, Tags.of(Label.REASON.attribute(), loss.label()), w -> orZero(loss.of(w)));
    }

    private static double orZero(@Nullable Long count) {
        return count == null ? 0 : count;
    }

    private void bindExport(MeterRegistry registry) {
        spans(registry, "exported", () -> export.counts().exported());
        spans(registry, "failed", () -> export.counts().failed());
        spans(registry, "dropped", () -> export.counts().dropped());
        gauge(registry, Metric.SPAN_WAITING, Tags.empty(), () -> export.counts().waiting());
    }

    private void spans(MeterRegistry registry, String outcome, LongSupplier value) {
        counter(registry, Metric.SPAN, Tags.of(Label.OUTCOME.attribute(), outcome), w -> value.getAsLong());
    }

    private void pushes(MeterRegistry registry, String outcome, LongSupplier value) {
        counter(registry, Metric.PUSH, Tags.of(Label.OUTCOME.attribute(), outcome), w -> value.getAsLong());
    }

    private void bindProcess(MeterRegistry registry) {
        if (ManagementFactory.getOperatingSystemMXBean() instanceof OperatingSystemMXBean system) {
            counter(registry, Metric.CPU_TIME, Tags.empty(), w -> system.getProcessCpuTime() / 1e9);
        }
        gauge(registry, Metric.MEMORY_USAGE, Tags.empty(), AgentMetrics::residentBytes);
    }

    private static @Nullable Long residentBytes() {
        return Host.read("/proc/self/statm")
                .map(line -> line.split(" ", -1))
                .filter(fields -> fields.length > 1)
                .map(fields -> Long.parseLong(fields[1]) * PAGE)
                .orElse(null);
    }

    private static void gauge(MeterRegistry registry, Metric metric, Tags tags, Supplier<@Nullable Number> value) {
        Gauge.builder(metric.label(), value)
                .description(metric.meaning())
                .baseUnit(baseUnit(metric))
                .tags(tags)
                .register(registry);
    }

    private void counter(MeterRegistry registry, Metric metric, Tags tags, ToDoubleFunction<Work> value) {
        FunctionCounter.builder(metric.label(), work, value)
                .description(metric.meaning())
                .baseUnit(baseUnit(metric))
                .tags(tags)
                .register(registry);
    }

    /** What Micrometer puts behind the name. */
    private static @Nullable String baseUnit(Metric metric) {
        String base = metric.baseName();
        String plain = metric.label().replace('.', '_');
        return base.equals(plain) ? null : base.substring(plain.length() + 1);
    }
}
