package dev.aioscope.lifecycle;

import dev.aioscope.event.AioCall;
import dev.aioscope.kernel.Errno;

/**
 * A call with a handle that io_destroy had made invalid before.
 *
 * @param call which one
 * @param caller the thread that called
 * @param time when it was answered, CLOCK_BOOTTIME ns
 * @param result what it got: a negative errno, or else the kernel took the handle
 * @param destroyed what became of the handle
 */
public record HandleUse(AioCall call, Task caller, long time, long result, WrongHandle destroyed) {

    /** Whether the kernel found that nothing has this handle. */
    public boolean isRefused() {
        return result == -Errno.EINVAL;
    }

    /** What a developer needs to know about the handle. */
    public String explanation() {
        return destroyed.explanation(time);
    }
}
