package dev.aioscope.telemetry;

import static java.util.concurrent.TimeUnit.NANOSECONDS;

import dev.aioscope.audit.Audit;
import dev.aioscope.audit.Observation;
import dev.aioscope.event.Trigger;
import dev.aioscope.host.Identities;
import dev.aioscope.kernel.Units;
import dev.aioscope.kernel.WallClock;
import dev.aioscope.lifecycle.FailedCall;
import dev.aioscope.lifecycle.LifecycleListener;
import dev.aioscope.lifecycle.RefusalOutcome;
import dev.aioscope.lifecycle.Straggler;
import dev.aioscope.lifecycle.Task;
import dev.aioscope.lifecycle.Teardown;
import dev.aioscope.lifecycle.TeardownInProgress;
import dev.aioscope.telemetry.StuckTraces.StuckTrace;
import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.common.AttributesBuilder;
import io.opentelemetry.api.logs.Logger;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanBuilder;
import io.opentelemetry.api.trace.SpanContext;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.context.Context;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiConsumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Makes traces of teardowns, and spans of failed calls; {@link SpanName} and {@link SpanAttribute} list them. All times
 * are the kernel's. A teardown that was stuck or violates a clause always becomes a trace; {@link SamplingPolicy} selects
 * the others. {@link LogEvent} lists the log records: a stuck teardown and a lasting refusal have one at once, with the ID
 * of the trace that follows.
 *
 * <p>All spans about a context, or about a refused call, belong to one trace, so that no sampler separates them. {@code
 * deferred_free}, {@code not_woken} and {@code refusal} end after their root. The latter two are made later.
 */
public final class TeardownSpans implements LifecycleListener {
    /** The default slow threshold: an idle io_destroy takes some 30 ms. */
    public static final Duration SLOW = Duration.ofMillis(100);

    /** Each span of a trace with a finding has it. A sampler sees one span at a time. */
    private static final Attributes FINDING = Attributes.of(SpanAttribute.PRIORITY.key(), 1L);

    private static final int MAX_REFUSALS = 1024;
    private static final int MAX_EXITS = 1024;

    private final Tracer tracer;
    private final EventLog log;
    private final WallClock clock;
    private final Identities identities;
    private final Function<String, Optional<String>> deviceNames;
    private final BiConsumer<Teardown, SpanContext> onTrace;
    private volatile SamplingPolicy policy;

    /** Spans of refusals without an outcome. */
    private final Map<FailedCall, SpanContext> refusals = new LinkedHashMap<>();

    /** Roots of exits with a finding, whose callers may not be woken, by the generations of their contexts. */
    private final Map<Long, SpanContext> exits = new LinkedHashMap<>();

    private final StuckTraces stuck = new StuckTraces();

    /** As below, without device names and without a receiver of traces. */
    public TeardownSpans(Tracer tracer, Logger logger, WallClock clock, SamplingPolicy policy, Identities identities) {
        this(tracer, logger, clock, policy, identities, numbers -> Optional.empty(), (teardown, root) -> {});
    }

    /**
     * Makes spans with a tracer, and log records with a logger.
     *
     * @param identities identifies processes
     * @param deviceNames maps the numbers of a block device, major:minor, to its name
     * @param onTrace receives each teardown that became a trace, with its root
     */
    public TeardownSpans(
            Tracer tracer,
            Logger logger,
            WallClock clock,
            SamplingPolicy policy,
            Identities identities,
            Function<String, Optional<String>> deviceNames,
            BiConsumer<Teardown, SpanContext> onTrace) {
        this.tracer = tracer;
        this.log = new EventLog(logger);
        this.clock = clock;
        this.policy = policy;
        this.identities = identities;
        this.deviceNames = deviceNames;
        this.onTrace = onTrace;
    }

    /** Replaces the policy; callable from any thread. */
    public void setPolicy(SamplingPolicy newPolicy) {
        policy = newPolicy;
    }

    @Override
    public void onTeardown(Teardown teardown) {
        StuckTrace begun = stuck.remove(teardown.context().generation());
        Long begin = teardown.startTime();
        SpanContext root = SpanContext.getInvalid();
        // A span needs a time, and none is invented.
        if (begin != null) {
            TeardownTrace trace = new TeardownTrace(tracer, teardown, begin, clock.offsetAt(begin), begun);
            List<Observation> violations = Audit.violations(teardown);
            SamplingPolicy current = policy;
            boolean isFinding =
                    begun != null || !violations.isEmpty() || current.isFinding(teardown, trace.heldNanos());
            if (isFinding || current.isSampled(teardown.context())) {
                root = write(trace, teardown, violations, begun, isFinding);
            }
        }
        if (begun != null && begun.isReported()) {
            over(teardown, begun, root);
        }
    }

    private SpanContext write(
            TeardownTrace trace,
            Teardown teardown,
            List<Observation> violations,
            @Nullable StuckTrace begun,
            boolean isFinding) {
        AttributesBuilder attributes = processes(teardown);
        TeardownAttributes.teardown(teardown, attributes);
        SpanAttribute.CLAUSES.set(attributes, TeardownAttributes.clauses(violations));
        if (begun != null) {
            SpanAttribute.STRAGGLERS.set(attributes, begun.stragglers());
            attributes.putAll(begun.story());
        }
        SpanContext root = trace.write(attributes.build(), isFinding ? FINDING : Attributes.empty());
        if (teardown.trigger() == Trigger.EXIT && isFinding) {
            exits.put(teardown.context().generation(), root);
            limit(exits, MAX_EXITS);
        }
        onTrace.accept(teardown, root);
        violations.forEach(violation -> log.emit(
                LogEvent.VIOLATION,
                violation.time() + trace.offset(),
                name(teardown) + " violated clause " + violation.clause().name() + ": " + violation.values(),
                root,
                about(teardown, TeardownAttributes.violation(violation))));
        return root;
    }

    private void over(Teardown teardown, StuckTrace begun, SpanContext root) {
        Long end = teardown.endTime();
        Long held = teardown.held();
        AttributesBuilder attributes = Attributes.builder();
        SpanAttribute.END.set(attributes, TeardownAttributes.end(teardown));
        SpanAttribute.HELD.set(attributes, TeardownAttributes.seconds(held));
        SpanAttribute.STRAGGLERS.set(attributes, begun.stragglers());
        log.emit(
                LogEvent.OVER,
                end == null ? null : (Long) (end + begun.offset()),
                name(teardown) + " is not stuck any more" + (held == null ? "" : "; it took " + Units.duration(held)),
                root,
                about(teardown, attributes.putAll(begun.story()).build()));
    }

    /** Reports it at once, in the trace that ends with the teardown, or in that of an exit that was reported already. */
    @Override
    public void onStuck(TeardownInProgress teardown, long now) {
        Teardown known = teardown.known();
        Attributes attributes = TeardownAttributes.stuck(teardown);
        Long drained = known.phases().reqsTime();
        SpanContext root;
        long offset;
        if (drained != null && teardown.isReported()) {
            offset = clock.offsetAt(drained);
            root = notWoken(known, drained, now, offset);
        } else {
            StuckTrace trace = stuckTrace(known, now);
            trace.report(attributes);
            offset = trace.offset();
            root = trace.context();
        }
        String explanation = teardown.explanation();
        log.emit(
                LogEvent.STUCK,
                now + offset,
                name(known) + " is stuck: " + (explanation.startsWith("waits") ? "it " : "") + explanation,
                root,
                about(known, attributes));
    }

    private StuckTrace stuckTrace(Teardown known, long now) {
        return stuck.of(known.context().generation(), () -> {
            Long begin = known.startTime();
            long offset = clock.offsetAt(begin == null ? now : begin);
            return new StuckTrace(begin == null ? null : TeardownTrace.begin(tracer, known, begin, offset), offset);
        });
    }

    /**
     * An exit without a finding until now becomes a trace, also if it is one already: a sampler may have dropped that one.
     * Returns the root.
     */
    private SpanContext notWoken(Teardown teardown, long drained, long now, long offset) {
        SpanContext root = exits.get(teardown.context().generation());
        Long begin = teardown.startTime();
        if (root == null && begin != null) {
            root = write(
                    new TeardownTrace(tracer, teardown, begin, clock.offsetAt(begin), null),
                    teardown,
                    List.of(),
                    null,
                    true);
        }
        span(SpanName.NOT_WOKEN, drained + offset, root).startSpan().end(now + offset, NANOSECONDS);
        return root == null ? SpanContext.getInvalid() : root;
    }

    @Override
    public void onWoken(TeardownInProgress teardown) {
        Teardown known = teardown.known();
        SpanContext root = exits.get(known.context().generation());
        log.emit(
                LogEvent.OVER,
                null,
                name(known) + " is not stuck any more",
                root == null ? SpanContext.getInvalid() : root,
                about(known, TeardownAttributes.stuck(teardown)));
    }

    @Override
    public void onStraggler(Straggler straggler) {
        Teardown teardown = straggler.teardown().known();
        Attributes attributes = TeardownAttributes.straggler(
                straggler, deviceNames.apply(straggler.device()).orElse(null));
        StuckTrace trace = stuckTrace(teardown, straggler.time());
        if (trace.count(attributes)) {
            log.emit(
                    LogEvent.STRAGGLER,
                    straggler.time() + trace.offset(),
                    "A request of " + name(teardown) + " completed after " + Units.duration(straggler.age()),
                    trace.context(),
                    about(teardown, attributes));
        }
    }

    @Override
    public void onFailedCall(FailedCall call) {
        AttributesBuilder attributes = Attributes.builder();
        ProcessAttributes.caller(call.caller(), identities.ofCaller(call), clock, attributes);
        CallAttributes.failedCall(call, identities, attributes);
        long begin = call.enterTime() != null ? call.enterTime() : call.returnTime();
        long offset = clock.offsetAt(begin);
        Span span = span(SpanName.of(call.call()), begin + offset, null)
                .setAllAttributes(attributes.build())
                .startSpan()
                .setStatus(StatusCode.ERROR, CallAttributes.status(call));
        span.end(call.returnTime() + offset, NANOSECONDS);
        if (call.isQuotaRefusal()) {
            refusals.put(call, span.getSpanContext());
            limit(refusals, MAX_REFUSALS);
        }
    }

    @Override
    public void onRefusalOutcome(RefusalOutcome outcome) {
        FailedCall refusal = outcome.refusal();
        RefusalOutcome.Status status = outcome.status();
        boolean isLasting = status == RefusalOutcome.Status.LASTING;
        AttributesBuilder builder = Attributes.builder();
        ProcessAttributes.caller(refusal.caller(), identities.ofCaller(refusal), clock, builder);
        CallAttributes.outcome(outcome, identities, builder);
        Attributes attributes = builder.build();
        long offset = clock.offsetAt(refusal.returnTime());
        long end = refusal.returnTime() + outcome.duration() + offset;
        SpanContext setup = isLasting ? refusals.get(refusal) : refusals.remove(refusal);
        span(SpanName.REFUSAL, refusal.returnTime() + offset, setup)
                .setAllAttributes(attributes)
                .startSpan()
                .end(end, NANOSECONDS);
        if (isLasting || status == RefusalOutcome.Status.OVER || status == RefusalOutcome.Status.ABANDONED) {
            log.emit(
                    isLasting ? LogEvent.REFUSAL_LASTING : LogEvent.REFUSAL_OVER,
                    end,
                    CallAttributes.sentence(outcome),
                    setup == null ? SpanContext.getInvalid() : setup,
                    attributes);
        }
    }

    /** The call and the process that waits in it. */
    private static String name(Teardown teardown) {
        Task task = teardown.caller() != null
                ? teardown.caller()
                : teardown.context().owner();
        return SpanName.of(teardown.trigger()).label()
                + (task == null ? "" : " of " + task.comm() + " (pid " + task.pid() + ")");
    }

    /** The attributes of an event, and those that identify its processes and its context. */
    private Attributes about(Teardown teardown, Attributes event) {
        AttributesBuilder attributes = processes(teardown);
        TeardownAttributes.context(teardown.context(), attributes);
        return attributes.putAll(event).build();
    }

    private AttributesBuilder processes(Teardown teardown) {
        AttributesBuilder attributes = Attributes.builder();
        if (teardown.caller() != null) {
            ProcessAttributes.caller(teardown.caller(), identities.ofCaller(teardown), clock, attributes);
        }
        ProcessAttributes.owner(teardown.context(), teardown.caller(), () -> identities.ofOwner(teardown), attributes);
        return attributes;
    }

    /** A span of a trace with a finding. */
    private SpanBuilder span(SpanName name, long startEpochNanos, @Nullable SpanContext parent) {
        Context context = parent == null ? Context.root() : Context.root().with(Span.wrap(parent));
        return tracer.spanBuilder(name.label())
                .setStartTimestamp(startEpochNanos, NANOSECONDS)
                .setParent(context)
                .setAllAttributes(FINDING);
    }

    /** Removes the oldest entry of a map that is too large. */
    static void limit(Map<?, ?> map, int most) {
        if (map.size() > most) {
            map.remove(map.keySet().iterator().next());
        }
    }
}
