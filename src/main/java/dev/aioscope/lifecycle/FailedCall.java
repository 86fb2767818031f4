package dev.aioscope.lifecycle;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * An io_setup or io_destroy that returned an error.
 *
 * @param call which of the two
 * @param caller the thread that called
 * @param mm the kernel's address of the caller's {@code struct mm_struct}; 0 where it was not seen
 * @param enterTime entry of the call, CLOCK_BOOTTIME ns
 * @param returnTime return of the call
 * @param errno the error, positive ({@code EAGAIN} is 11)
 * @param handle what was to be destroyed; null for io_setup
 * @param maxReqs how much io_setup asked for; null for io_destroy
 * @param aioNr fs.aio-nr at that moment
 * @param aioMaxNr fs.aio-max-nr at that moment
 * @param callStack where the program made the call, if that was to be recorded
 * @param largest of a refusal: who held most of the quota then, the largest charge first, as far as is known
 * @param wrongHandle of an io_destroy: what is wrong with the handle; null if it cannot be told
 */
public record FailedCall(
        SystemCall call,
        Task caller,
        long mm,
        @Nullable Long enterTime,
        long returnTime,
        int errno,
        @Nullable Long handle,
        @Nullable Integer maxReqs,
        @Nullable Long aioNr,
        @Nullable Long aioMaxNr,
        @Nullable UserStack callStack,
        List<QuotaShare> largest,
        @Nullable WrongHandle wrongHandle) {

    /** The system calls that can fail. */
    public enum SystemCall {
        /** Makes a context. */
        IO_SETUP,
        /** Ends one. */
        IO_DESTROY
    }

    /** Copies the list. */
    public FailedCall {
        largest = List.copyOf(largest);
    }

    /** The smallest fs.aio-max-nr that would have sufficed; null if the quota was not the reason, or was not seen. */
    public @Nullable Long neededLimit() {
        return isRefusal() && maxReqs != null && aioNr != null
                ? (Long) (aioNr + Integer.toUnsignedLong(maxReqs))
                : null;
    }

    /** What a developer needs to know about a wrong handle; null if that is not known. */
    public @Nullable String explanation() {
        return wrongHandle == null ? null : wrongHandle.explanation(returnTime);
    }

    /** Whether the quota was the reason: io_setup said EAGAIN. */
    public boolean isRefusal() {
        return call == SystemCall.IO_SETUP && errno == 11;
    }
}
