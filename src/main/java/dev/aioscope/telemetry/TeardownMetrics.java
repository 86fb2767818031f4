package dev.aioscope.telemetry;

import static dev.aioscope.event.Trigger.DESTROY;
import static dev.aioscope.event.Trigger.EXIT;
import static dev.aioscope.event.Trigger.ROLLBACK;
import static java.util.concurrent.TimeUnit.NANOSECONDS;

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
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Tags;
import io.opentelemetry.api.trace.SpanContext;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Counts and times setups and teardowns. The thread that reads the events calls it, so it misses nothing; only {@link
 * #onTrace} may run on another thread. Series that the tier can observe exist from the start, so that Prometheus sees
 * their first increase.
 */
public final class TeardownMetrics implements LifecycleListener {
    /**
     * A duration of a teardown.
     *
     * @param triggers the teardowns that have it
     * @param tiers the tiers that observe it
     */
    private record Phase(
            Metric metric, Set<Trigger> triggers, Set<Tier> tiers, Function<Teardown, @Nullable Long> nanos) {
        static Phase of(Metric metric, Set<Trigger> triggers, Function<Teardown, @Nullable Long> nanos) {
            return new Phase(metric, triggers, Set.of(Tier.FULL), nanos);
        }
    }

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

    private record PhaseTimer(Phase phase, BucketTimer timer) {}

    /** The meters of the teardowns with one trigger; null where the tier cannot observe the value. */
    private record TriggerMeters(
            List<PhaseTimer> phases,
            @Nullable BucketSummary outstanding,
            @Nullable AtomicLong uninterruptibleNanos) {}

    /** How the observation of a context ended, and why the context ended. */
    private record Ending(Teardown.End end, @Nullable Trigger trigger) {
        Tags tags() {
            Tags tags = Metrics.tags(Label.END, end.name().toLowerCase(Locale.ROOT));
            return Metrics.and(tags, Label.TRIGGER, trigger == null ? null : trigger.label());
        }
    }

    /** The error and the cause of a failed io_destroy. */
    private record DestroyError(String error, @Nullable Cause cause) {
        Tags tags() {
            return Metrics.and(Metrics.tags(Label.ERROR, error), Label.CAUSE, cause == null ? null : cause.label());
        }
    }

    /** Key of calls without an error. */
    private static final String SUCCESS = "";

    private final Metrics metrics;
    private final WallClock clock;
    private final Map<Trigger, TriggerMeters> byTrigger = new EnumMap<>(Trigger.class);
    private final Map<Ending, Counter> teardowns = new HashMap<>();
    private final Map<String, Counter> setups = new HashMap<>();
    private final Map<String, BucketTimer> setupDurations = new HashMap<>();
    private final Map<DestroyError, Counter> destroyErrors = new HashMap<>();

    /**
     * Registers the series that this tier can observe.
     *
     * @param clock for the times of exemplars
     */
    public TeardownMetrics(Metrics metrics, Tier tier, WallClock clock) {
        this.metrics = metrics;
        this.clock = clock;
        for (Trigger trigger : Trigger.values()) {
            byTrigger.put(trigger, metersOf(trigger, tier));
        }
        if (tier == Tier.FULL || tier == Tier.SYSCALL) {
            for (Trigger trigger : tier == Tier.FULL ? Trigger.values() : new Trigger[] {DESTROY}) {
                teardown(Teardown.End.COMPLETE, trigger);
            }
            for (String error : List.of(SUCCESS, Errno.name(Errno.EAGAIN))) {
                setup(error);
                setupDuration(error);
            }
            for (Cause cause : Cause.values()) {
                destroyError(Errno.name(Errno.EINVAL), cause);
            }
        }
    }

    private TriggerMeters metersOf(Trigger trigger, Tier tier) {
        Tags tags = Metrics.tags(Label.TRIGGER, trigger.label());
        List<PhaseTimer> phases = PHASES.stream()
                .filter(phase -> phase.tiers.contains(tier) && phase.triggers.contains(trigger))
                .map(phase -> new PhaseTimer(phase, metrics.timer(phase.metric, tags)))
                .toList();
        boolean seesOutstanding = tier == Tier.FULL || (tier == Tier.SYSCALL && trigger == DESTROY);
        BucketSummary outstanding = seesOutstanding ? metrics.summary(Metric.OUTSTANDING, tags) : null;
        AtomicLong uninterruptible = null;
        if (tier == Tier.FULL && trigger != ROLLBACK) {
            AtomicLong nanos = new AtomicLong();
            metrics.counter(Metric.UNINTERRUPTIBLE_TIME, tags, () -> nanos.get() / 1e9);
            uninterruptible = nanos;
        }
        return new TriggerMeters(phases, outstanding, uninterruptible);
    }

    @Override
    public void onSetup(Context context) {
        onSetup(SUCCESS, context.setupEnterTime(), context.setupTime());
    }

    @Override
    public void onFailedCall(FailedCall call) {
        String error = Errno.name(call.errno());
        if (call.call() == FailedCall.SystemCall.IO_SETUP) {
            onSetup(error, call.enterTime(), call.returnTime());
        } else {
            WrongHandle wrong = call.wrongHandle();
            destroyError(error, wrong == null ? null : wrong.cause()).increment();
        }
    }

    private void onSetup(String error, @Nullable Long entered, @Nullable Long returned) {
        setup(error).increment();
        if (entered != null && returned != null) {
            setupDuration(error).record(returned - entered, NANOSECONDS);
        }
    }

    /** Other listeners ignore the retries of a refused call; a counter includes them. */
    @Override
    public void onRetry(FailedCall call) {
        onFailedCall(call);
    }

    @Override
    public void onTeardown(Teardown teardown) {
        Trigger trigger = teardown.trigger();
        teardown(teardown.end(), trigger).increment();
        TriggerMeters meters = trigger == null ? null : byTrigger.get(trigger);
        if (meters == null) {
            return;
        }
        for (PhaseTimer phase : meters.phases) {
            Long nanos = phase.phase.nanos.apply(teardown);
            if (nanos != null) {
                phase.timer.record(nanos, NANOSECONDS);
            }
        }
        Integer outstanding = teardown.outstanding();
        if (outstanding != null && meters.outstanding != null) {
            meters.outstanding.record(outstanding);
        }
        Long drain = teardown.drain();
        if (drain != null && meters.uninterruptibleNanos != null) {
            meters.uninterruptibleNanos.getAndAdd(drain);
        }
    }

    private Counter teardown(Teardown.End end, @Nullable Trigger trigger) {
        return teardowns.computeIfAbsent(
                new Ending(end, trigger), ending -> metrics.counter(Metric.TEARDOWN, ending.tags()));
    }

    private Counter setup(String error) {
        return setups.computeIfAbsent(error, key -> metrics.counter(Metric.SETUP, errorTags(key)));
    }

    private BucketTimer setupDuration(String error) {
        return setupDurations.computeIfAbsent(error, key -> metrics.timer(Metric.SETUP_DURATION, errorTags(key)));
    }

    private Counter destroyError(String error, @Nullable Cause cause) {
        return destroyErrors.computeIfAbsent(
                new DestroyError(error, cause), key -> metrics.counter(Metric.DESTROY_ERRORS, key.tags()));
    }

    private static Tags errorTags(String error) {
        return Metrics.tags(Label.ERROR, error.equals(SUCCESS) ? null : error);
    }

    /** Links the values of a teardown to its trace. May run later and on another thread. */
    public void onTrace(Teardown teardown, SpanContext root) {
        Trigger trigger = teardown.trigger();
        TriggerMeters meters = trigger == null ? null : byTrigger.get(trigger);
        Long ended = teardown.endTime();
        if (meters == null || ended == null || !root.isValid() || !root.isSampled()) {
            return;
        }
        long epochMillis = clock.epochNanos(ended) / 1_000_000;
        for (PhaseTimer phase : meters.phases) {
            Long nanos = phase.phase.nanos.apply(teardown);
            if (nanos != null) {
                phase.timer.buckets().link(nanos, root, epochMillis);
            }
        }
        Integer outstanding = teardown.outstanding();
        if (outstanding != null && meters.outstanding != null) {
            meters.outstanding.buckets().link(outstanding, root, epochMillis);
        }
    }
}
