package dev.aioscope.telemetry;

import static java.util.concurrent.TimeUnit.NANOSECONDS;

import dev.aioscope.audit.Audit;
import dev.aioscope.audit.Observation;
import dev.aioscope.event.Trigger;
import dev.aioscope.host.Identities;
import dev.aioscope.kernel.WallClock;
import dev.aioscope.lifecycle.FailedCall;
import dev.aioscope.lifecycle.LifecycleListener;
import dev.aioscope.lifecycle.RefusalOutcome;
import dev.aioscope.lifecycle.Straggler;
import dev.aioscope.lifecycle.Teardown;
import dev.aioscope.lifecycle.TeardownInProgress;
import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.common.AttributesBuilder;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanBuilder;
import io.opentelemetry.api.trace.SpanContext;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.context.Context;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiConsumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Makes traces of teardowns, and spans of failed calls; {@link SpanName} and {@link SpanAttribute} list them. All times
 * are the kernel's. A teardown that violates a clause always becomes a trace; {@link SamplingPolicy} selects the others.
 *
 * <p>All spans about a context, or about a refused call, belong to one trace, so that no sampler separates them. {@code
 * deferred_free}, {@code not_woken} and {@code refusal} end after their root. The latter two are made later.
 */
public final class TeardownSpans implements LifecycleListener {
    /** The default slow threshold: an idle io_destroy takes some 30 ms. */
    public static final Duration SLOW = Duration.ofMillis(100);

    private static final int MAX_REFUSALS = 1024;
    private static final int MAX_EXITS = 1024;

    private final Tracer tracer;
    private final WallClock clock;
    private final Identities identities;
    private final Function<String, Optional<String>> deviceNames;
    private final BiConsumer<Teardown, SpanContext> onTrace;
    private volatile SamplingPolicy policy;

    /** Spans of refusals without an outcome. */
    private final Map<FailedCall, SpanContext> refusals = new LinkedHashMap<>();

    /** Roots of exits whose callers may not be woken, by the generations of their contexts. */
    private final Map<Long, SpanContext> exits = new LinkedHashMap<>();

    private final StuckEvents stuck = new StuckEvents();

    /** As below, without device names and without a receiver of traces. */
    public TeardownSpans(Tracer tracer, WallClock clock, SamplingPolicy policy, Identities identities) {
        this(tracer, clock, policy, identities, numbers -> Optional.empty(), (teardown, root) -> {});
    }

    /**
     * Makes spans with a tracer.
     *
     * @param identities identifies processes
     * @param deviceNames maps the numbers of a block device, major:minor, to its name
     * @param onTrace receives each teardown that became a trace, with its root
     */
    public TeardownSpans(
            Tracer tracer,
            WallClock clock,
            SamplingPolicy policy,
            Identities identities,
            Function<String, Optional<String>> deviceNames,
            BiConsumer<Teardown, SpanContext> onTrace) {
        this.tracer = tracer;
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
        StuckEvents.Kept kept = stuck.remove(teardown.context().generation());
        Long begin = teardown.startTime();
        // A span needs a time, and none is invented.
        if (begin == null) {
            return;
        }
        TeardownTrace trace = new TeardownTrace(tracer, teardown, begin, clock.offsetAt(begin));
        List<Observation> violations = Audit.violations(teardown);
        if (!violations.isEmpty() || policy.selects(teardown, trace.heldNanos())) {
            write(trace, teardown, violations, kept);
        }
    }

    private SpanContext write(
            TeardownTrace trace, Teardown teardown, List<Observation> violations, StuckEvents.@Nullable Kept kept) {
        List<SpanEvent> events = new ArrayList<>();
        violations.forEach(violation -> events.add(TeardownAttributes.violation(violation)));
        AttributesBuilder attributes = Attributes.builder();
        if (teardown.caller() != null) {
            ProcessAttributes.caller(teardown.caller(), identities.ofCaller(teardown), clock, attributes);
        }
        ProcessAttributes.owner(teardown.context(), teardown.caller(), () -> identities.ofOwner(teardown), attributes);
        TeardownAttributes.teardown(teardown, kept == null ? null : kept.stragglers(), attributes);
        if (kept != null) {
            events.addAll(kept.events());
        }
        SpanContext root = trace.write(attributes.build(), events);
        if (teardown.trigger() == Trigger.EXIT) {
            exits.put(teardown.context().generation(), root);
            limit(exits, MAX_EXITS);
        }
        onTrace.accept(teardown, root);
        return root;
    }

    /** Keeps the event until the teardown has a span; makes {@code not_woken} if it has one already. */
    @Override
    public void onStuck(TeardownInProgress teardown, long now) {
        SpanEvent event = TeardownAttributes.stuck(teardown, now);
        Long drained = teardown.known().phases().reqsTime();
        if (drained != null && teardown.isReported()) {
            notWoken(teardown.known(), drained, event);
        } else {
            stuck.add(teardown.known().context().generation(), event);
        }
    }

    /** An exit that was not selected becomes a trace now. */
    private void notWoken(Teardown teardown, long drained, SpanEvent event) {
        SpanContext root = exits.get(teardown.context().generation());
        Long begin = teardown.startTime();
        if (root == null && begin != null) {
            root = write(new TeardownTrace(tracer, teardown, begin, clock.offsetAt(begin)), teardown, List.of(), null);
        }
        long offset = clock.offsetAt(drained);
        span(SpanName.NOT_WOKEN, drained + offset, root)
                .startSpan()
                .addEvent(event.name(), event.attributes(), event.time() + offset, NANOSECONDS)
                .end(event.time() + offset, NANOSECONDS);
    }

    @Override
    public void onStraggler(Straggler straggler) {
        String deviceName = deviceNames.apply(straggler.device()).orElse(null);
        stuck.addStraggler(
                straggler.teardown().known().context().generation(),
                TeardownAttributes.straggler(straggler, deviceName));
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
        if (call.isRefusal()) {
            refusals.put(call, span.getSpanContext());
            limit(refusals, MAX_REFUSALS);
        }
    }

    @Override
    public void onRefusalOutcome(RefusalOutcome outcome) {
        FailedCall refusal = outcome.refusal();
        AttributesBuilder attributes = Attributes.builder();
        ProcessAttributes.caller(refusal.caller(), identities.ofCaller(refusal), clock, attributes);
        CallAttributes.outcome(outcome, identities, attributes);
        long offset = clock.offsetAt(refusal.returnTime());
        boolean isLast = outcome.status() != RefusalOutcome.Status.LASTING;
        span(SpanName.REFUSAL, refusal.returnTime() + offset, isLast ? refusals.remove(refusal) : refusals.get(refusal))
                .setAllAttributes(attributes.build())
                .startSpan()
                .end(refusal.returnTime() + outcome.duration() + offset, NANOSECONDS);
    }

    private SpanBuilder span(SpanName name, long startEpochNanos, @Nullable SpanContext parent) {
        Context context = parent == null ? Context.root() : Context.root().with(Span.wrap(parent));
        return tracer.spanBuilder(name.label())
                .setStartTimestamp(startEpochNanos, NANOSECONDS)
                .setParent(context);
    }

    /** Removes the oldest entry of a map that is too large. */
    static void limit(Map<?, ?> map, int most) {
        if (map.size() > most) {
            map.remove(map.keySet().iterator().next());
        }
    }
}
