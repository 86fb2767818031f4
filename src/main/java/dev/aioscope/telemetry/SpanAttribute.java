package dev.aioscope.telemetry;

import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.common.AttributesBuilder;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Every attribute a span can have, with what {@code dashboards/traces.md} says about it. An attribute whose value was
 * not seen is absent, never zero.
 *
 * @param <T> the type of its values
 */
final class SpanAttribute<T> {
    private static final List<SpanAttribute<?>> ALL = new ArrayList<>();

    private static final String TEARDOWN = "teardown, if seen";
    private static final String CALLER = "caller looked at";
    private static final String OWNER = "owner looked at, if it is not process.pid";

    static final SpanAttribute<Long> PID = number(
            "process.pid", "caller seen", "process of the thread that made the call or gave up the address space");
    static final SpanAttribute<Long> TID = number("thread.id", "caller seen", "that thread");
    static final SpanAttribute<String> THREAD_NAME =
            text("thread.name", "caller seen", "its name (comm) at that moment");
    static final SpanAttribute<String> EXECUTABLE_NAME =
            text("process.executable.name", CALLER, "the last part of process.executable.path");
    static final SpanAttribute<String> EXECUTABLE_PATH =
            text("process.executable.path", CALLER, "the program of process.pid");
    static final SpanAttribute<List<String>> COMMAND_ARGS = texts(
            "process.command_args", CALLER + "; not with `--hide-arguments`", "its command line, with the program");
    static final SpanAttribute<String> USER = text("process.owner", CALLER, "the user that it runs as");
    static final SpanAttribute<String> CREATION_TIME =
            text("process.creation.time", "caller seen", "when it began, ISO 8601 in UTC");
    static final SpanAttribute<String> CGROUP = text("process.linux.cgroup", CALLER, "path of its cgroup");
    static final SpanAttribute<String> CONTAINER_ID =
            text("container.id", CALLER + " in a container", "the runtime's id of the container it runs in");
    static final SpanAttribute<String> CONTAINER_RUNTIME = text(
            "container.runtime.name",
            CALLER + " in a container",
            "docker, containerd, cri-o, podman, lxc, machine or kubernetes");
    static final SpanAttribute<String> POD_UID =
            text("k8s.pod.uid", CALLER + " in a pod", "the Kubernetes pod it runs in");

    static final SpanAttribute<String> CONTEXT_ID = text(
            "aio.context.id",
            "teardown, `deferred_free`, `not_woken`",
            "handle and generation: unique in one run of the agent, the same in JSON");
    static final SpanAttribute<String> HANDLE = text(
            "aio.context.handle",
            "always, but for a failed io_setup",
            "the aio_context_t of the program, in hexadecimal");
    static final SpanAttribute<Long> MAX_EVENTS =
            number("aio.context.max_events", TEARDOWN, "what io_setup was asked for: the charge to fs.aio-nr");
    static final SpanAttribute<Long> RING_EVENTS =
            number("aio.context.ring_events", TEARDOWN, "slots in the completion ring");
    static final SpanAttribute<Long> OWNER_PID =
            number("aio.context.owner.pid", "teardown, if it is not process.pid", "process that set the context up");
    static final SpanAttribute<String> OWNER_EXECUTABLE_PATH =
            text("aio.context.owner.executable.path", OWNER, "its program");
    static final SpanAttribute<String> OWNER_CGROUP = text("aio.context.owner.cgroup", OWNER, "path of its cgroup");
    static final SpanAttribute<String> OWNER_CONTAINER_ID =
            text("aio.context.owner.container.id", OWNER + ", in a container", "the container it runs in");

    static final SpanAttribute<String> TRIGGER =
            text("aio.trigger", TEARDOWN, "why the context ended: destroy, exit or rollback");
    static final SpanAttribute<String> END = text(
            "aio.teardown.end",
            "teardown",
            "how the agent learnt that it was over: complete, incomplete, unknown or vanished");
    static final SpanAttribute<Long> OUTSTANDING =
            number("aio.outstanding", TEARDOWN, "requests submitted and not completed at entry of kill_ioctx");
    static final SpanAttribute<Long> UNREAPED =
            number("aio.unreaped", TEARDOWN, "requests completed that the program had not read");
    static final SpanAttribute<Long> SIBLINGS =
            number("aio.siblings", TEARDOWN, "other threads inside an AIO call on the context");
    static final SpanAttribute<Long> CANCELLED =
            number("aio.cancelled", TEARDOWN, "requests that the teardown cancelled");
    static final SpanAttribute<Long> STRAGGLERS = number(
            "aio.stragglers",
            "teardown, if any were seen",
            "requests that completed while it was stuck; the first " + TeardownSpans.MOST_STRAGGLERS
                    + " have an event `aio.straggler` each");
    static final SpanAttribute<Double> DRAIN_GRACE =
            decimal("aio.drain.grace", TEARDOWN, "seconds of the drain that waited for RCU grace periods only");
    static final SpanAttribute<Double> DRAIN_IO =
            decimal("aio.drain.io", TEARDOWN, "seconds of the drain that waited for requests");
    static final SpanAttribute<Double> DRAIN_SIBLINGS =
            decimal("aio.drain.siblings", TEARDOWN, "seconds of the drain that waited for threads inside AIO calls");
    static final SpanAttribute<Long> NR_BEFORE = number("aio.nr.before", TEARDOWN, "fs.aio-nr at entry of kill_ioctx");
    static final SpanAttribute<Long> NR_AFTER = number("aio.nr.after", TEARDOWN, "fs.aio-nr at return of kill_ioctx");
    static final SpanAttribute<Long> UNMAP_RESULT =
            number("aio.unmap.result", TEARDOWN, "what vm_munmap returned: 0 or a negative error");
    static final SpanAttribute<Boolean> SIGKILL_PENDING =
            flag("aio.caller.sigkill_pending", TEARDOWN, "whether a SIGKILL waited for the caller");
    static final SpanAttribute<Long> VOLUNTARY_SWITCHES =
            number("aio.caller.voluntary_switches", TEARDOWN, "voluntary context switches of the caller in the call");

    static final SpanAttribute<String> SETUP_STACK = text(
            "aio.context.setup_stack",
            "teardown, with `--stacks`",
            "where the program called io_setup: a frame per line, the innermost first");
    static final SpanAttribute<String> CALL_STACK = text(
            "code.stacktrace",
            "call, with `--stacks`",
            "where the program called io_destroy, or the io_setup that failed");

    static final SpanAttribute<String> ERROR_TYPE =
            text("error.type", "the call failed; the status is ERROR too", "name of the error, such as EAGAIN");
    static final SpanAttribute<String> ERROR_CAUSE = text(
            "aio.destroy.error.cause",
            "failed io_destroy, if it can be told",
            "what was wrong with the handle: zero, already_destroyed, lost_race, ring_unmapped, ring_corrupted,"
                    + " ring_moved, other_process or never_valid");
    static final SpanAttribute<String> ERROR_EXPLANATION =
            text("aio.destroy.error.explanation", "failed io_destroy, if it can be told", "the same as a sentence");
    static final SpanAttribute<Boolean> ERROR_IO_IN_FLIGHT = flag(
            "aio.destroy.error.io_in_flight",
            "failed io_destroy, if it can be told",
            "whether the call that destroyed the context still waited for requests");
    static final SpanAttribute<Long> REQUESTED =
            number("aio.requested", "failed io_setup", "how many events it asked for");
    static final SpanAttribute<Long> USAGE =
            number("aio.event.usage", "failed call, if seen", "fs.aio-nr at that moment");
    static final SpanAttribute<Long> LIMIT =
            number("aio.event.limit", "failed call, if seen", "fs.aio-max-nr at that moment");
    static final SpanAttribute<Long> NEEDED =
            number("aio.event.limit.needed", "refused io_setup", "the smallest fs.aio-max-nr that would have sufficed");
    static final SpanAttribute<List<String>> HOLDERS = texts(
            "aio.event.holders",
            "refused io_setup",
            "who held most of the quota, five processes at most: name, pid, container, charge");

    static final SpanAttribute<String> REFUSAL_OUTCOME = text(
            "aio.refusal.outcome",
            "`refusal`",
            "transient; lasting (after ten seconds); over (after it was lasting); or unknown");
    static final SpanAttribute<Long> REFUSAL_RETRIES =
            number("aio.refusal.retries", "`refusal`", "how often the same process was refused the same again");
    static final SpanAttribute<Boolean> REFUSAL_SUCCEEDED = flag(
            "aio.refusal.succeeded", "`refusal`", "whether an io_setup of the process for as much succeeded since");
    static final SpanAttribute<String> REFUSAL_CAUSE = text(
            "aio.refusal.cause",
            "`refusal`, if seen",
            "what made the quota suffice: teardown, or limit (it was raised)");
    static final SpanAttribute<String> RELEASER = text(
            "aio.refusal.releaser", "`refusal`, cause teardown", "who gave back most: name, pid, container, charge");

    static final SpanAttribute<String> CLAUSE =
            text("aio.spec.clause", "event `aio.spec.violation`", "the clause of the specification that was broken");
    static final SpanAttribute<String> EVIDENCE =
            text("aio.spec.evidence", "event `aio.spec.violation`", "what was seen, in words and numbers");

    private static final String STUCK = "event `aio.teardown.stuck`, if seen";

    static final SpanAttribute<String> WAITS_FOR = text(
            "aio.waits_for",
            STUCK,
            "what it waited for: requests, siblings, grace, mmap_lock, cancelled_polls, wake or deferred_free");
    static final SpanAttribute<Long> REQUESTS_LEFT =
            number("aio.requests_left", STUCK, "requests not completed at that moment");
    static final SpanAttribute<Long> SIBLINGS_LEFT =
            number("aio.siblings_left", STUCK, "threads inside an AIO call on the context at that moment");
    static final SpanAttribute<List<String>> KERNEL_STACK =
            texts("aio.kernel_stack", STUCK, "functions of the kernel in which it waited, the innermost first");

    private static final String STRAGGLER = "event `aio.straggler`";

    static final SpanAttribute<String> OPERATION = text(
            "aio.request.operation",
            STRAGGLER + ", if the kernel shows its symbols",
            "what the request was to do: read, write, fsync, fdsync or poll");
    static final SpanAttribute<String> PATH = text(
            "aio.request.path",
            STRAGGLER + ", but for a pipe or a socket",
            "of its file within its file system, eight names at most");
    static final SpanAttribute<Long> INODE = number("aio.request.inode", STRAGGLER, "of its file");
    static final SpanAttribute<String> MAGIC = text(
            "aio.request.magic", STRAGGLER, "the number of its kind of file system, in hexadecimal: 0xef53 is ext4");
    static final SpanAttribute<String> DEVICE =
            text("aio.request.device", STRAGGLER, "major:minor of the block device that the file is or that it is on");
    static final SpanAttribute<String> DEVICE_NAME =
            text("aio.request.device_name", STRAGGLER + ", if it is a block device of this host", "its name");
    static final SpanAttribute<Long> OFFSET =
            number("aio.request.offset", STRAGGLER + " of a read or write", "where in the file it began");
    static final SpanAttribute<Long> RESULT = number("aio.request.result", STRAGGLER, "bytes, or a negative error");
    static final SpanAttribute<String> REQUEST_ERROR =
            text("aio.request.error", STRAGGLER + ", if the request failed", "name of the error, such as EIO");
    static final SpanAttribute<Double> AGE =
            decimal("aio.request.age", STRAGGLER, "seconds that the teardown had lasted when it completed");

    private final AttributeKey<T> key;
    private final String present;
    private final String meaning;

    private SpanAttribute(AttributeKey<T> key, String present, String meaning) {
        this.key = key;
        this.present = present;
        this.meaning = meaning;
    }

    /** All of them, in the order of the documentation. */
    static List<SpanAttribute<?>> all() {
        return List.copyOf(ALL);
    }

    /** Its name and type. */
    AttributeKey<T> key() {
        return key;
    }

    /** Its type, in a word. */
    String type() {
        return key.getType().name().toLowerCase(Locale.ROOT);
    }

    /** Which spans have it, and when. */
    String present() {
        return present;
    }

    /** What its value says. */
    String meaning() {
        return meaning;
    }

    /** Sets it, unless the value was not seen. */
    void set(AttributesBuilder attributes, @Nullable T value) {
        if (value != null) {
            attributes.put(key, value);
        }
    }

    private static SpanAttribute<Long> number(String name, String present, String meaning) {
        return listed(new SpanAttribute<>(AttributeKey.longKey(name), present, meaning));
    }

    private static SpanAttribute<Double> decimal(String name, String present, String meaning) {
        return listed(new SpanAttribute<>(AttributeKey.doubleKey(name), present, meaning));
    }

    private static SpanAttribute<String> text(String name, String present, String meaning) {
        return listed(new SpanAttribute<>(AttributeKey.stringKey(name), present, meaning));
    }

    private static SpanAttribute<List<String>> texts(String name, String present, String meaning) {
        return listed(new SpanAttribute<>(AttributeKey.stringArrayKey(name), present, meaning));
    }

    private static SpanAttribute<Boolean> flag(String name, String present, String meaning) {
        return listed(new SpanAttribute<>(AttributeKey.booleanKey(name), present, meaning));
    }

    private static <T> SpanAttribute<T> listed(SpanAttribute<T> attribute) {
        ALL.add(attribute);
        return attribute;
    }
}
