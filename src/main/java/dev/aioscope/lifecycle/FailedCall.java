package dev.aioscope.lifecycle;

import dev.aioscope.kernel.Errno;
import java.math.BigInteger;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * An io_setup or io_destroy that returned an error.
 *
 * @param call the system call
 * @param caller the thread that called
 * @param mm the kernel's address of the caller's {@code struct mm_struct}; 0 if unknown
 * @param enterTime entry of the call, CLOCK_BOOTTIME ns
 * @param returnTime return of the call
 * @param errno the error, positive ({@code EAGAIN} is 11)
 * @param handle the argument of io_destroy; null for io_setup
 * @param maxReqs the argument of io_setup, as its bits; null for io_destroy
 * @param aioNr fs.aio-nr at that moment
 * @param aioMaxNr fs.aio-max-nr at that moment
 * @param callStack the stack of the caller; null if not recorded
 * @param largest for a refusal by the quota: the largest known holders of the quota, largest charge first
 * @param wrongHandle for io_destroy: what is wrong with the handle; null if unknown
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
        @Nullable BigInteger aioNr,
        @Nullable BigInteger aioMaxNr,
        @Nullable UserStack callStack,
        List<QuotaShare> largest,
        @Nullable WrongHandle wrongHandle) {

    /** The system calls that can fail. */
    public enum SystemCall {
        /** Creates a context. */
        IO_SETUP,
        /** Destroys one. */
        IO_DESTROY;

        /**
         * Whether a call failed before the kernel ran it: it has no entry, and the kernel's code of the call never returns the
         * error. A seccomp filter or a tracer refuses a call that way.
         */
        boolean isFiltered(@Nullable Long enterTime, int errno) {
            return enterTime == null && !canReturn(errno);
        }

        private boolean canReturn(int errno) {
            return switch (errno) {
                case Errno.EINVAL -> true;
                case Errno.EAGAIN, Errno.EFAULT, Errno.EINTR, Errno.ENOMEM -> this == IO_SETUP;
                default -> false;
            };
        }
    }

    /** Copies the list. */
    public FailedCall {
        largest = List.copyOf(largest);
    }

    /**
     * The smallest sufficient fs.aio-max-nr; null if the quota is not the reason, or unknown. It is unknown if quota was
     * released between the check and the return of the call.
     */
    public @Nullable BigInteger neededLimit() {
        return hasRoomAtReturn() ? null : totalAtReturn();
    }

    /** Whether the call was refused although the quota sufficed when it returned. */
    boolean hasRoomAtReturn() {
        BigInteger total = totalAtReturn();
        return total != null && aioMaxNr != null && total.compareTo(aioMaxNr) <= 0;
    }

    /** fs.aio-nr and the request together, for a refusal. */
    @Nullable BigInteger totalAtReturn() {
        Long requested = requested();
        return isQuotaRefusal() && requested != null && aioNr != null ? aioNr.add(BigInteger.valueOf(requested)) : null;
    }

    /** The argument of io_setup, which is unsigned; null for io_destroy. */
    public @Nullable Long requested() {
        return maxReqs == null ? null : (Long) Integer.toUnsignedLong(maxReqs);
    }

    /** Why the call failed, in JSON and spans: quota, filter or a cause of {@link WrongHandle}; null if unknown. */
    public @Nullable String cause() {
        if (isQuotaRefusal()) {
            return "quota";
        }
        if (isFiltered()) {
            return "filter";
        }
        return wrongHandle == null ? null : wrongHandle.cause().label();
    }

    /**
     * Why the call failed, as a sentence for developers; null if unknown, and for a refusal whose values of the quota say it.
     */
    public @Nullable String explanation() {
        if (isFiltered()) {
            return "a seccomp filter or a tracer refused the call";
        }
        if (hasRoomAtReturn()) {
            return "the quota did not suffice, but enough of it was released before the call returned";
        }
        return wrongHandle == null ? null : wrongHandle.explanation(returnTime);
    }

    /** Whether io_setup was refused: by the quota or by a filter. */
    public boolean isRefusal() {
        return isQuotaRefusal() || (call == SystemCall.IO_SETUP && isFiltered());
    }

    /** Whether the quota is the reason: io_setup returned EAGAIN. */
    public boolean isQuotaRefusal() {
        return call == SystemCall.IO_SETUP && errno == Errno.EAGAIN;
    }

    /** Whether a seccomp filter or a tracer is the reason. */
    public boolean isFiltered() {
        return call.isFiltered(enterTime, errno);
    }
}
