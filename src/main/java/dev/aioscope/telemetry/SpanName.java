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
    FIRST_GRACE_PERIOD("grace period 1", "`drain`", "Part before free_ioctx_users if it waited only for RCU"),
    THREADS("wait for threads", "`drain`", "Part before free_ioctx_users if it waited for threads inside AIO calls"),
    CANCEL(
            "cancel",
            "`drain`; root if it ran during `kill`",
            "free_ioctx_users: cancelling the requests that support it"),
    SECOND_GRACE_PERIOD("grace period 2", "`drain`", "Part after free_ioctx_users if it waited only for RCU"),
    REQUESTS(
            "wait for requests",
            "`drain`",
            "Part after free_ioctx_users if it waited for requests; the second grace period passes meanwhile"),
    WAKE("wake", "root", "free_ioctx_reqs to the return of io_destroy"),
    DEFERRED_FREE("deferred_free", "root", "free_ioctx_reqs to free_ioctx, after the caller has continued"),
    NOT_WOKEN(
            "not_woken",
            "root",
            "free_ioctx_reqs to the scan that found the caller of an exit_aio stuck without outstanding requests"),
    REFUSAL(
            "refusal",
            "`io_setup`",
            "A refused io_setup until the quota sufficed, or until the refusal was classified as lasting");

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

    /** The part of a drain before free_ioctx_users. */
    static SpanName ofUsersWait(Teardown.Wait wait) {
        return wait == Teardown.Wait.GRACE ? FIRST_GRACE_PERIOD : THREADS;
    }

    /** The part of a drain after free_ioctx_users. */
    static SpanName ofReqsWait(Teardown.Wait wait) {
        return wait == Teardown.Wait.GRACE ? SECOND_GRACE_PERIOD : REQUESTS;
    }
}
