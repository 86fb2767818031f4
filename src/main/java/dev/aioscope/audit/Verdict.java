package dev.aioscope.audit;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * The result of the audit for one clause.
 *
 * @param clause the clause
 * @param state the verdict
 * @param held how often it held
 * @param deviated how often the kernel deviated as it is known to, or the finding occurred
 * @param violated how often it was violated
 * @param evidence the latest observation for the state; null if there is none
 * @param reason why it is {@link State#NOT_OBSERVABLE}, or how kernels {@linkplain State#DIFFERS differ}; else null
 */
public record Verdict(
        Clause clause,
        State state,
        long held,
        long deviated,
        long violated,
        @Nullable Observation evidence,
        @Nullable String reason) {

    /** The verdict on a clause. */
    public enum State {
        /** It held in every observation. */
        HOLDS,
        /** An observation violates it. */
        VIOLATED,
        /** The kernel deviated as it is known to. */
        DIFFERS,
        /** The finding occurred. */
        FOUND,
        /** No observation yet. */
        NOT_OBSERVED,
        /** These probes cannot observe it. */
        NOT_OBSERVABLE;

        /** The name in JSON and metrics. */
        public String label() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** Number of observations for the state. */
    public long observations() {
        return switch (state) {
            case HOLDS -> held;
            case VIOLATED -> violated;
            case DIFFERS, FOUND -> deviated;
            case NOT_OBSERVED, NOT_OBSERVABLE -> 0;
        };
    }
}
