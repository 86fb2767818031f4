package dev.aioscope.lifecycle;

import dev.aioscope.event.AioCall;
import dev.aioscope.kernel.Errno;

/**
 * A call with a destroyed handle.
 *
 * @param call the call
 * @param caller the thread that called
 * @param time when it returned, CLOCK_BOOTTIME ns
 * @param result return value: a negative errno, otherwise the kernel accepted the handle
 * @param destroyed the history of the handle
 */
public record HandleUse(AioCall call, Task caller, long time, long result, WrongHandle destroyed) {

    /** Whether the kernel rejected the handle. */
    public boolean isRefused() {
        return result == -Errno.EINVAL;
    }

    /** The error, as a sentence for developers. */
    public String explanation() {
        return destroyed.explanation(time);
    }
}
