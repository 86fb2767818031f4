package dev.aioscope.telemetry;

import dev.aioscope.event.Trigger;
import dev.aioscope.lifecycle.FailedCall;
import dev.aioscope.lifecycle.Teardown;
import org.jspecify.annotations.Nullable;

/** The names of spans. {@code dashboards/traces.md} lists the same. */
enum SpanName {
    IO_DESTROY("io_destroy", "none", "A call of io_destroy, whether it ended a context or failed"),
    EXIT_AIO("exit_aio", "none", "The end of a context with its address space, by exit or exec"),
    IO_SETUP("io_setup", "none", "A call of io_setup that failed, or rolled back its context"),
    TEARDOWN("teardown", "none", "The end of a context whose trigger was not observed"),
    LOOKUP("lookup", "root", "Entry of io_destroy to entry of kill_ioctx: finding the context"),
    KILL("kill", "root", "kill_ioctx"),
    UNMAP("unmap", "`kill`", "vm_munmap: taking mmap_lock and removing the ring"),
    DRAIN("drain", "root", "Return of kill_ioctx to free_ioctx_reqs: the uninterruptible wait of the caller"),
    GRACE("grace", "`drain`", "Part before or after free_ioctx_users that waited only for an RCU grace period"),
    IO("io", "`drain`", "Part before or after free_ioctx_users that waited for requests"),
    SIBLINGS("siblings", "`drain`", "Part before free_ioctx_users that waited for threads inside AIO calls"),
    CANCEL(
            "cancel",
            "`drain`; root if it ran during `kill`",
            "free_ioctx_users: cancelling the requests that support it"),
    WAKE("wake", "root", "free_ioctx_reqs to the return of io_destroy"),
    REFUSAL(
            "refusal",
            "none; own trace, linked to the io_setup",
            "A refused io_setup until the quota sufficed, or until the refusal was classified as lasting"),
    DEFERRED_FREE(
            "deferred_free",
            "none; own trace, linked to the root",
            "free_ioctx_reqs to free_ioctx, after the caller has continued"),
    NOT_WOKEN(
            "not_woken",
            "none; own trace, linked to the root if that is a trace",
            "free_ioctx_reqs to the scan that found the caller of an exit_aio stuck without outstanding requests");

    private final String label;
    private final String parent;
    private final String description;

    SpanName(String label, String parent, String description) {
        this.label = label;
        this.parent = parent;
        this.description = description;
    }

    /** The name in traces. */
    String label() {
        return label;
    }

    /** Its parent, as a description. */
    String parent() {
        return parent;
    }

    /** The interval it covers. */
    String description() {
        return description;
    }

    /** The root of a teardown. */
    static SpanName of(@Nullable Trigger trigger) {
        if (trigger == null) {
            return TEARDOWN;
        }
        return switch (trigger) {
            case DESTROY -> IO_DESTROY;
            case EXIT -> EXIT_AIO;
            case ROLLBACK -> IO_SETUP;
        };
    }

    /** The span of a failed call. */
    static SpanName of(FailedCall.SystemCall call) {
        return switch (call) {
            case IO_SETUP -> IO_SETUP;
            case IO_DESTROY -> IO_DESTROY;
        };
    }

    /** The part of a drain with this cause. */
    static SpanName of(Teardown.Wait wait) {
        return switch (wait) {
            case GRACE -> GRACE;
            case IO -> IO;
            case SIBLINGS -> SIBLINGS;
        };
    }
}
