package dev.aioscope.output;

import dev.aioscope.lifecycle.FailedCall;
import dev.aioscope.lifecycle.RefusalOutcome;
import dev.aioscope.lifecycle.Straggler;
import dev.aioscope.lifecycle.Teardown;
import dev.aioscope.lifecycle.TeardownInProgress;

/** Formats the events of {@code trace} as one or more lines, without a final line separator. */
public interface TraceFormat {
    /**
     * A teardown that ended.
     *
     * @param now time of the report, CLOCK_BOOTTIME ns; shown if none of the teardown's own times was observed
     */
    String teardown(Teardown teardown, long now);

    /**
     * A teardown in progress that is stuck.
     *
     * @param now time of the report, CLOCK_BOOTTIME ns
     */
    String stuck(TeardownInProgress teardown, long now);

    /** A request that completed while a teardown was waiting for it. */
    String straggler(Straggler straggler);

    /** An io_setup or io_destroy that returned an error. */
    String failedCall(FailedCall call);

    /** The outcome of a refused io_setup. */
    String refusalOutcome(RefusalOutcome outcome);
}
