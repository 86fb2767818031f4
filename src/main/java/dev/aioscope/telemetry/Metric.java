package dev.aioscope.telemetry;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * Every metric of the agent, with its name, type, unit, labels and description. {@code dashboards/metrics.md} lists the
 * same. A metric without an observed value has no series.
 */
public enum Metric {
    EVENT_USAGE(
            "aio.event.usage",
            Type.UP_DOWN_COUNTER,
            "{event}",
            "Events charged by all contexts of the host: fs.aio-nr"),
    EVENT_LIMIT("aio.event.limit", Type.UP_DOWN_COUNTER, "{event}", "The quota: fs.aio-max-nr"),
    EVENT_UTILIZATION("aio.event.utilization", Type.GAUGE, "1", "fs.aio-nr divided by fs.aio-max-nr"),
    EVENT_UNATTRIBUTED(
            "aio.event.unattributed",
            Type.UP_DOWN_COUNTER,
            "{event}",
            "Part of fs.aio-nr that the latest scan attributed to no context: processes inside exit_aio, and contexts that"
                    + " changed during the scan"),
    HOLDER_USAGE(
            "aio.process.event.usage",
            Type.UP_DOWN_COUNTER,
            "{event}",
            "Events charged by the contexts of these processes at the latest scan",
            Label.EXECUTABLE,
            Label.CONTAINER,
            Label.RUNTIME,
            Label.UNIT,
            Label.NAMESPACE,
            Label.POD,
            Label.POD_UID,
            Label.POD_CONTAINER,
            Label.PID),
    CONTEXT_ACTIVE(
            "aio.context.active",
            Type.UP_DOWN_COUNTER,
            "{context}",
            "Live contexts of these processes at the latest scan",
            Label.EXECUTABLE,
            Label.CONTAINER,
            Label.RUNTIME,
            Label.UNIT,
            Label.NAMESPACE,
            Label.POD,
            Label.POD_UID,
            Label.POD_CONTAINER,
            Label.PID),
    SETUP(
            "aio.context.setups",
            Type.COUNTER,
            "{call}",
            "Calls of io_setup; with EAGAIN the quota does not suffice",
            Label.ERROR),
    SETUP_DURATION(
            "aio.context.setup.duration",
            Type.HISTOGRAM,
            "s",
            "Duration of io_setup calls that were observed from entry to return",
            Label.ERROR),
    TEARDOWN(
            "aio.context.teardowns",
            Type.COUNTER,
            "{context}",
            "Contexts that ended; no trigger label if the trigger was not observed",
            Label.TRIGGER,
            Label.END),
    LEAKED(
            "aio.context.leaked",
            Type.COUNTER,
            "{context}",
            "Contexts that a process left to its exit; the first executables have their own series",
            Label.EXECUTABLE),
    DESTROY_DURATION(
            "aio.context.destroy.duration",
            Type.HISTOGRAM,
            "s",
            "Time the teardown held its caller: all of io_destroy, also of a call that failed; for an exit, kill_ioctx to"
                    + " the end of the drain; for a rollback, kill_ioctx",
            Label.TRIGGER,
            Label.ERROR,
            Label.CAUSE),
    LOOKUP_DURATION(
            "aio.context.lookup.duration",
            Type.HISTOGRAM,
            "s",
            "Entry of io_destroy to entry of kill_ioctx: finding the context",
            Label.TRIGGER),
    KILL_DURATION("aio.context.kill.duration", Type.HISTOGRAM, "s", "Duration of kill_ioctx", Label.TRIGGER),
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
            "Return of kill_ioctx to free_ioctx_reqs: the uninterruptible wait, at least two RCU grace periods",
            Label.TRIGGER),
    GRACE_DURATION(
            "aio.context.grace.duration",
            Type.HISTOGRAM,
            "s",
            "Part of the drain that waited only for RCU grace periods, which is normal; of teardowns that had this part",
            Label.TRIGGER),
    IO_DURATION(
            "aio.context.io.duration",
            Type.HISTOGRAM,
            "s",
            "Part of the drain that waited for requests; of teardowns that had this part",
            Label.TRIGGER),
    SIBLINGS_DURATION(
            "aio.context.siblings.duration",
            Type.HISTOGRAM,
            "s",
            "Part of the drain that waited for threads inside AIO calls on the context; of teardowns that had this part",
            Label.TRIGGER),
    CANCEL_DURATION(
            "aio.context.cancel.duration",
            Type.HISTOGRAM,
            "s",
            "free_ioctx_users: cancelling the requests that support it",
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
            "free_ioctx_reqs to free_ioctx, after the caller has continued",
            Label.TRIGGER),
    OUTSTANDING(
            "aio.context.destroy.outstanding",
            Type.HISTOGRAM,
            "{request}",
            "Requests submitted and not completed at entry of kill_ioctx",
            Label.TRIGGER),
    UNINTERRUPTIBLE_TIME(
            "aio.task.uninterruptible.time",
            Type.COUNTER,
            "s",
            "Time that callers of completed teardowns spent in TASK_UNINTERRUPTIBLE",
            Label.TRIGGER),
    UNINTERRUPTIBLE_ACTIVE(
            "aio.task.uninterruptible.active",
            Type.UP_DOWN_COUNTER,
            "{task}",
            "Teardowns in progress with a waiting thread at the latest scan",
            Label.TRIGGER),
    UNINTERRUPTIBLE_OLDEST(
            "aio.task.uninterruptible.oldest.age",
            Type.GAUGE,
            "s",
            "Observed age of the oldest of them at the latest scan",
            Label.TRIGGER),
    TEARDOWN_STUCK(
            "aio.context.teardown.stuck",
            Type.UP_DOWN_COUNTER,
            "{context}",
            "Teardowns in progress for `--stuck-after` or longer at the latest scan; no series if there is none",
            Label.EXECUTABLE,
            Label.CONTAINER,
            Label.RUNTIME,
            Label.UNIT,
            Label.NAMESPACE,
            Label.POD,
            Label.POD_UID,
            Label.POD_CONTAINER,
            Label.WAITS_FOR),

    SPEC_OBSERVATION(
            "aio.spec.observations",
            Type.COUNTER,
            "{observation}",
            "Checks of a clause of the io_destroy specification (dashboards/audit.md); no series before the first"
                    + " observation of this clause with this verdict",
            Label.CLAUSE,
            Label.VERDICT),

    TIER_LEVEL(
            "aioscope.tier.level",
            Type.GAUGE,
            "{level}",
            "Tier of the agent: 3 is full, 2 syscall, 1 sample, 0 proc",
            Label.TIER,
            Label.ENGINE),
    PROBE_ATTACHED(
            "aioscope.probe.attached",
            Type.GAUGE,
            "{probe}",
            "1 if the probe is attached, else 0",
            Label.PROBE,
            Label.MODE),
    PROBE_SILENT(
            "aioscope.probe.silent",
            Type.UP_DOWN_COUNTER,
            "{probe}",
            "Attach points that a self-test found not to fire, at the start or in the latest test; absent if nothing tests"
                    + " them"),
    EVENT_READ("aioscope.event.read", Type.COUNTER, "{event}", "Records read from the probes"),
    EVENT_LOST("aioscope.event.lost", Type.COUNTER, "{event}", "Records and events lost, by reason", Label.REASON),
    EVENT_ORPHAN("aioscope.event.orphans", Type.COUNTER, "{event}", "Records that match no known context or call"),
    SNAPSHOT(
            "aioscope.snapshots",
            Type.COUNTER,
            "{snapshot}",
            "Snapshots that the flight recorder kept after a stuck teardown or a refusal"),
    SCAN_AGE("aioscope.scan.age", Type.GAUGE, "s", "Time since the latest scan of the tasks of the host started"),
    SCAN_SKIPPED(
            "aioscope.scan.skipped",
            Type.UP_DOWN_COUNTER,
            "{process}",
            "Processes whose contexts the latest scan misses, by reason",
            Label.REASON),
    UNIDENTIFIED(
            "aioscope.process.unidentified",
            Type.COUNTER,
            "{process}",
            "Processes known only by their thread name: they exited too early, or too many started at once"),
    HELPER_FAILURE(
            "aioscope.helper.failures",
            Type.COUNTER,
            "{failure}",
            "How often the helper process that identifies processes did not start or did not answer"),
    SPAN("aioscope.spans", Type.COUNTER, "{span}", "Ended spans, by outcome", Label.OUTCOME, Label.FINDING),
    SPAN_QUEUED("aioscope.span.queued", Type.UP_DOWN_COUNTER, "{span}", "Spans queued for export or in flight"),
    LOG_RECORD(
            "aioscope.log_records",
            Type.COUNTER,
            "{record}",
            "Log records of stuck teardowns, lasting refusals and violations, by outcome",
            Label.OUTCOME),
    LOG_RECORD_QUEUED(
            "aioscope.log_record.queued",
            Type.UP_DOWN_COUNTER,
            "{record}",
            "Log records queued for export or in flight"),
    PUSH("aioscope.pushes", Type.COUNTER, "{push}", "Metric pushes, by outcome", Label.OUTCOME),
    WORKER_FAILURES(
            "aioscope.worker.failures",
            Type.COUNTER,
            "{failure}",
            "Failures of parts of the agent, which continue after them",
            Label.WORKER),
    BUILD_INFO(
            "aioscope.build.info",
            Type.GAUGE,
            "{build}",
            "Always 1; the labels describe the agent",
            Label.VERSION,
            Label.JAVA_VERSION),
    HOST_INFO(
            "aioscope.host.info",
            Type.GAUGE,
            "{host}",
            "Always 1; the labels describe the host, as its resource attributes do",
            Label.HOST_NAME,
            Label.HOST_ARCH,
            Label.NODE,
            Label.KERNEL),
    START_TIME("process.start.time", Type.GAUGE, "s", "Start of the agent, as time since 1970-01-01 00:00:00 UTC"),
    CPU_TIME("process.cpu.time", Type.COUNTER, "s", "CPU time of the agent", Label.CPU_MODE),
    MEMORY_USAGE("process.memory.usage", Type.UP_DOWN_COUNTER, "By", "Resident memory of the agent");

    /** The kind of a metric. */
    public enum Type {
        /** A number that rises and falls, and whose sum over series has no meaning. */
        GAUGE("gauge", "gauge"),
        /** A number that rises and falls, and can be added up over series. */
        UP_DOWN_COUNTER("up-down counter", "gauge"),
        /** A number that only rises. */
        COUNTER("counter", "counter"),
        /** Counts of values by bucket, and their sum. */
        HISTOGRAM("histogram", "histogram");

        private final String label;
        private final String prometheusName;

        Type(String label, String prometheusName) {
            this.label = label;
            this.prometheusName = prometheusName;
        }

        /** The name in OpenTelemetry. */
        String label() {
            return label;
        }

        /** The name in Prometheus. */
        String prometheusName() {
            return prometheusName;
        }
    }

    /** A dimension of a metric. */
    public enum Label {
        EXECUTABLE(
                "process.executable.name",
                "File name of the executable; `[comm]` if only the thread name is known; `other` for all holders without"
                        + " their own series"),
        CONTAINER("container.id", "ID of the container; absent if there is none"),
        RUNTIME(
                "container.runtime.name",
                "Runtime of the container, as `container_runtime` in JSON; absent if there is none"),
        UNIT("systemd.unit.name", "Name of the systemd unit; absent in a container, and if there is none"),
        NAMESPACE("k8s.namespace.name", "Namespace of the Kubernetes pod; absent if unknown"),
        POD(
                "k8s.pod.name",
                "Name of the Kubernetes pod, or its host name if /var/log/containers is unreadable; absent if unknown"),
        POD_UID("k8s.pod.uid", "UID of the Kubernetes pod; absent for a static pod, which has another one in the API"),
        POD_CONTAINER("k8s.container.name", "Name of the container in the pod; absent if unknown"),
        PID("process.pid", "Process ID; only with `--metrics-pid`"),
        TRIGGER(
                "aio.trigger",
                "`destroy`, `exit` or `rollback` (a late failure of `io_setup`; nothing waits for it, so it has no phases)"),
        END("aio.teardown.end", "`complete`, `incomplete`, `unknown` or `vanished`, as in traces"),
        ERROR("error.type", "Name of the error, such as `EAGAIN`; absent on success"),
        CAUSE("aio.destroy.error.cause", "What was wrong with the handle, as in traces; absent if unknown"),
        WAITS_FOR(
                "aio.waits_for",
                "`requests`; `siblings` (threads inside an AIO call on the context); `grace` (an RCU grace period);"
                        + " `mmap_lock`; `cancelled_polls`; `wake` (no request is outstanding); `deferred_free` (no thread waits,"
                        + " but the memory is not freed); absent if unknown"),
        CLAUSE("aio.spec.clause", "ID of the clause, such as `N3`"),
        VERDICT("aio.spec.verdict", "`held`; `deviated`: the kernel showed a known deviation or a finding; `violated`"),
        TIER("aioscope.tier", "`full`, `syscall`, `sample` or `proc`"),
        ENGINE("aioscope.engine", "`core` or `bcc`; `none` in the tier proc"),
        PROBE("aioscope.probe", "Attach point, such as `kill_ioctx return`"),
        MODE(
                "aioscope.probe.mode",
                "`fentry`, `fexit`, `kprobe`, `kretprobe`, `tracepoint` or `iter`; `none` if not attached"),
        REASON("aioscope.reason", "Reason for a lost event or a skipped process; see [Reasons](#reasons)"),
        OUTCOME(
                "aioscope.outcome",
                "`exported`: the back end accepted it; `failed`: it did not; `dropped` (not pushes): the queue was full"),
        FINDING(
                "aioscope.finding",
                "Whether dropped spans belong to traces with a finding: `true` or `false`; absent for other outcomes"),
        WORKER("aioscope.worker", "Part of the agent; see [Workers](#workers)"),
        VERSION("version", "Version of aioscope"),
        JAVA_VERSION("java.version", "Version of the Java runtime"),
        HOST_NAME("host.name", "Name of the host"),
        HOST_ARCH("host.arch", "Architecture of the host, such as `amd64`"),
        NODE("k8s.node.name", "Name of the Kubernetes node; absent if unknown"),
        KERNEL("os.build_id", "Release of the kernel, such as `6.1.0-28-amd64`"),
        CPU_MODE("cpu.mode", "`user` or `system`");

        private final String attribute;
        private final String description;

        Label(String attribute, String description) {
            this.attribute = attribute;
            this.description = description;
        }

        /** The name in OpenTelemetry and Micrometer. */
        public String attribute() {
            return attribute;
        }

        /** The name in Prometheus. */
        public String prometheusName() {
            return attribute.replace('.', '_');
        }

        /** The values and their meaning. */
        String description() {
            return description;
        }
    }

    private static final Map<String, Metric> BY_NAME =
            Arrays.stream(values()).collect(Collectors.toMap(Metric::otelName, Function.identity()));

    private final String otelName;
    private final Type type;
    private final String unit;
    private final String description;

    @SuppressWarnings("ImmutableEnumChecker") // List.of
    private final List<Label> labels;

    Metric(String otelName, Type type, String unit, String description, Label... labels) {
        this.otelName = otelName;
        this.type = type;
        this.unit = unit;
        this.description = description;
        this.labels = List.of(labels);
    }

    /**
     * The metric with this name in OpenTelemetry.
     *
     * @throws IllegalArgumentException if there is none
     */
    static Metric named(String otelName) {
        Metric metric = BY_NAME.get(otelName);
        if (metric == null) {
            throw new IllegalArgumentException("unknown metric: " + otelName);
        }
        return metric;
    }

    /** The name in OpenTelemetry and Micrometer. */
    public String otelName() {
        return otelName;
    }

    /** The kind of numbers. */
    public Type type() {
        return type;
    }

    /** The unit in UCUM notation, as OpenTelemetry uses it. */
    String unit() {
        return unit;
    }

    /** What the value means. */
    public String description() {
        return description;
    }

    /** The dimensions of its series. */
    public List<Label> labels() {
        return labels;
    }

    /** The bucket bounds, for a histogram. */
    Buckets.Bounds bounds() {
        return switch (this) {
            case OUTSTANDING -> Buckets.Bounds.REQUESTS;
            case SETUP_DURATION, LOOKUP_DURATION, KILL_DURATION, UNMAP_DURATION, CANCEL_DURATION, WAKE_DURATION ->
                Buckets.Bounds.SHORT_SECONDS;
            default -> Buckets.Bounds.SECONDS;
        };
    }

    /** The name in Prometheus; for a histogram without {@code _bucket}, {@code _sum} and {@code _count}. */
    public String prometheusName() {
        return baseName() + (type == Type.COUNTER ? "_total" : "");
    }

    /** The name in Prometheus without {@code _total}, as the Prometheus library expects it. */
    String baseName() {
        return otelName.replace('.', '_') + unitSuffix();
    }

    private String unitSuffix() {
        return switch (unit) {
            case "s" -> "_seconds";
            case "By" -> "_bytes";
            case "1" -> "_ratio";
            default -> "";
        };
    }
}
