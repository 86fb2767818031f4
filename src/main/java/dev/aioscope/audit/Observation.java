package dev.aioscope.audit;

import dev.aioscope.lifecycle.Task;
import org.jspecify.annotations.Nullable;

/**
 * What one teardown or call says about one clause.
 *
 * @param clause the clause
 * @param outcome how it went
 * @param time when, CLOCK_BOOTTIME ns
 * @param caller the thread that called, if it was seen
 * @param context the id of the context; null where there was none
 * @param values what was seen, in words and numbers
 */
public record Observation(
        Clause clause,
        Outcome outcome,
        long time,
        @Nullable Task caller,
        @Nullable String context,
        String values) {

    /** How it went. */
    public enum Outcome {
        /** As the clause says. */
        KEPT,
        /** Otherwise, as kernels are known to do; or what a finding is about. */
        OTHERWISE,
        /** Against it. */
        BROKEN
    }
}
