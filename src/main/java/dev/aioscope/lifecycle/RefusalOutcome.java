package dev.aioscope.lifecycle;

import dev.aioscope.event.Trigger;
import java.math.BigInteger;
import org.jspecify.annotations.Nullable;

/**
 * The outcome of a refusal. Unobserved values are null.
 *
 * @param refusal the first refused io_setup
 * @param retries how often the same process repeated it and was refused
 * @param status whether the quota suffices now
 * @param time when the quota was first known to suffice, otherwise the time of this report; CLOCK_BOOTTIME ns
 * @param resolution why the quota suffices
 * @param release the largest release, for {@link Resolution#TEARDOWN}
 * @param hasSucceeded whether an io_setup of the same process for the same amount or more has succeeded since
 * @param aioNr the latest known fs.aio-nr
 * @param aioMaxNr the latest known fs.aio-max-nr
 */
public record RefusalOutcome(
        FailedCall refusal,
        int retries,
        Status status,
        long time,
        @Nullable Resolution resolution,
        @Nullable Release release,
        boolean hasSucceeded,
        @Nullable BigInteger aioNr,
        @Nullable BigInteger aioMaxNr) {

    /** Whether the quota suffices. */
    public enum Status {
        /** The quota sufficed within ten seconds. */
        TRANSIENT,
        /** The quota does not suffice after ten seconds. */
        LASTING,
        /** The quota suffices after the refusal was reported as lasting. */
        OVER,
        /** The quota still does not suffice, and the process has not repeated the call for ten seconds. */
        ABANDONED,
        /** Too many refusals are open at once to follow this one. */
        UNKNOWN
    }

    /** Why a quota suffices again. */
    public enum Resolution {
        /** Contexts ended. */
        TEARDOWN,
        /** A user raised fs.aio-max-nr. */
        LIMIT
    }

    /**
     * The process that released most between the refusal and the time when the quota sufficed.
     *
     * @param by the owner of the contexts, otherwise the thread that ended them
     * @param trigger why the last of them ended; null if a scan found it gone without an event
     * @param contexts number of contexts
     * @param charge their total charge
     */
    public record Release(Task by, @Nullable Trigger trigger, int contexts, long charge) {}

    /** From the refusal to {@link #time}, ns. */
    public long duration() {
        return Math.max(0, time - refusal.returnTime());
    }
}
