package dev.aioscope.audit;

import dev.aioscope.lifecycle.Task;
import org.jspecify.annotations.Nullable;

/**
 * The evidence of one teardown or call for one clause.
 *
 * @param clause the clause
 * @param conformance whether the kernel did what the clause requires
 * @param time CLOCK_BOOTTIME ns
 * @param caller the thread that called; null if unknown
 * @param context the id of the context; null if there is none
 * @param values the observed values, as text
 */
public record Observation(
        Clause clause,
        Conformance conformance,
        long time,
        @Nullable Task caller,
        @Nullable String context,
        String values) {

    /** Whether the kernel did what the clause requires. */
    public enum Conformance {
        /** It did. */
        HELD,
        /** It deviated as kernels are known to, or the finding occurred. */
        DEVIATED,
        /** It did not. */
        VIOLATED
    }
}
