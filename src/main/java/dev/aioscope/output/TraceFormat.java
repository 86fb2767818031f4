package dev.aioscope.output;

import dev.aioscope.lifecycle.FailedCall;
import dev.aioscope.lifecycle.RefusalOutcome;
import dev.aioscope.lifecycle.Straggler;
import dev.aioscope.lifecycle.Teardown;
import dev.aioscope.lifecycle.TeardownInProgress;

/** How {@code trace} tells what happened: whole lines, the last one without its end. */
public interface TraceFormat {
    /**
     * A teardown.
     *
     * @param now when it is told, CLOCK_BOOTTIME ns: all there is if none of its own times was seen
     */
    String teardown(Teardown teardown, long now);

    /**
     * A teardown that goes on for long.
     *
     * @param now when it is told, CLOCK_BOOTTIME ns
     */
    String stuck(TeardownInProgress teardown, long now);

    /** A request for which a teardown was stuck and that has completed. */
    String straggler(Straggler straggler);

    /** An io_setup or io_destroy that failed. */
    String failedCall(FailedCall call);

    /** What became of an io_setup that was refused. */
    String refusalOutcome(RefusalOutcome outcome);
}
