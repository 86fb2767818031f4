package dev.aioscope.telemetry;

import dev.aioscope.event.Trigger;
import dev.aioscope.lifecycle.FailedCall;
import dev.aioscope.lifecycle.Teardown;
import org.jspecify.annotations.Nullable;

/** Every name a span can have. */
enum SpanName {
    IO_DESTROY("io_destroy", "none", "a call of io_destroy, whether it ended a context or failed"),
    EXIT_AIO("exit_aio", "none", "the end of a context with its address space, by exit or exec"),
    IO_SETUP("io_setup", "none", "a call of io_setup that failed, or took back the context it had made"),
    TEARDOWN("teardown", "none", "the end of a context where it was not seen which of the three it was"),
    LOOKUP("lookup", "root", "entry of io_destroy to entry of kill_ioctx: finding the context"),
    KILL("kill", "root", "kill_ioctx"),
    UNMAP("unmap", "`kill`", "vm_munmap: taking mmap_lock and removing the ring"),
    DRAIN("drain", "root", "return of kill_ioctx to free_ioctx_reqs: the uninterruptible wait of the caller"),
    GRACE("grace", "`drain`", "the part before or after free_ioctx_users that waited for an RCU grace period only"),
    IO("io", "`drain`", "the part before or after free_ioctx_users that waited for requests"),
    SIBLINGS("siblings", "`drain`", "the part before free_ioctx_users that waited for threads inside AIO calls"),
    CANCEL("cancel", "`drain`; root if it ran during `kill`", "free_ioctx_users: cancelling what can be cancelled"),
    WAKE("wake", "root", "free_ioctx_reqs to the return of io_destroy"),
    REFUSAL(
            "refusal",
            "none; own trace, linked to the io_setup",
            "from an io_setup that was refused until the quota sufficed, or until it was found to be lasting"),
    DEFERRED_FREE(
            "deferred_free",
            "none; own trace, linked to the root",
            "free_ioctx_reqs to free_ioctx, when the caller has gone on"),
    NOT_WOKEN(
            "not_woken",
            "none; own trace, linked to the root if that is a trace",
            "free_ioctx_reqs to the look that found the caller of an exit_aio stuck, though no request is left");

    private final String label;
    private final String parent;
    private final String meaning;

    SpanName(String label, String parent, String meaning) {
        this.label = label;
        this.parent = parent;
        this.meaning = meaning;
    }

    /** The name in the span. */
    String label() {
        return label;
    }

    /** The span above it, in words. */
    String parent() {
        return parent;
    }

    /** What time it covers. */
    String meaning() {
        return meaning;
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

    /** The span of a call that failed. */
    static SpanName of(FailedCall.SystemCall call) {
        return switch (call) {
            case IO_SETUP -> IO_SETUP;
            case IO_DESTROY -> IO_DESTROY;
        };
    }

    /** The part of a drain that waited for this. */
    static SpanName of(Teardown.Wait wait) {
        return switch (wait) {
            case GRACE -> GRACE;
            case IO -> IO;
            case SIBLINGS -> SIBLINGS;
        };
    }
}
