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
import java.util.Arrays;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Counts and times setups and teardowns. The thread that reads the events calls it, so it misses nothing; only {@link
 * #onTrace} may run on another thread. Counters that the tier can observe exist from the start, so that Prometheus sees
 * their first increase. A histogram exists from its first value on: most hosts need few of them.
 */
public final class TeardownMetrics implements LifecycleListener {
    /** A duration of a teardown; null if it was not observed, or if the teardown did not have this phase. */
    private record Phase(Metric metric, Function<Teardown, @Nullable Long> nanos) {}

    private static final List<Phase> PHASES = List.of(
            new Phase(Metric.DESTROY_DURATION, Teardown::held),
            new Phase(Metric.LOOKUP_DURATION, Teardown::lookup),
            new Phase(Metric.KILL_DURATION, Teardown::kill),
            new Phase(Metric.UNMAP_DURATION, Teardown::unmap),
            new Phase(Metric.DRAIN_DURATION, Teardown::drain),
            new Phase(Metric.GRACE_DURATION, teardown -> unlessZero(teardown.grace())),
            new Phase(Metric.IO_DURATION, teardown -> unlessZero(teardown.io())),
            new Phase(Metric.SIBLINGS_DURATION, teardown -> unlessZero(teardown.inSiblings())),
            new Phase(Metric.CANCEL_DURATION, Teardown::cancel),
            new Phase(Metric.WAKE_DURATION, Teardown::wake),
            new Phase(Metric.DEFERRED_FREE_DURATION, Teardown::deferredFree));

    /** The caller of a rollback does not wait for the teardown, so only the time that held it counts. */
    private static final List<Phase> PHASES_OF_ROLLBACK = PHASES.subList(0, 1);

    private static @Nullable Long unlessZero(@Nullable Long nanos) {
        return nanos == null || nanos == 0 ? null : nanos;
    }

    /** The histograms of the teardowns with one trigger. */
    private final class TriggerMeters {
        private final Tags tags;
        private final List<Phase> phases;
        private final Map<Phase, BucketTimer> timers = new ConcurrentHashMap<>();
        private volatile @Nullable BucketSummary outstanding;

        TriggerMeters(Trigger trigger) {
            tags = Metrics.tags(Label.TRIGGER, trigger.label());
            phases = trigger == ROLLBACK ? PHASES_OF_ROLLBACK : PHASES;
        }

        void record(Teardown teardown) {
            for (Phase phase : phases) {
                Long nanos = phase.nanos.apply(teardown);
                if (nanos != null) {
                    timers.computeIfAbsent(phase, first -> metrics.timer(first.metric, tags))
                            .record(nanos, NANOSECONDS);
                }
            }
            Integer requests = phases == PHASES_OF_ROLLBACK ? null : teardown.outstanding();
            if (requests != null) {
                BucketSummary summary = outstanding;
                if (summary == null) {
                    summary = metrics.summary(Metric.OUTSTANDING, tags);
                    outstanding = summary;
                }
                summary.record(requests);
            }
        }

        void link(Teardown teardown, SpanContext root, long epochMillis) {
            timers.forEach((phase, timer) -> {
                Long nanos = phase.nanos.apply(teardown);
                if (nanos != null) {
                    timer.buckets().link(nanos, root, epochMillis);
                }
            });
            Integer requests = teardown.outstanding();
            BucketSummary summary = outstanding;
            if (requests != null && summary != null) {
                summary.buckets().link(requests, root, epochMillis);
            }
        }
    }

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
            Tags tags = Metrics.tags(Label.TRIGGER, DESTROY.label()).and(Metrics.tags(Label.ERROR, error));
            return Metrics.and(tags, Label.CAUSE, cause == null ? null : cause.label());
        }
    }

    /** Key of calls without an error. */
    private static final String SUCCESS = "";

    private final Metrics metrics;
    private final WallClock clock;
    private final Map<Trigger, TriggerMeters> byTrigger = new EnumMap<>(Trigger.class);
    private final Map<Trigger, AtomicLong> uninterruptibleNanos = new EnumMap<>(Trigger.class);
    private final Map<Ending, Counter> teardowns = new HashMap<>();
    private final Map<String, Counter> setups = new HashMap<>();
    private final Map<String, BucketTimer> setupDurations = new HashMap<>();
    private final Map<DestroyError, BucketTimer> failedDestroys = new HashMap<>();

    /**
     * Registers the counters that this tier can observe.
     *
     * @param clock for the times of exemplars
     */
    public TeardownMetrics(Metrics metrics, Tier tier, WallClock clock) {
        this.metrics = metrics;
        this.clock = clock;
        for (Trigger trigger : Trigger.values()) {
            byTrigger.put(trigger, new TriggerMeters(trigger));
        }
        if (tier == Tier.FULL) {
            Arrays.stream(Trigger.values()).forEach(trigger -> teardown(Teardown.End.COMPLETE, trigger));
            registerUninterruptible(DESTROY);
            registerUninterruptible(EXIT);
        }
        if (tier == Tier.FULL || tier == Tier.SYSCALL) {
            teardown(Teardown.End.COMPLETE, DESTROY);
            setup(SUCCESS);
            setup(Errno.name(Errno.EAGAIN));
        }
    }

    private void registerUninterruptible(Trigger trigger) {
        AtomicLong nanos = new AtomicLong();
        uninterruptibleNanos.put(trigger, nanos);
        metrics.counter(
                Metric.UNINTERRUPTIBLE_TIME, Metrics.tags(Label.TRIGGER, trigger.label()), () -> nanos.get() / 1e9);
    }

    @Override
    public void onSetup(Context context) {
        onSetup(SUCCESS, context.setupEnterTime(), context.setupTime());
    }

    @Override
    public void onFailedCall(FailedCall call) {
        String error = Errno.name(call.errno());
        Long entered = call.enterTime();
        if (call.call() == FailedCall.SystemCall.IO_SETUP) {
            onSetup(error, entered, call.returnTime());
        } else if (entered != null) {
            WrongHandle wrong = call.wrongHandle();
            failedDestroys
                    .computeIfAbsent(
                            new DestroyError(error, wrong == null ? null : wrong.cause()),
                            key -> metrics.timer(Metric.DESTROY_DURATION, key.tags()))
                    .record(call.returnTime() - entered, NANOSECONDS);
        }
    }

    private void onSetup(String error, @Nullable Long entered, @Nullable Long returned) {
        setup(error).increment();
        if (entered != null && returned != null) {
            setupDurations
                    .computeIfAbsent(error, key -> metrics.timer(Metric.SETUP_DURATION, errorTags(key)))
                    .record(returned - entered, NANOSECONDS);
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
        if (meters != null) {
            meters.record(teardown);
        }
        Long drain = teardown.drain();
        AtomicLong uninterruptible = trigger == null ? null : uninterruptibleNanos.get(trigger);
        if (drain != null && uninterruptible != null) {
            uninterruptible.getAndAdd(drain);
        }
    }

    private Counter teardown(Teardown.End end, @Nullable Trigger trigger) {
        return teardowns.computeIfAbsent(
                new Ending(end, trigger), ending -> metrics.counter(Metric.TEARDOWN, ending.tags()));
    }

    private Counter setup(String error) {
        return setups.computeIfAbsent(error, key -> metrics.counter(Metric.SETUP, errorTags(key)));
    }

    private static Tags errorTags(String error) {
        return Metrics.tags(Label.ERROR, error.equals(SUCCESS) ? null : error);
    }

    /** Links the values of a teardown to its trace. May run later and on another thread. */
    public void onTrace(Teardown teardown, SpanContext root) {
        Trigger trigger = teardown.trigger();
        TriggerMeters meters = trigger == null ? null : byTrigger.get(trigger);
        Long ended = teardown.endTime();
        if (meters != null && ended != null && root.isValid() && root.isSampled()) {
            meters.link(teardown, root, clock.epochNanos(ended) / 1_000_000);
        }
    }
}
