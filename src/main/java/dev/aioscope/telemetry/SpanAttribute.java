package dev.aioscope.telemetry;

import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.common.AttributesBuilder;
import io.opentelemetry.semconv.CodeAttributes;
import io.opentelemetry.semconv.ContainerAttributes;
import io.opentelemetry.semconv.ErrorAttributes;
import io.opentelemetry.semconv.K8sAttributes;
import io.opentelemetry.semconv.incubating.ContainerIncubatingAttributes;
import io.opentelemetry.semconv.incubating.ProcessIncubatingAttributes;
import io.opentelemetry.semconv.incubating.ThreadIncubatingAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * The attributes of spans and log records. {@code dashboards/traces.md} and {@code dashboards/logs.md} list the same. An attribute without an observed
 * value is absent.
 *
 * @param <T> the type of its values
 */
final class SpanAttribute<T> {
    private static final List<SpanAttribute<?>> ALL = new ArrayList<>();

    private static final String EVENT = "event `";
    private static final String TEARDOWN = "teardown, if observed";
    private static final String CALLER = "caller identified";
    private static final String OWNER = "owner identified, if it is not process.pid";
    private static final String OWNER_IN_POD = OWNER + ", in a pod, if known";

    static final SpanAttribute<Long> PRIORITY = number(
            "sampling.priority", "each span of a trace with a finding", "Always 1: asks samplers to keep the span");

    static final SpanAttribute<Long> PID = conventional(
            ProcessIncubatingAttributes.PROCESS_PID,
            "caller observed",
            "Process of the thread that made the call or released the address space");
    static final SpanAttribute<Long> VPID = conventional(
            ProcessIncubatingAttributes.PROCESS_VPID,
            CALLER + ", if it has its own PID namespace",
            "Its process ID in that namespace");
    static final SpanAttribute<Long> TID = number("aio.caller.tid", "caller observed", "That thread");
    static final SpanAttribute<String> THREAD_NAME =
            conventional(ThreadIncubatingAttributes.THREAD_NAME, "caller observed", "Its name (comm) at that moment");
    static final SpanAttribute<String> EXECUTABLE_NAME = conventional(
            ProcessIncubatingAttributes.PROCESS_EXECUTABLE_NAME, CALLER, "File name of process.executable.path");
    static final SpanAttribute<String> EXECUTABLE_PATH =
            conventional(ProcessIncubatingAttributes.PROCESS_EXECUTABLE_PATH, CALLER, "Executable of process.pid");
    static final SpanAttribute<List<String>> COMMAND_ARGS = conventional(
            ProcessIncubatingAttributes.PROCESS_COMMAND_ARGS,
            CALLER + ", with `--export-arguments`",
            "Its command line, including the executable");
    static final SpanAttribute<String> USER =
            conventional(ProcessIncubatingAttributes.PROCESS_OWNER, CALLER, "User that it runs as");
    static final SpanAttribute<String> CREATION_TIME = conventional(
            ProcessIncubatingAttributes.PROCESS_CREATION_TIME, "caller observed", "Start time, ISO 8601 in UTC");
    static final SpanAttribute<String> CGROUP = conventional(
            ProcessIncubatingAttributes.PROCESS_LINUX_CGROUP, CALLER, "Its cgroup, as a line of /proc/PID/cgroup");
    static final SpanAttribute<String> CONTAINER_ID = conventional(
            ContainerAttributes.CONTAINER_ID,
            CALLER + " in a container",
            "ID of its container in the container runtime");
    static final SpanAttribute<String> CONTAINER_RUNTIME = conventional(
            ContainerIncubatingAttributes.CONTAINER_RUNTIME_NAME,
            CALLER + " in a container",
            "docker, containerd, cri-o, podman, lxc, machine, kubernetes or another one; the same as container_runtime in JSON");
    static final SpanAttribute<String> CONTAINER_NAME = conventional(
            ContainerIncubatingAttributes.CONTAINER_NAME,
            CALLER + " in a container that has its name as ID",
            "Name of its container: of lxc, or of machine");
    static final SpanAttribute<String> NAMESPACE = conventional(
            K8sAttributes.K8S_NAMESPACE_NAME,
            CALLER + " in a pod, if /var/log/containers is readable",
            "Namespace of its Kubernetes pod");
    static final SpanAttribute<String> POD_NAME = conventional(
            K8sAttributes.K8S_POD_NAME,
            CALLER + " in a pod, if /var/log/containers is readable or the kernel shows it",
            "Name of the pod, or its host name if /var/log/containers is unreadable");
    static final SpanAttribute<String> POD_UID =
            conventional(K8sAttributes.K8S_POD_UID, CALLER + " in a pod that is not static", "UID of the pod");
    static final SpanAttribute<String> POD_CONTAINER = conventional(
            K8sAttributes.K8S_CONTAINER_NAME, CALLER + " in a pod, if known", "Name of its container in the pod");

    static final SpanAttribute<String> CONTEXT_ID = text(
            "aio.context.id", "teardown", "Handle and generation: unique in one run of the agent, the same in JSON");
    static final SpanAttribute<String> HANDLE = text(
            "aio.context.handle",
            "always, except on a failed io_setup",
            "The aio_context_t of the program, in hexadecimal");
    static final SpanAttribute<Long> MAX_EVENTS =
            number("aio.context.max_events", TEARDOWN, "Argument of io_setup: the charge to fs.aio-nr");
    static final SpanAttribute<Long> RING_EVENTS =
            number("aio.context.ring_events", TEARDOWN, "Slots in the completion ring");
    static final SpanAttribute<Long> OWNER_PID =
            number("aio.context.owner.pid", "teardown, if it is not process.pid", "Process that set up the context");
    static final SpanAttribute<String> OWNER_EXECUTABLE_PATH =
            text("aio.context.owner.executable.path", OWNER, "Its executable");
    static final SpanAttribute<String> OWNER_CGROUP =
            text("aio.context.owner.cgroup", OWNER, "The same as process.linux.cgroup of that process");
    static final SpanAttribute<String> OWNER_CONTAINER_ID =
            text("aio.context.owner.container.id", OWNER + ", in a container", "ID of its container");
    static final SpanAttribute<String> OWNER_NAMESPACE = text(
            "aio.context.owner.k8s.namespace.name", OWNER_IN_POD, "The same as k8s.namespace.name of that process");
    static final SpanAttribute<String> OWNER_POD_NAME =
            text("aio.context.owner.k8s.pod.name", OWNER_IN_POD, "The same as k8s.pod.name of that process");
    static final SpanAttribute<String> OWNER_POD_UID =
            text("aio.context.owner.k8s.pod.uid", OWNER_IN_POD, "The same as k8s.pod.uid of that process");
    static final SpanAttribute<String> OWNER_POD_CONTAINER = text(
            "aio.context.owner.k8s.container.name", OWNER_IN_POD, "The same as k8s.container.name of that process");

    static final SpanAttribute<String> TRIGGER =
            text("aio.trigger", TEARDOWN, "Why the context ended: destroy, exit or rollback");
    static final SpanAttribute<String> END = text(
            "aio.teardown.end",
            "teardown",
            "How completely the end was observed: complete, incomplete, unknown or vanished");
    static final SpanAttribute<Long> OUTSTANDING =
            number("aio.outstanding", TEARDOWN, "Requests submitted and not completed at entry of kill_ioctx");
    static final SpanAttribute<Long> UNREAPED =
            number("aio.unreaped", TEARDOWN, "Requests completed that the program had not reaped");
    static final SpanAttribute<Long> SIBLINGS =
            number("aio.siblings", TEARDOWN, "Other threads inside an AIO call on the context");
    static final SpanAttribute<Long> CANCELLED =
            number("aio.cancelled", TEARDOWN, "Requests that the teardown cancelled");
    static final SpanAttribute<Long> STRAGGLERS = number(
            "aio.stragglers",
            "teardown and event `aio.teardown.over`, if any were observed",
            "Late completions: requests that completed while it was stuck");
    static final SpanAttribute<Double> DRAIN_GRACE =
            decimal("aio.drain.grace", TEARDOWN, "Seconds of the drain that waited only for RCU grace periods");
    static final SpanAttribute<Double> DRAIN_IO =
            decimal("aio.drain.io", TEARDOWN, "Seconds of the drain that waited for requests");
    static final SpanAttribute<Double> DRAIN_SIBLINGS =
            decimal("aio.drain.siblings", TEARDOWN, "Seconds of the drain that waited for threads inside AIO calls");
    static final SpanAttribute<Long> NR_BEFORE = number("aio.nr.before", TEARDOWN, "fs.aio-nr at entry of kill_ioctx");
    static final SpanAttribute<Long> NR_AFTER = number("aio.nr.after", TEARDOWN, "fs.aio-nr at return of kill_ioctx");
    static final SpanAttribute<Long> UNMAP_RESULT =
            number("aio.unmap.result", TEARDOWN, "Return value of vm_munmap: 0 or a negative error");
    static final SpanAttribute<Boolean> SIGKILL_PENDING =
            flag("aio.caller.sigkill_pending", TEARDOWN, "Whether a SIGKILL was pending for the caller");
    static final SpanAttribute<Long> VOLUNTARY_SWITCHES = number(
            "aio.caller.voluntary_switches", TEARDOWN, "Voluntary context switches of the caller during the call");

    static final SpanAttribute<String> SETUP_STACK = text(
            "aio.context.setup_stack",
            "teardown, with `--stacks`",
            "Stack of the io_setup call, one frame per line, innermost first");
    static final SpanAttribute<String> CALL_STACK = conventional(
            CodeAttributes.CODE_STACKTRACE,
            "call, with `--stacks`",
            "Stack of the io_destroy call, or of the failed io_setup");

    static final SpanAttribute<String> ERROR_TYPE = conventional(
            ErrorAttributes.ERROR_TYPE,
            "the call failed; the status is also ERROR, with a sentence as its description",
            "Name of the error, such as EAGAIN");
    static final SpanAttribute<String> ERROR_CAUSE = text(
            "aio.destroy.error.cause",
            "failed io_destroy, if known",
            "What was wrong with the handle: zero, already_destroyed, lost_race, ring_unmapped, ring_corrupted,"
                    + " ring_moved, other_process or never_valid; or filter: a seccomp filter refused the call");
    static final SpanAttribute<String> ERROR_EXPLANATION =
            text("aio.destroy.error.explanation", "failed io_destroy, if known", "The same as a sentence");
    static final SpanAttribute<Boolean> ERROR_IO_IN_FLIGHT = flag(
            "aio.destroy.error.io_in_flight",
            "failed io_destroy, if known",
            "Whether the call that destroyed the context still waited for requests");
    static final SpanAttribute<Long> REQUESTED = number("aio.requested", "failed io_setup", "Events requested");
    static final SpanAttribute<Long> USAGE =
            number("aio.event.usage", "failed call, if observed", "fs.aio-nr at that moment");
    static final SpanAttribute<Long> LIMIT =
            number("aio.event.limit", "failed call, if observed and below 2^63", "fs.aio-max-nr at that moment");
    static final SpanAttribute<Long> NEEDED =
            number("aio.event.limit.needed", "refused io_setup", "Smallest fs.aio-max-nr that would have sufficed");
    static final SpanAttribute<List<String>> HOLDERS = texts(
            "aio.event.holders",
            "refused io_setup",
            "Largest holders of the quota, at most five: name, pid, container, charge");

    static final SpanAttribute<String> REFUSAL_OUTCOME = text(
            "aio.refusal.outcome",
            "`refusal`",
            "transient; lasting (after ten seconds); over or abandoned (after it was lasting); or unknown");
    static final SpanAttribute<Long> REFUSAL_RETRIES =
            number("aio.refusal.retries", "`refusal`", "Further refusals of the same request by the same process");
    static final SpanAttribute<Boolean> REFUSAL_SUCCEEDED = flag(
            "aio.refusal.succeeded",
            "`refusal`",
            "Whether a later io_setup of the process for as many events succeeded");
    static final SpanAttribute<String> REFUSAL_CAUSE = text(
            "aio.refusal.cause",
            "`refusal`, if observed",
            "Why the quota sufficed again: teardown, or limit (it was raised)");
    static final SpanAttribute<String> RELEASER = text(
            "aio.refusal.releaser",
            "`refusal`, cause teardown",
            "Process that released most: name, pid, container, charge");

    static final SpanAttribute<List<String>> CLAUSES = texts(
            "aio.spec.clauses",
            "teardown, if it violated any",
            "Clauses of the specification that the kernel violated");
    static final SpanAttribute<Double> HELD = decimal(
            "aio.teardown.held", "event `aio.teardown.over`, if observed", "Seconds for which it held its caller");
    static final SpanAttribute<String> CLAUSE = text(
            "aio.spec.clause", "event `aio.spec.violation`", "Clause of the specification that the kernel violated");
    static final SpanAttribute<String> EVIDENCE =
            text("aio.spec.evidence", "event `aio.spec.violation`", "Observed values");

    private static final String STUCK =
            "teardown that was stuck; event `aio.teardown.stuck` and `aio.teardown.over`, if observed";

    static final SpanAttribute<String> WAITS_FOR = text(
            "aio.waits_for",
            STUCK,
            "What it waited for when it was found stuck: requests, siblings, grace, mmap_lock, cancelled_polls, wake or"
                    + " deferred_free");
    static final SpanAttribute<Long> OUTSTANDING_NOW =
            number("aio.outstanding_now", STUCK, "Requests outstanding when it was found stuck");
    static final SpanAttribute<Long> SIBLINGS_NOW =
            number("aio.siblings_now", STUCK, "Threads inside an AIO call on the context when it was found stuck");
    static final SpanAttribute<List<String>> KERNEL_STACK =
            texts("aio.kernel_stack", STUCK, "Kernel functions in which it waited then, innermost first");

    private static final String STRAGGLER =
            "teardown with a late completion (the latest); event `aio.straggler`, and `aio.teardown.over` (the latest)";

    static final SpanAttribute<String> OPERATION = text(
            "aio.request.operation",
            STRAGGLER + ", if kernel symbols are readable",
            "read, write, fsync, fdsync or poll");
    static final SpanAttribute<String> PATH = text(
            "aio.request.path",
            STRAGGLER + ", except for a pipe or a socket",
            "Path of the file within its file system, at most eight names");
    static final SpanAttribute<Long> INODE = number("aio.request.inode", STRAGGLER, "Inode of the file");
    static final SpanAttribute<String> MAGIC =
            text("aio.request.magic", STRAGGLER, "File system type as a magic number in hexadecimal: 0xef53 is ext4");
    static final SpanAttribute<String> DEVICE =
            text("aio.request.device", STRAGGLER, "major:minor of the block device that is the file or holds it");
    static final SpanAttribute<String> DEVICE_NAME =
            text("aio.request.device_name", STRAGGLER + ", if it is a block device of this host", "Name of the device");
    static final SpanAttribute<Long> OFFSET =
            number("aio.request.offset", STRAGGLER + " of a read or write", "Offset in the file");
    static final SpanAttribute<Long> RESULT = number("aio.request.result", STRAGGLER, "Bytes, or a negative error");
    static final SpanAttribute<String> REQUEST_ERROR =
            text("aio.request.error", STRAGGLER + ", if the request failed", "Name of the error, such as EIO");
    static final SpanAttribute<Double> AGE =
            decimal("aio.request.age", STRAGGLER, "Age of the teardown in seconds when the request completed");

    private final AttributeKey<T> key;
    private final String present;
    private final String description;

    private SpanAttribute(AttributeKey<T> key, String present, String description) {
        this.key = key;
        this.present = present;
        this.description = description;
    }

    /** All attributes, in the order of the documentation. */
    static List<SpanAttribute<?>> all() {
        return List.copyOf(ALL);
    }

    /** The name and type. */
    AttributeKey<T> key() {
        return key;
    }

    /** The name of the type. */
    String type() {
        return key.getType().name().toLowerCase(Locale.ROOT);
    }

    /** Which spans and log records have it, and under which condition. */
    String present() {
        return present;
    }

    /** Whether spans have it. */
    boolean isOfSpans() {
        return !present.startsWith(EVENT);
    }

    /** Whether only certain log records have it; those of a process or a context have the same attributes as its span. */
    boolean isOfEvents() {
        return present.contains(EVENT);
    }

    /** What the value means. */
    String description() {
        return description;
    }

    /** Sets the attribute unless the value is null. */
    void set(AttributesBuilder attributes, @Nullable T value) {
        if (value != null) {
            attributes.put(key, value);
        }
    }

    /** One that the semantic conventions define. */
    private static <T> SpanAttribute<T> conventional(AttributeKey<T> key, String present, String description) {
        return listed(new SpanAttribute<>(key, present, description));
    }

    private static SpanAttribute<Long> number(String name, String present, String description) {
        return listed(new SpanAttribute<>(AttributeKey.longKey(name), present, description));
    }

    private static SpanAttribute<Double> decimal(String name, String present, String description) {
        return listed(new SpanAttribute<>(AttributeKey.doubleKey(name), present, description));
    }

    private static SpanAttribute<String> text(String name, String present, String description) {
        return listed(new SpanAttribute<>(AttributeKey.stringKey(name), present, description));
    }

    private static SpanAttribute<List<String>> texts(String name, String present, String description) {
        return listed(new SpanAttribute<>(AttributeKey.stringArrayKey(name), present, description));
    }

    private static SpanAttribute<Boolean> flag(String name, String present, String description) {
        return listed(new SpanAttribute<>(AttributeKey.booleanKey(name), present, description));
    }

    private static <T> SpanAttribute<T> listed(SpanAttribute<T> attribute) {
        ALL.add(attribute);
        return attribute;
    }
}
