package dev.aioscope.telemetry;

import static java.util.concurrent.TimeUnit.NANOSECONDS;

import dev.aioscope.event.Trigger;
import dev.aioscope.lifecycle.Teardown;
import dev.aioscope.lifecycle.Teardown.Timeline;
import dev.aioscope.lifecycle.Teardown.Wait;
import dev.aioscope.telemetry.StuckTraces.StuckTrace;
import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanContext;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.context.Context;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Makes the spans of one teardown: its root, and a child per observed phase. Each span is ended at once. */
final class TeardownTrace {
    private final Tracer tracer;
    private final Teardown teardown;
    private final Timeline phases;
    private final long begin;
    private final long end;
    private final long offset;
    private final @Nullable Span begun;
    private Attributes ofEachSpan = Attributes.empty();

    /** A span with its interval, CLOCK_BOOTTIME ns. */
    private record Node(Span span, long begin, long end) {}

    /**
     * Prepares a trace.
     *
     * @param begin {@link Teardown#startTime()}, which must be known
     * @param offset from CLOCK_BOOTTIME to the epoch in ns, for all spans unless the trace was begun
     * @param stuck the trace that was begun when the teardown was found stuck; null if it was not
     */
    TeardownTrace(Tracer tracer, Teardown teardown, long begin, long offset, @Nullable StuckTrace stuck) {
        this.tracer = tracer;
        this.teardown = teardown;
        this.phases = teardown.phases();
        this.begin = begin;
        this.end = Math.max(begin, endOf(teardown, begin));
        this.offset = stuck == null ? offset : stuck.offset();
        this.begun = stuck == null ? null : stuck.root();
    }

    /** Begins the root of a teardown in progress. */
    static Span begin(Tracer tracer, Teardown teardown, long begin, long offset) {
        return tracer.spanBuilder(SpanName.of(teardown.trigger()).label())
                .setStartTimestamp(begin + offset, NANOSECONDS)
                .setNoParent()
                .startSpan();
    }

    /** From CLOCK_BOOTTIME to the epoch in ns. */
    long offset() {
        return offset;
    }

    /** The time the teardown held its caller, as far as it was observed. */
    long heldNanos() {
        return end - begin;
    }

    /** The return of the call, else the last moment at which the caller was observed waiting. */
    private static long endOf(Teardown t, long begin) {
        if (t.call().returnTime() != null) {
            return t.call().returnTime();
        }
        Timeline p = t.phases();
        long end = latest(begin, p.killEnterTime(), p.unmapEnterTime(), p.unmapExitTime(), p.killExitTime());
        return isWaitedFor(t) ? latest(end, p.usersEnterTime(), p.usersExitTime(), p.reqsTime()) : end;
    }

    private static long latest(long first, @Nullable Long... others) {
        long latest = first;
        for (Long other : others) {
            latest = other == null ? latest : Math.max(latest, other);
        }
        return latest;
    }

    /** A failed io_setup does not wait for the requests of the context that it rolls back. */
    private static boolean isWaitedFor(Teardown t) {
        return t.trigger() != Trigger.ROLLBACK;
    }

    /**
     * Makes all spans of the trace and returns the root.
     *
     * @param forRoot the attributes of the root
     * @param forEachSpan the attributes of all spans
     */
    SpanContext write(Attributes forRoot, Attributes forEachSpan) {
        ofEachSpan = forEachSpan;
        Node root = root(forRoot);
        child(root, SpanName.LOOKUP, teardown.call().enterTime(), phases.killEnterTime());
        Node kill = child(root, SpanName.KILL, phases.killEnterTime(), phases.killExitTime());
        child(kill != null ? kill : root, SpanName.UNMAP, phases.unmapEnterTime(), phases.unmapExitTime());
        if (isWaitedFor(teardown)) {
            drain(root);
            wake(root);
        }
        deferredFree(root);
        return root.span.getSpanContext();
    }

    private Node root(Attributes attributes) {
        Span span = begun == null ? begin(tracer, teardown, begin, offset) : begun;
        // The trigger may have been unknown at the begin.
        span.updateName(SpanName.of(teardown.trigger()).label())
                .setAllAttributes(attributes)
                .setAllAttributes(ofEachSpan);
        if (TeardownAttributes.isFailed(teardown)) {
            span.setStatus(StatusCode.ERROR, "io_destroy failed with " + TeardownAttributes.error(teardown));
        }
        span.end(end + offset, NANOSECONDS);
        return new Node(span, begin, end);
    }

    private void drain(Node root) {
        Node drain = child(root, SpanName.DRAIN, phases.killExitTime(), phases.reqsTime());
        Node parent = drain != null ? drain : root;
        wait(parent, teardown.usersWait(), SpanName::ofUsersWait, phases.killExitTime(), phases.usersEnterTime());
        // free_ioctx_users can run before kill_ioctx has removed the ring; then it is not part of the drain.
        Long users = phases.usersEnterTime();
        boolean isEarly = users != null && users < parent.begin;
        child(isEarly ? root : parent, SpanName.CANCEL, users, phases.usersExitTime());
        wait(parent, teardown.reqsWait(), SpanName::ofReqsWait, phases.usersExitTime(), phases.reqsTime());
    }

    private void wait(
            Node parent, @Nullable Wait wait, Function<Wait, SpanName> name, @Nullable Long from, @Nullable Long to) {
        if (wait != null) {
            child(parent, name.apply(wait), from, to);
        }
    }

    /** It begins in the root or after it, and outlives it. */
    private void deferredFree(Node root) {
        Long drained = phases.reqsTime();
        Long freed = phases.freeTime();
        if (drained != null && freed != null) {
            span(root.span, SpanName.DEFERRED_FREE, drained, Math.max(drained, freed));
        }
    }

    private void wake(Node root) {
        Long drained = phases.reqsTime();
        if (drained != null) {
            // kill_ioctx can still be unmapping when the last request ends.
            child(
                    root,
                    SpanName.WAKE,
                    latest(drained, phases.killExitTime()),
                    teardown.call().returnTime());
        }
    }

    /** Null if one of the times is unknown, or the interval is outside the parent. */
    private @Nullable Node child(Node parent, SpanName name, @Nullable Long from, @Nullable Long to) {
        if (from == null || to == null) {
            return null;
        }
        long childBegin = Math.max(from, parent.begin);
        long childEnd = Math.min(to, parent.end);
        if (childEnd < childBegin) {
            return null;
        }
        return new Node(span(parent.span, name, childBegin, childEnd), childBegin, childEnd);
    }

    private Span span(Span parent, SpanName name, long from, long to) {
        Span span = tracer.spanBuilder(name.label())
                .setStartTimestamp(from + offset, NANOSECONDS)
                .setParent(Context.root().with(parent))
                .setAllAttributes(ofEachSpan)
                .startSpan();
        span.end(to + offset, NANOSECONDS);
        return span;
    }
}
