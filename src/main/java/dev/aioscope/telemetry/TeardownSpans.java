package dev.aioscope.telemetry;

import static java.util.concurrent.TimeUnit.NANOSECONDS;

import dev.aioscope.audit.Audit;
import dev.aioscope.audit.Observation;
import dev.aioscope.event.Operation;
import dev.aioscope.event.Trigger;
import dev.aioscope.event.WaitReason;
import dev.aioscope.host.Container;
import dev.aioscope.host.Identities;
import dev.aioscope.host.Identity;
import dev.aioscope.kernel.Errno;
import dev.aioscope.kernel.KernelStack;
import dev.aioscope.kernel.WallClock;
import dev.aioscope.lifecycle.Context;
import dev.aioscope.lifecycle.FailedCall;
import dev.aioscope.lifecycle.LifecycleListener;
import dev.aioscope.lifecycle.RefusalOutcome;
import dev.aioscope.lifecycle.RefusalOutcome.Release;
import dev.aioscope.lifecycle.Straggler;
import dev.aioscope.lifecycle.Task;
import dev.aioscope.lifecycle.Teardown;
import dev.aioscope.lifecycle.Teardown.Wait;
import dev.aioscope.lifecycle.TeardownInProgress;
import dev.aioscope.lifecycle.UserStack;
import dev.aioscope.lifecycle.WrongHandle;
import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.common.AttributesBuilder;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanBuilder;
import io.opentelemetry.api.trace.SpanContext;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.api.trace.Tracer;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiConsumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Makes a trace of each teardown worth one, and a span of each call that failed; {@link SpanName} and {@link
 * SpanAttribute} list what there can be. All times are the kernel's.
 *
 * <p>A teardown always becomes a trace if it was slow, failed, had requests outstanding, broke a clause, or could not be followed to its
 * end; of the others a share does. {@code deferred_free} ends after the caller has gone on: it is a trace of its own,
 * linked to the teardown. So is {@code not_woken}, of an exit whose trace was made before it was found stuck.
 */
public final class TeardownSpans implements LifecycleListener {
    /** What is slow if nothing else is said: an idle io_destroy takes some 30 ms. */
    public static final Duration SLOW = Duration.ofMillis(100);

    private static final int MOST_REFUSALS = 1024;
    private static final int MOST_STUCK = 1024;
    private static final int MOST_EXITS = 1024;

    /** Of one teardown that are told. */
    static final int MOST_STRAGGLERS = 16;

    /** The event that tells of a broken clause. */
    private static final String VIOLATION = "aio.spec.violation";

    /** The event that tells what a teardown waited for while it went on. */
    private static final String STUCK = "aio.teardown.stuck";

    /** The event that tells of a request that completed while a teardown was stuck. */
    private static final String STRAGGLER = "aio.straggler";

    private final Tracer tracer;
    private final WallClock clock;
    private volatile Reported reported;
    private final Identities identities;
    private final Function<String, Optional<String>> deviceNames;
    private final BiConsumer<Teardown, SpanContext> traced;

    /** The spans of refusals whose outcome is to come. */
    private final Map<FailedCall, SpanContext> refusals = new LinkedHashMap<>();

    /** The roots of exits whose callers may not have been woken, by the generations of their contexts. */
    private final Map<Long, SpanContext> exits = new LinkedHashMap<>();

    /** What is to be told of teardowns that go on, by the generations of their contexts. */
    private final Map<Long, Stuck> stuck = new LinkedHashMap<>();

    /** What is to be told of one of them. */
    private static final class Stuck {
        /** Those first told of. */
        final List<Happened> events = new ArrayList<>();

        /** Requests that completed meanwhile; null if none was seen. */
        @Nullable Long stragglers;
    }

    /** What becomes an event of a span, with its time on the kernel's clock. */
    private record Happened(String name, long time, Attributes attributes) {}

    /**
     * Which teardowns become a trace.
     *
     * @param slow a caller held at least that long is always reported
     * @param rate the share, 0 to 1, of teardowns without a finding that are reported
     */
    public record Reported(Duration slow, double rate) {
        /** Refuses a share that is none. */
        public Reported {
            if (!(rate >= 0 && rate <= 1)) {
                throw new IllegalArgumentException("rate is " + rate + ", not from 0 to 1");
            }
        }
    }

    /** The same, without names of devices, for somebody who does not want to know which teardown became which trace. */
    public TeardownSpans(Tracer tracer, WallClock clock, Duration slow, double rate, Identities identities) {
        this(tracer, clock, slow, rate, identities, numbers -> Optional.empty(), (teardown, root) -> {});
    }

    /**
     * Makes spans with this tracer.
     *
     * @param slow a caller held at least that long is always reported
     * @param rate the share, 0 to 1, of teardowns without a finding that are reported
     * @param identities who the processes are
     * @param deviceNames tells the name of the block device with these numbers, major:minor
     * @param traced is told of each teardown that became a trace, with its root
     */
    public TeardownSpans(
            Tracer tracer,
            WallClock clock,
            Duration slow,
            double rate,
            Identities identities,
            Function<String, Optional<String>> deviceNames,
            BiConsumer<Teardown, SpanContext> traced) {
        this.tracer = tracer;
        this.clock = clock;
        this.reported = new Reported(slow, rate);
        this.identities = identities;
        this.deviceNames = deviceNames;
        this.traced = traced;
    }

    /** From now on these; from any thread. */
    public void report(Reported which) {
        reported = which;
    }

    @Override
    public void onTeardown(Teardown teardown) {
        Stuck found = stuck.remove(teardown.context().generation());
        Long begin = teardown.startTime();
        // A span needs a time, and none is invented.
        if (begin == null) {
            return;
        }
        long end = Math.max(begin, end(teardown, begin));
        List<Observation> violations = Audit.violations(teardown);
        if (!violations.isEmpty() || isFinding(teardown, end - begin) || isSampled(teardown.context())) {
            trace(teardown, violations, found, begin, end);
        }
    }

    /** There is no span before the end: it is kept until then. */
    @Override
    public void onStuck(TeardownInProgress teardown, long now) {
        Happened found = new Happened(STUCK, now, attributes(teardown));
        Long drained = teardown.known().phases().reqsTime();
        if (drained != null && teardown.isReported()) {
            notWoken(teardown.known(), drained, found);
        } else {
            stuck(teardown).events.add(found);
        }
    }

    private void notWoken(Teardown t, long drained, Happened found) {
        long offset = clock.offsetAt(drained);
        AttributesBuilder attributes = Attributes.builder();
        if (t.caller() != null) {
            describe(t.caller(), identities.ofCaller(t), attributes);
        }
        SpanContext root = exits.getOrDefault(t.context().generation(), SpanContext.getInvalid());
        linked(SpanName.NOT_WOKEN, t.context(), drained + offset, root)
                .setAllAttributes(attributes.build())
                .startSpan()
                .addEvent(found.name, found.attributes, found.time + offset, NANOSECONDS)
                .end(found.time + offset, NANOSECONDS);
    }

    /** A trace of its own about the same context as this root, if that is a trace. */
    private SpanBuilder linked(SpanName name, Context context, long startEpochNanos, SpanContext root) {
        AttributesBuilder attributes = Attributes.builder();
        SpanAttribute.CONTEXT_ID.set(attributes, context.id());
        SpanAttribute.HANDLE.set(attributes, hex(context.handle()));
        return builder(name, startEpochNanos).setNoParent().addLink(root).setAllAttributes(attributes.build());
    }

    @Override
    public void onStraggler(Straggler straggler) {
        Stuck found = stuck(straggler.teardown());
        long before = found.stragglers == null ? 0 : found.stragglers;
        found.stragglers = before + 1;
        if (before < MOST_STRAGGLERS) {
            found.events.add(new Happened(STRAGGLER, straggler.time(), attributes(straggler)));
        }
    }

    private Stuck stuck(TeardownInProgress teardown) {
        Stuck found = stuck.computeIfAbsent(teardown.known().context().generation(), generation -> new Stuck());
        bound(stuck, MOST_STUCK);
        return found;
    }

    private static void bound(Map<?, ?> map, int most) {
        if (map.size() > most) {
            map.remove(map.keySet().iterator().next());
        }
    }

    @Override
    public void onFailedCall(FailedCall call) {
        String error = Errno.name(call.errno());
        AttributesBuilder attributes = Attributes.builder();
        describe(call.caller(), identities.ofCaller(call), attributes);
        if (call.handle() != null) {
            SpanAttribute.HANDLE.set(attributes, hex(call.handle()));
        }
        SpanAttribute.REQUESTED.set(attributes, wide(call.maxReqs()));
        SpanAttribute.USAGE.set(attributes, call.aioNr());
        SpanAttribute.LIMIT.set(attributes, call.aioMaxNr());
        SpanAttribute.NEEDED.set(attributes, call.neededLimit());
        SpanAttribute.HOLDERS.set(
                attributes,
                call.largest().isEmpty()
                        ? null
                        : call.largest().stream()
                                .map(holding -> who(holding.owner(), holding.charge()))
                                .toList());
        SpanAttribute.CALL_STACK.set(attributes, stack(call.callStack()));
        SpanAttribute.ERROR_TYPE.set(attributes, error);
        WrongHandle wrong = call.wrongHandle();
        if (wrong != null) {
            SpanAttribute.ERROR_CAUSE.set(attributes, wrong.cause().label());
            SpanAttribute.ERROR_EXPLANATION.set(attributes, call.explanation());
            SpanAttribute.ERROR_IO_IN_FLIGHT.set(attributes, wrong.isIoInFlight());
        }

        long begin = call.enterTime() != null ? call.enterTime() : call.returnTime();
        long offset = clock.offsetAt(begin);
        Span span = builder(SpanName.of(call.call()), begin + offset)
                .setNoParent()
                .setAllAttributes(attributes.build())
                .startSpan()
                .setStatus(StatusCode.ERROR, error);
        span.end(call.returnTime() + offset, NANOSECONDS);
        if (call.isRefusal()) {
            refusals.put(call, span.getSpanContext());
            bound(refusals, MOST_REFUSALS);
        }
    }

    @Override
    public void onRefusalOutcome(RefusalOutcome outcome) {
        FailedCall refusal = outcome.refusal();
        AttributesBuilder attributes = Attributes.builder();
        describe(refusal.caller(), identities.ofCaller(refusal), attributes);
        SpanAttribute.REQUESTED.set(attributes, wide(refusal.maxReqs()));
        SpanAttribute.USAGE.set(attributes, outcome.aioNr());
        SpanAttribute.LIMIT.set(attributes, outcome.aioMaxNr());
        SpanAttribute.REFUSAL_OUTCOME.set(attributes, outcome.status().name().toLowerCase(Locale.ROOT));
        SpanAttribute.REFUSAL_RETRIES.set(attributes, (long) outcome.retries());
        SpanAttribute.REFUSAL_SUCCEEDED.set(attributes, outcome.hasSucceeded());
        SpanAttribute.REFUSAL_CAUSE.set(
                attributes,
                outcome.resolution() == null
                        ? null
                        : outcome.resolution().name().toLowerCase(Locale.ROOT));
        Release release = outcome.release();
        SpanAttribute.RELEASER.set(attributes, release == null ? null : who(release.by(), release.charge()));

        long offset = clock.offsetAt(refusal.returnTime());
        SpanBuilder span = builder(SpanName.REFUSAL, refusal.returnTime() + offset)
                .setNoParent()
                .setAllAttributes(attributes.build());
        SpanContext setup = refusals.get(refusal);
        if (setup != null) {
            span.addLink(setup);
        }
        span.startSpan().end(refusal.returnTime() + outcome.duration() + offset, NANOSECONDS);
    }

    /** A process that is not the caller, in a line. */
    private String who(Task task, long charge) {
        return task.comm() + " " + task.pid()
                + identities
                        .of(task)
                        .container()
                        .map(container -> " " + container.runtime() + ":" + container.id())
                        .orElse("")
                + " " + charge;
    }

    /** When the caller went on, or else the last moment at which it was seen to be held. */
    private static long end(Teardown t, long begin) {
        if (t.call().returnTime() != null) {
            return t.call().returnTime();
        }
        long end = latest(
                begin,
                t.phases().killEnterTime(),
                t.phases().unmapEnterTime(),
                t.phases().unmapExitTime(),
                t.phases().killExitTime());
        return isWaitedFor(t)
                ? latest(
                        end,
                        t.phases().usersEnterTime(),
                        t.phases().usersExitTime(),
                        t.phases().reqsTime())
                : end;
    }

    private static long latest(long first, @Nullable Long... others) {
        long latest = first;
        for (Long other : others) {
            latest = other == null ? latest : Math.max(latest, other);
        }
        return latest;
    }

    /** io_setup does not wait for the requests of the context that it takes back. */
    private static boolean isWaitedFor(Teardown t) {
        return t.trigger() != Trigger.ROLLBACK;
    }

    private boolean isFinding(Teardown t, long heldNanos) {
        Integer outstanding = t.outstanding();
        return heldNanos >= reported.slow().toNanos()
                || (outstanding != null && outstanding > 0)
                || isFailed(t)
                || t.end() == Teardown.End.INCOMPLETE
                || t.end() == Teardown.End.UNKNOWN;
    }

    private static boolean isFailed(Teardown t) {
        return t.call().result() != null && t.call().result() < 0;
    }

    /** The same answer for the same context each time: a repeated run gives the same traces. */
    private boolean isSampled(Context context) {
        // The finalizer of SplitMix64 spreads neighbouring generations over all 64 bits.
        long z = context.generation() + 0x9E3779B97F4A7C15L;
        z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
        z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
        z ^= z >>> 31;
        return (z >>> 11) * 0x1.0p-53 < reported.rate();
    }

    private void trace(Teardown t, List<Observation> violations, @Nullable Stuck found, long begin, long end) {
        Trace trace = new Trace(clock.offsetAt(begin));
        Node root = trace.root(t, violations, found, begin, end);
        trace.child(root, SpanName.LOOKUP, t.call().enterTime(), t.phases().killEnterTime());
        Node kill = trace.child(
                root, SpanName.KILL, t.phases().killEnterTime(), t.phases().killExitTime());
        trace.child(
                kill != null ? kill : root,
                SpanName.UNMAP,
                t.phases().unmapEnterTime(),
                t.phases().unmapExitTime());
        if (isWaitedFor(t)) {
            trace.drain(root, t);
            // kill_ioctx may still be unmapping when the last request ends.
            Long free = t.phases().reqsTime();
            trace.child(
                    root,
                    SpanName.WAKE,
                    free == null ? null : (Long) latest(free, t.phases().killExitTime()),
                    t.call().returnTime());
        }
        trace.deferredFree(root, t);
        if (t.trigger() == Trigger.EXIT) {
            exits.put(t.context().generation(), root.span.getSpanContext());
            bound(exits, MOST_EXITS);
        }
        traced.accept(t, root.span.getSpanContext());
    }

    private SpanBuilder builder(SpanName name, long startEpochNanos) {
        return tracer.spanBuilder(name.label()).setStartTimestamp(startEpochNanos, NANOSECONDS);
    }

    /** A span with its times on the kernel's clock. */
    private record Node(Span span, long begin, long end) {}

    /** The spans of one teardown, their times all moved by one offset. Each span is ended when it is made. */
    private final class Trace {
        private final long offset;

        Trace(long offset) {
            this.offset = offset;
        }

        Node root(Teardown t, List<Observation> violations, @Nullable Stuck found, long begin, long end) {
            Span span = builder(SpanName.of(t.trigger()), begin + offset)
                    .setNoParent()
                    .setAllAttributes(attributes(t, found))
                    .startSpan();
            if (isFailed(t)) {
                span.setStatus(StatusCode.ERROR, error(t));
            }
            for (Observation violation : violations) {
                span.addEvent(VIOLATION, attributes(violation), violation.time() + offset, NANOSECONDS);
            }
            for (Happened event : found == null ? List.<Happened>of() : found.events) {
                span.addEvent(event.name, event.attributes, event.time + offset, NANOSECONDS);
            }
            span.end(end + offset, NANOSECONDS);
            return new Node(span, begin, end);
        }

        /** Null if one of the times was not seen, or none of it falls inside the parent. */
        @Nullable Node child(Node parent, SpanName name, @Nullable Long from, @Nullable Long to) {
            if (from == null || to == null) {
                return null;
            }
            long begin = Math.max(from, parent.begin);
            long end = Math.min(to, parent.end);
            if (end < begin) {
                return null;
            }
            Span span = builder(name, begin + offset)
                    .setParent(io.opentelemetry.context.Context.root().with(parent.span))
                    .startSpan();
            span.end(end + offset, NANOSECONDS);
            return new Node(span, begin, end);
        }

        void drain(Node root, Teardown t) {
            Node drain = child(
                    root, SpanName.DRAIN, t.phases().killExitTime(), t.phases().reqsTime());
            Node wait = drain != null ? drain : root;
            wait(wait, t.usersWait(), t.phases().killExitTime(), t.phases().usersEnterTime());
            // The grace period can be over before kill_ioctx has removed the ring: then this is no part of the wait.
            boolean early = t.phases().usersEnterTime() != null && t.phases().usersEnterTime() < wait.begin;
            child(
                    early ? root : wait,
                    SpanName.CANCEL,
                    t.phases().usersEnterTime(),
                    t.phases().usersExitTime());
            wait(wait, t.reqsWait(), t.phases().usersExitTime(), t.phases().reqsTime());
        }

        private void wait(Node parent, @Nullable Wait wait, @Nullable Long from, @Nullable Long to) {
            if (wait != null) {
                child(parent, SpanName.of(wait), from, to);
            }
        }

        void deferredFree(Node root, Teardown t) {
            if (t.phases().reqsTime() == null || t.phases().freeTime() == null) {
                return;
            }
            linked(SpanName.DEFERRED_FREE, t.context(), t.phases().reqsTime() + offset, root.span.getSpanContext())
                    .startSpan()
                    .end(t.phases().freeTime() + offset, NANOSECONDS);
        }
    }

    private Attributes attributes(Teardown t, @Nullable Stuck found) {
        AttributesBuilder attributes = Attributes.builder();
        if (t.caller() != null) {
            describe(t.caller(), identities.ofCaller(t), attributes);
        }
        describe(t, attributes);
        SpanAttribute.TRIGGER.set(
                attributes, t.trigger() == null ? null : t.trigger().label());
        SpanAttribute.END.set(attributes, t.end().name().toLowerCase(Locale.ROOT));
        SpanAttribute.OUTSTANDING.set(attributes, wide(t.outstanding()));
        SpanAttribute.UNREAPED.set(attributes, wide(t.counts().unreaped()));
        SpanAttribute.SIBLINGS.set(attributes, wide(t.counts().siblings()));
        SpanAttribute.CANCELLED.set(attributes, cancelled(t));
        SpanAttribute.STRAGGLERS.set(attributes, found == null ? null : found.stragglers);
        SpanAttribute.DRAIN_GRACE.set(attributes, seconds(t.grace()));
        SpanAttribute.DRAIN_IO.set(attributes, seconds(t.io()));
        SpanAttribute.DRAIN_SIBLINGS.set(attributes, seconds(t.inSiblings()));
        SpanAttribute.NR_BEFORE.set(attributes, t.kernel().aioNrBefore());
        SpanAttribute.NR_AFTER.set(attributes, t.kernel().aioNrAfter());
        SpanAttribute.UNMAP_RESULT.set(attributes, wide(t.kernel().unmapResult()));
        SpanAttribute.SIGKILL_PENDING.set(attributes, t.call().pendingSigkill());
        SpanAttribute.VOLUNTARY_SWITCHES.set(attributes, t.call().voluntarySwitches());
        SpanAttribute.SETUP_STACK.set(attributes, stack(t.context().setupStack()));
        SpanAttribute.CALL_STACK.set(attributes, stack(t.call().stack()));
        SpanAttribute.ERROR_TYPE.set(attributes, isFailed(t) ? error(t) : null);
        return attributes.build();
    }

    private static Attributes attributes(Observation violation) {
        AttributesBuilder attributes = Attributes.builder();
        SpanAttribute.CLAUSE.set(attributes, violation.clause().name());
        SpanAttribute.EVIDENCE.set(attributes, violation.values());
        return attributes.build();
    }

    private static Attributes attributes(TeardownInProgress going) {
        AttributesBuilder attributes = Attributes.builder();
        WaitReason waitReason = going.waitReason();
        SpanAttribute.WAITS_FOR.set(attributes, waitReason == null ? null : waitReason.label());
        SpanAttribute.REQUESTS_LEFT.set(attributes, wide(going.outstandingNow()));
        SpanAttribute.SIBLINGS_LEFT.set(attributes, wide(going.siblingsNow()));
        List<String> functions = KernelStack.functions(going.kernelStack());
        SpanAttribute.KERNEL_STACK.set(attributes, functions.isEmpty() ? null : functions);
        return attributes.build();
    }

    private Attributes attributes(Straggler straggler) {
        AttributesBuilder attributes = Attributes.builder();
        Operation operation = straggler.operation();
        SpanAttribute.OPERATION.set(attributes, operation == Operation.UNKNOWN ? null : operation.label());
        SpanAttribute.PATH.set(attributes, straggler.path());
        SpanAttribute.INODE.set(attributes, straggler.inode());
        SpanAttribute.MAGIC.set(attributes, hex(straggler.magic()));
        SpanAttribute.DEVICE.set(attributes, straggler.device());
        SpanAttribute.DEVICE_NAME.set(
                attributes, deviceNames.apply(straggler.device()).orElse(null));
        SpanAttribute.OFFSET.set(attributes, straggler.offset());
        SpanAttribute.RESULT.set(attributes, straggler.result());
        SpanAttribute.REQUEST_ERROR.set(
                attributes, straggler.result() < 0 ? Errno.name((int) -straggler.result()) : null);
        SpanAttribute.AGE.set(attributes, seconds(straggler.age()));
        return attributes.build();
    }

    private void describe(Task caller, Identity identity, AttributesBuilder attributes) {
        SpanAttribute.PID.set(attributes, (long) caller.pid());
        SpanAttribute.TID.set(attributes, (long) caller.tid());
        SpanAttribute.THREAD_NAME.set(attributes, caller.comm());
        Long start = caller.beginning();
        SpanAttribute.CREATION_TIME.set(attributes, start == null ? null : iso(start));
        String executable = identity.executable();
        if (executable != null) {
            SpanAttribute.EXECUTABLE_NAME.set(attributes, executable.substring(executable.lastIndexOf('/') + 1));
        }
        SpanAttribute.EXECUTABLE_PATH.set(attributes, executable);
        boolean isTold = !identity.hidesArguments() && !identity.arguments().isEmpty();
        SpanAttribute.COMMAND_ARGS.set(attributes, isTold ? identity.arguments() : null);
        SpanAttribute.USER.set(attributes, identity.user());
        SpanAttribute.CGROUP.set(attributes, identity.cgroup());
        Container container = container(identity);
        if (container != null) {
            SpanAttribute.CONTAINER_ID.set(attributes, container.id());
            SpanAttribute.CONTAINER_RUNTIME.set(attributes, container.runtime());
            SpanAttribute.POD_UID.set(attributes, container.podUid());
        }
    }

    private String iso(long boottime) {
        return Instant.ofEpochSecond(0, clock.epochNanos(boottime))
                .truncatedTo(ChronoUnit.MILLIS)
                .toString();
    }

    /** A systemd unit is none. */
    private static @Nullable Container container(Identity identity) {
        return identity.container().filter(found -> !found.isUnit()).orElse(null);
    }

    private void describe(Teardown t, AttributesBuilder attributes) {
        Context context = t.context();
        Task caller = t.caller();
        SpanAttribute.CONTEXT_ID.set(attributes, context.id());
        SpanAttribute.HANDLE.set(attributes, hex(context.handle()));
        SpanAttribute.MAX_EVENTS.set(attributes, wide(context.maxReqs()));
        SpanAttribute.RING_EVENTS.set(attributes, wide(context.nrEvents()));
        Task owner = context.owner();
        if (owner != null && (caller == null || owner.pid() != caller.pid())) {
            Identity identity = identities.ofOwner(t);
            Container container = container(identity);
            SpanAttribute.OWNER_PID.set(attributes, (long) owner.pid());
            SpanAttribute.OWNER_EXECUTABLE_PATH.set(attributes, identity.executable());
            SpanAttribute.OWNER_CGROUP.set(attributes, identity.cgroup());
            SpanAttribute.OWNER_CONTAINER_ID.set(attributes, container == null ? null : container.id());
        }
    }

    private static @Nullable Long cancelled(Teardown t) {
        Integer before = t.counts().cancellableBefore();
        Integer after = t.counts().cancellableAfter();
        return before == null || after == null ? null : (Long) (long) (before - after);
    }

    private static String error(Teardown t) {
        return Errno.name(
                t.call().result() == null ? 0 : Math.toIntExact(-t.call().result()));
    }

    private static @Nullable String stack(@Nullable UserStack stack) {
        return stack == null ? null : String.join("\n", stack.frames());
    }

    private static String hex(long handle) {
        return "0x" + Long.toHexString(handle);
    }

    private static @Nullable Double seconds(@Nullable Long nanos) {
        return nanos == null ? null : (Double) (nanos / 1e9);
    }

    private static @Nullable Long wide(@Nullable Integer value) {
        return value == null ? null : (Long) value.longValue();
    }
}
