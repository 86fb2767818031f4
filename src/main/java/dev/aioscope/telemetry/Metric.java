package dev.aioscope.telemetry;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * Every metric there can be, with what {@code dashboards/metrics.md} says about it. A metric whose value was not seen has
 * no series, never a zero.
 */
public enum Metric {
    EVENT_USAGE("aio.event.usage", Type.GAUGE, "{event}", "fs.aio-nr: what all contexts of the host charge"),
    EVENT_LIMIT("aio.event.limit", Type.GAUGE, "{event}", "fs.aio-max-nr: the quota"),
    EVENT_UTILIZATION("aio.event.utilization", Type.GAUGE, "1", "fs.aio-nr divided by fs.aio-max-nr"),
    EVENT_UNATTRIBUTED(
            "aio.event.unattributed",
            Type.GAUGE,
            "{event}",
            "what of fs.aio-nr no context accounted for at the latest look: processes inside exit_aio, and what came or went"
                    + " during the look"),
    HOLDER_USAGE(
            "aio.process.event.usage",
            Type.GAUGE,
            "{event}",
            "what the contexts of these processes charge, at the latest look",
            Label.EXECUTABLE,
            Label.CONTAINER,
            Label.PID),
    CONTEXT_ACTIVE(
            "aio.context.active",
            Type.GAUGE,
            "{context}",
            "live contexts of these processes, at the latest look",
            Label.EXECUTABLE,
            Label.CONTAINER,
            Label.PID),
    SETUP(
            "aio.context.setup",
            Type.COUNTER,
            "{call}",
            "calls of io_setup; EAGAIN is a refusal: the quota is used up",
            Label.ERROR),
    SETUP_DURATION(
            "aio.context.setup.duration",
            Type.HISTOGRAM,
            "s",
            "how long calls of io_setup took that were seen from entry to return",
            Label.ERROR),
    TEARDOWN(
            "aio.context.teardown",
            Type.COUNTER,
            "{context}",
            "contexts that ended, and how the agent learnt of it; without a trigger if that was not seen",
            Label.TRIGGER,
            Label.END),
    LEAKED(
            "aio.context.leaked",
            Type.COUNTER,
            "{context}",
            "contexts that only the exit of their process ended; the first executables that do it have a series each",
            Label.EXECUTABLE),
    DESTROY_ERRORS(
            "aio.context.destroy.errors",
            Type.COUNTER,
            "{error}",
            "calls of io_destroy that failed",
            Label.ERROR,
            Label.CAUSE),
    DESTROY_DURATION(
            "aio.context.destroy.duration",
            Type.HISTOGRAM,
            "s",
            "how long the caller was held: the whole io_destroy; in an exit from kill_ioctx to the end of the drain; in a"
                    + " rollback kill_ioctx",
            Label.TRIGGER),
    LOOKUP_DURATION(
            "aio.context.lookup.duration",
            Type.HISTOGRAM,
            "s",
            "entry of io_destroy to entry of kill_ioctx: finding the context",
            Label.TRIGGER),
    KILL_DURATION("aio.context.kill.duration", Type.HISTOGRAM, "s", "kill_ioctx", Label.TRIGGER),
    UNMAP_DURATION(
            "aio.context.unmap.duration",
            Type.HISTOGRAM,
            "s",
            "vm_munmap inside kill_ioctx: taking mmap_lock and removing the ring",
            Label.TRIGGER),
    DRAIN_DURATION(
            "aio.context.drain.duration",
            Type.HISTOGRAM,
            "s",
            "return of kill_ioctx to free_ioctx_reqs: the uninterruptible wait; two RCU grace periods at least",
            Label.TRIGGER),
    GRACE_DURATION(
            "aio.context.grace.duration",
            Type.HISTOGRAM,
            "s",
            "the part of the drain that waited for RCU grace periods only, which is normal",
            Label.TRIGGER),
    IO_DURATION(
            "aio.context.io.duration",
            Type.HISTOGRAM,
            "s",
            "the part of the drain that waited for requests",
            Label.TRIGGER),
    SIBLINGS_DURATION(
            "aio.context.siblings.duration",
            Type.HISTOGRAM,
            "s",
            "the part of the drain that waited for threads inside AIO calls on the context",
            Label.TRIGGER),
    CANCEL_DURATION(
            "aio.context.cancel.duration",
            Type.HISTOGRAM,
            "s",
            "free_ioctx_users: cancelling what can be cancelled",
            Label.TRIGGER),
    WAKE_DURATION(
            "aio.context.wake.duration",
            Type.HISTOGRAM,
            "s",
            "free_ioctx_reqs to the return of io_destroy",
            Label.TRIGGER),
    DEFERRED_FREE_DURATION(
            "aio.context.deferred_free.duration",
            Type.HISTOGRAM,
            "s",
            "free_ioctx_reqs to free_ioctx, after the caller has gone on",
            Label.TRIGGER),
    OUTSTANDING(
            "aio.context.destroy.outstanding",
            Type.HISTOGRAM,
            "{request}",
            "requests submitted and not completed at entry of kill_ioctx",
            Label.TRIGGER),
    UNINTERRUPTIBLE_TIME(
            "aio.task.uninterruptible.time",
            Type.COUNTER,
            "s",
            "time that callers sat in TASK_UNINTERRUPTIBLE, of teardowns that are over",
            Label.TRIGGER),
    UNINTERRUPTIBLE_ACTIVE(
            "aio.task.uninterruptible.active",
            Type.GAUGE,
            "{task}",
            "teardowns in progress for which a thread waited, at the latest look",
            Label.TRIGGER),
    UNINTERRUPTIBLE_OLDEST(
            "aio.task.uninterruptible.oldest.age",
            Type.GAUGE,
            "s",
            "how long the oldest of them had lasted then, as far as it was seen",
            Label.TRIGGER),
    TEARDOWN_STUCK(
            "aio.context.teardown.stuck",
            Type.GAUGE,
            "{context}",
            "teardowns that had lasted for `--stuck-after` or longer at the latest look, by what they waited for; no series"
                    + " if there is none",
            Label.WAITS_FOR),

    SPEC_OBSERVATION(
            "aio.spec.observation",
            Type.COUNTER,
            "{observation}",
            "how often a clause of the specification of io_destroy was put to the test (dashboards/audit.md); a clause that"
                    + " cannot be observed here has no series",
            Label.CLAUSE,
            Label.VERDICT),

    TIER_LEVEL(
            "aioscope.tier.level",
            Type.GAUGE,
            "{level}",
            "what the host lets the agent see: 3 is full, 2 syscall, 1 sample, 0 proc",
            Label.TIER,
            Label.ENGINE),
    PROBE_ATTACHED(
            "aioscope.probe.attached",
            Type.GAUGE,
            "{probe}",
            "1 if the probe is attached, 0 if not; the mode says how",
            Label.PROBE,
            Label.MODE),
    EVENT_READ("aioscope.event.read", Type.COUNTER, "{event}", "records read from the probes"),
    EVENT_LOST(
            "aioscope.event.lost",
            Type.COUNTER,
            "{event}",
            "what was lost: ring_full, map_full, corrupt and missed by the probes (missed has no series where the kernel does"
                    + " not count it); evicted_contexts, evicted_teardowns and evicted_calls for want of room; queue_full"
                    + " before it became a trace; unrecorded by the flight recorder",
            Label.REASON),
    EVENT_ORPHAN("aioscope.event.orphan", Type.COUNTER, "{event}", "records that belong to nothing known"),
    SNAPSHOT(
            "aioscope.snapshot",
            Type.COUNTER,
            "{snapshot}",
            "how often the flight recorder set aside what it held: at a teardown that is stuck, or a refusal"),
    LOOK_AGE("aioscope.look.age", Type.GAUGE, "s", "time since the latest look at the host's tasks began"),
    LOOK_UNSEEN(
            "aioscope.look.unseen",
            Type.GAUGE,
            "{process}",
            "processes that the latest look could not see into: refused (the kernel does not show them to this user),"
                    + " unfinished (not read to the end in time); what they hold is missing",
            Label.REASON),
    UNIDENTIFIED(
            "aioscope.process.unidentified",
            Type.COUNTER,
            "{process}",
            "how often a process was to be looked at for its name and was not: it had ended, or there were too many at once;"
                    + " it goes by the name of its thread"),
    SPAN(
            "aioscope.span",
            Type.COUNTER,
            "{span}",
            "spans: exported (the back end took them), failed (it did not), dropped (for want of room)",
            Label.OUTCOME),
    SPAN_WAITING("aioscope.span.waiting", Type.GAUGE, "{span}", "spans that are still to be sent"),
    PUSH(
            "aioscope.push",
            Type.COUNTER,
            "{push}",
            "pushes of metrics: exported (the back end took it), failed (it did not)",
            Label.OUTCOME),
    CPU_TIME("process.cpu.time", Type.COUNTER, "s", "processor time of the agent"),
    MEMORY_USAGE("process.memory.usage", Type.GAUGE, "By", "resident memory of the agent");

    /** What kind of numbers it has. */
    public enum Type {
        /** A number that goes up and down. */
        GAUGE,
        /** A number that goes up only. */
        COUNTER,
        /** How often values fell below each bound, and their sum. */
        HISTOGRAM;

        /** The name in Prometheus. */
        String label() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** What tells the series of a metric apart. */
    public enum Label {
        EXECUTABLE(
                "process.executable.name",
                "name of the program's file; `[comm]` if only the thread's name is known; `other` for all that have no"
                        + " series of their own"),
        CONTAINER("container.id", "id of the container, or name of the systemd unit; absent if there is none"),
        PID("process.pid", "only with `--metrics-pid`"),
        TRIGGER("aio.trigger", "`destroy`, `exit` or `rollback`"),
        END("aio.teardown.end", "`complete`, `incomplete`, `unknown` or `vanished`, as in traces"),
        ERROR("error.type", "name of the error, such as `EAGAIN`; absent on success"),
        CAUSE("aio.destroy.error.cause", "what was wrong with the handle, as in traces; absent if it cannot be told"),
        WAITS_FOR(
                "aio.waits_for",
                "`requests`; `siblings` (threads inside an AIO call on the context); `grace` (an RCU grace period);"
                        + " `mmap_lock`; `cancelled_polls`; `wake` (no request is left); `deferred_free` (nobody waits, but the"
                        + " memory is not freed); absent if it was not seen"),
        CLAUSE("aio.spec.clause", "the id of the clause, such as `N3`"),
        VERDICT(
                "aio.spec.verdict",
                "`kept`; `otherwise` if the kernel did what it is known to do instead, or a finding was made; `broken`"),
        TIER("aioscope.tier", "`full`, `syscall`, `sample` or `proc`"),
        ENGINE("aioscope.engine", "`core` or `bcc`; `none` in the tier proc"),
        PROBE("aioscope.probe", "the probe point, such as `kill_ioctx return`"),
        MODE(
                "aioscope.probe.mode",
                "`fentry`, `fexit`, `kprobe`, `kretprobe`, `tracepoint`, `iter`; `none` if it is not attached"),
        REASON("aioscope.reason", "why it was lost or not seen"),
        OUTCOME("aioscope.outcome", "what became of it");

        private final String attribute;
        private final String meaning;

        Label(String attribute, String meaning) {
            this.attribute = attribute;
            this.meaning = meaning;
        }

        /** The name in OpenTelemetry. */
        public String attribute() {
            return attribute;
        }

        /** The name in Prometheus. */
        public String prometheusName() {
            return attribute.replace('.', '_');
        }

        /** What its values say. */
        String meaning() {
            return meaning;
        }
    }

    private final String label;
    private final Type type;
    private final String unit;
    private final String meaning;

    @SuppressWarnings("ImmutableEnumChecker") // List.of
    private final List<Label> labels;

    Metric(String label, Type type, String unit, String meaning, Label... labels) {
        this.label = label;
        this.type = type;
        this.unit = unit;
        this.meaning = meaning;
        this.labels = List.of(labels);
    }

    /** The name in OpenTelemetry. */
    public String label() {
        return label;
    }

    /** What kind of numbers it has. */
    public Type type() {
        return type;
    }

    /** The unit in OpenTelemetry's notation (UCUM). */
    String unit() {
        return unit;
    }

    /** What its value says. */
    public String meaning() {
        return meaning;
    }

    /** What tells its series apart. */
    public List<Label> labels() {
        return labels;
    }

    /** The name in Prometheus: of a histogram without {@code _bucket}, {@code _sum} and {@code _count}. */
    public String prometheusName() {
        return baseName() + (type == Type.COUNTER ? "_total" : "");
    }

    /** The same without {@code _total}: what the Prometheus library wants. */
    String baseName() {
        return label.replace('.', '_') + unitSuffix();
    }

    private String unitSuffix() {
        return switch (unit) {
            case "s" -> "_seconds";
            case "By" -> "_bytes";
            case "1" -> "_ratio";
            default -> "";
        };
    }

    /** The one with this {@link #baseName}. */
    static Optional<Metric> byBaseName(String name) {
        return Arrays.stream(values())
                .filter(metric -> metric.baseName().equals(name))
                .findFirst();
    }
}
