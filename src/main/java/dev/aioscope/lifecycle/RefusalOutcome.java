package dev.aioscope.lifecycle;

import dev.aioscope.event.Trigger;
import org.jspecify.annotations.Nullable;

/**
 * What became of a refusal. What was not seen is null.
 *
 * @param refusal the first io_setup that was refused
 * @param retries how often the same process was refused the same again
 * @param verdict whether the quota came to suffice
 * @param time when it was first seen to suffice, or else when it was judged; CLOCK_BOOTTIME ns
 * @param cause what made it suffice
 * @param release of the cause {@code TEARDOWN}: who gave back
 * @param hasSucceeded whether an io_setup of the same process for as much was seen to succeed since
 * @param aioNr fs.aio-nr as it was last seen
 * @param aioMaxNr fs.aio-max-nr as it was last seen
 */
public record RefusalOutcome(
        FailedCall refusal,
        int retries,
        Verdict verdict,
        long time,
        @Nullable Cause cause,
        @Nullable Release release,
        boolean hasSucceeded,
        @Nullable Long aioNr,
        @Nullable Long aioMaxNr) {

    /** How it stands. */
    public enum Verdict {
        /** The quota came to suffice soon. */
        TRANSIENT,
        /** After ten seconds it did not suffice. */
        LASTING,
        /** It has come to suffice after the refusal was told to be lasting. */
        OVER,
        /** There are too many refusals at once to watch this one on. */
        UNKNOWN
    }

    /** What can make a quota suffice. */
    public enum Cause {
        /** Contexts ended. */
        TEARDOWN,
        /** fs.aio-max-nr was raised. */
        LIMIT
    }

    /**
     * The process that gave back most between the refusal and the moment when the quota sufficed.
     *
     * @param by whose contexts they were, or else the thread that ended them
     * @param trigger why the last of them ended; null if no event told of it: a look found it gone
     * @param contexts how many
     * @param charge what they had charged
     */
    public record Release(Task by, @Nullable Trigger trigger, int contexts, long charge) {}

    /** From the refusal to {@link #time}, ns. */
    public long duration() {
        return Math.max(0, time - refusal.returnTime());
    }
}
