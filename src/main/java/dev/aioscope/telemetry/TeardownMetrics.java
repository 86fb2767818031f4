package dev.aioscope.telemetry;

import static dev.aioscope.event.Trigger.DESTROY;
import static dev.aioscope.event.Trigger.EXIT;
import static dev.aioscope.event.Trigger.ROLLBACK;

import dev.aioscope.event.Trigger;
import dev.aioscope.kernel.Errno;
import dev.aioscope.kernel.WallClock;
import dev.aioscope.lifecycle.Context;
import dev.aioscope.lifecycle.FailedCall;
import dev.aioscope.lifecycle.LifecycleListener;
import dev.aioscope.lifecycle.Teardown;
import dev.aioscope.lifecycle.WrongHandle;
import dev.aioscope.lifecycle.WrongHandle.Cause;
import dev.aioscope.probe.Tier;
import dev.aioscope.telemetry.Metric.Label;
import io.opentelemetry.api.trace.SpanContext;
import io.prometheus.metrics.model.registry.MultiCollector;
import io.prometheus.metrics.model.snapshots.Labels;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Counts and times what happens to contexts. It is told by the thread that reads the events, so that it misses nothing,
 * and keeps plain arrays: an event costs a fraction of a microsecond. Series that the tier can give are there from the
 * start, so that their first increase is seen.
 */
public final class TeardownMetrics implements LifecycleListener, MultiCollector {
    /**
     * A duration of a teardown.
     *
     * @param triggers the teardowns that have it
     * @param tiers that can give it
     */
    private record Phase(
            Metric metric, Set<Trigger> triggers, Set<Tier> tiers, Function<Teardown, @Nullable Long> nanos) {
        static Phase of(Metric metric, Set<Trigger> triggers, Function<Teardown, @Nullable Long> nanos) {
            return new Phase(metric, triggers, Set.of(Tier.FULL), nanos);
        }
    }

    /** For the name of an error. */
    private static final String SUCCESS = "";

    private static final Set<Trigger> ALL = Set.of(DESTROY, EXIT, ROLLBACK);
    private static final Set<Trigger> CALL = Set.of(DESTROY);

    private static final List<Phase> PHASES = List.of(
            Phase.of(Metric.DESTROY_DURATION, ALL, Teardown::held),
            new Phase(Metric.DESTROY_DURATION, CALL, Set.of(Tier.SYSCALL), Teardown::held),
            Phase.of(Metric.LOOKUP_DURATION, CALL, Teardown::lookup),
            Phase.of(Metric.KILL_DURATION, ALL, Teardown::kill),
            Phase.of(Metric.UNMAP_DURATION, ALL, Teardown::unmap),
            Phase.of(Metric.DRAIN_DURATION, ALL, Teardown::drain),
            Phase.of(Metric.GRACE_DURATION, ALL, Teardown::grace),
            Phase.of(Metric.IO_DURATION, ALL, Teardown::io),
            Phase.of(Metric.SIBLINGS_DURATION, ALL, Teardown::inSiblings),
            Phase.of(Metric.CANCEL_DURATION, ALL, Teardown::cancel),
            Phase.of(Metric.WAKE_DURATION, CALL, Teardown::wake),
            Phase.of(Metric.DEFERRED_FREE_DURATION, ALL, Teardown::deferredFree));

    /** The histogram of a phase. */
    private record Timed(Phase phase, Histogram histogram) {}

    /** How the agent learnt of the end of a context, and why it ended. */
    private record Ending(Teardown.End end, @Nullable Trigger trigger) {
        Labels labels() {
            Labels labels = Families.labels(Label.END, end.name().toLowerCase(Locale.ROOT));
            return Families.with(labels, Label.TRIGGER, trigger == null ? null : trigger.label());
        }
    }

    /** What an io_destroy that failed returned, and why. */
    private record WrongDestroy(String error, @Nullable Cause cause) {
        Labels labels() {
            return Families.with(
                    Families.labels(Label.ERROR, error), Label.CAUSE, cause == null ? null : cause.label());
        }
    }

    private final WallClock clock;
    private final Tier tier;
    private final Map<Trigger, List<Timed>> phases = new EnumMap<>(Trigger.class);
    private final Map<Trigger, Histogram> outstanding = new EnumMap<>(Trigger.class);
    private final Map<Trigger, long[]> uninterruptible = new EnumMap<>(Trigger.class);
    private final Map<Ending, long[]> endings = new LinkedHashMap<>();
    private final Map<String, long[]> failedSetups = new LinkedHashMap<>();
    private final Map<WrongDestroy, long[]> failedDestroys = new LinkedHashMap<>();
    private final Map<String, Histogram> setupDurations = new LinkedHashMap<>();
    private long setups;

    /**
     * Prepares what this tier can give.
     *
     * @param clock for the times of exemplars
     */
    public TeardownMetrics(Tier tier, WallClock clock) {
        this.tier = tier;
        this.clock = clock;
        for (Trigger trigger : Trigger.values()) {
            phases.put(
                    trigger,
                    PHASES.stream()
                            .filter(phase -> phase.tiers.contains(tier) && phase.triggers.contains(trigger))
                            .map(phase -> new Timed(phase, new Histogram(Histogram.Bounds.SECONDS)))
                            .toList());
            if (tier == Tier.FULL || (tier == Tier.SYSCALL && trigger == DESTROY)) {
                outstanding.put(trigger, new Histogram(Histogram.Bounds.REQUESTS));
            }
            if (tier == Tier.FULL && trigger != ROLLBACK) {
                uninterruptible.put(trigger, new long[1]);
            }
        }
        if (seesCalls()) {
            for (Trigger trigger : tier == Tier.FULL ? Trigger.values() : new Trigger[] {DESTROY}) {
                endings.put(new Ending(Teardown.End.COMPLETE, trigger), new long[1]);
            }
            failedSetups.put(Errno.name(Errno.EAGAIN), new long[1]);
            setupDurations.put(SUCCESS, new Histogram(Histogram.Bounds.SECONDS));
            setupDurations.put(Errno.name(Errno.EAGAIN), new Histogram(Histogram.Bounds.SECONDS));
            for (Cause cause : Cause.values()) {
                failedDestroys.put(new WrongDestroy(Errno.name(Errno.EINVAL), cause), new long[1]);
            }
        }
    }

    private boolean seesCalls() {
        return tier == Tier.FULL || tier == Tier.SYSCALL;
    }

    @Override
    public synchronized void onSetup(Context context) {
        setups++;
        setUp(SUCCESS, context.setupEnterTime(), context.setupTime());
    }

    @Override
    public synchronized void onFailedCall(FailedCall call) {
        String error = Errno.name(call.errno());
        long[] count;
        if (call.call() == FailedCall.SystemCall.IO_SETUP) {
            count = failedSetups.computeIfAbsent(error, key -> new long[1]);
            setUp(error, call.enterTime(), call.returnTime());
        } else {
            WrongHandle wrong = call.wrongHandle();
            count = failedDestroys.computeIfAbsent(
                    new WrongDestroy(error, wrong == null ? null : wrong.cause()), key -> new long[1]);
        }
        count[0]++;
    }

    private void setUp(String error, @Nullable Long entered, @Nullable Long returned) {
        if (entered != null && returned != null) {
            setupDurations
                    .computeIfAbsent(error, key -> new Histogram(Histogram.Bounds.SECONDS))
                    .record(returned - entered);
        }
    }

    /** Those who told of a refusal once need not tell of it again; a count wants all. */
    @Override
    public void onRetry(FailedCall call) {
        onFailedCall(call);
    }

    @Override
    public synchronized void onTeardown(Teardown teardown) {
        Trigger trigger = teardown.trigger();
        endings.computeIfAbsent(new Ending(teardown.end(), trigger), ending -> new long[1])[0]++;
        if (trigger == null) {
            return;
        }
        for (Timed timed : at(phases, trigger)) {
            Long nanos = timed.phase.nanos.apply(teardown);
            if (nanos != null) {
                timed.histogram.record(nanos);
            }
        }
        Integer left = teardown.outstanding();
        Histogram requests = outstanding.get(trigger);
        if (left != null && requests != null) {
            requests.record(left);
        }
        Long drain = teardown.drain();
        long[] waited = uninterruptible.get(trigger);
        if (drain != null && waited != null) {
            waited[0] += drain;
        }
    }

    private static <T> List<T> at(Map<Trigger, List<T>> map, Trigger trigger) {
        return map.getOrDefault(trigger, List.of());
    }

    /** The teardown has become a trace: its values lead there. May be called later and by another thread. */
    public synchronized void onTrace(Teardown teardown, SpanContext root) {
        Trigger trigger = teardown.trigger();
        if (trigger == null || !root.isValid() || !root.isSampled()) {
            return;
        }
        Long ended = teardown.endTime();
        if (ended == null) {
            return;
        }
        long epochMillis = clock.epochNanos(ended) / 1_000_000;
        for (Timed timed : at(phases, trigger)) {
            Long nanos = timed.phase.nanos.apply(teardown);
            if (nanos != null) {
                timed.histogram.exemplar(nanos, root.getTraceId(), root.getSpanId(), epochMillis);
            }
        }
        Integer left = teardown.outstanding();
        Histogram requests = outstanding.get(trigger);
        if (left != null && requests != null) {
            requests.exemplar(left, root.getTraceId(), root.getSpanId(), epochMillis);
        }
    }

    @Override
    public synchronized MetricSnapshots collect() {
        Families families = new Families();
        if (seesCalls()) {
            families.counter(Metric.SETUP, setups, Labels.EMPTY);
        }
        failedSetups.forEach(
                (error, count) -> families.counter(Metric.SETUP, count[0], Families.labels(Label.ERROR, error)));
        setupDurations.forEach((error, histogram) -> families.histogram(
                Metric.SETUP_DURATION,
                histogram.snapshot(Families.labels(Label.ERROR, error.equals(SUCCESS) ? null : error))));
        failedDestroys.forEach((wrong, count) -> families.counter(Metric.DESTROY_ERRORS, count[0], wrong.labels()));
        endings.forEach((ending, count) -> families.counter(Metric.TEARDOWN, count[0], ending.labels()));
        phases.forEach((trigger, all) -> all.forEach(
                timed -> families.histogram(timed.phase.metric, timed.histogram.snapshot(labels(trigger)))));
        outstanding.forEach(
                (trigger, histogram) -> families.histogram(Metric.OUTSTANDING, histogram.snapshot(labels(trigger))));
        uninterruptible.forEach(
                (trigger, nanos) -> families.counter(Metric.UNINTERRUPTIBLE_TIME, nanos[0] / 1e9, labels(trigger)));
        return families.build();
    }

    private static Labels labels(Trigger trigger) {
        return Families.labels(Label.TRIGGER, trigger.label());
    }
}
