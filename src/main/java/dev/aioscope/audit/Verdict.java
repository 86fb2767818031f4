package dev.aioscope.audit;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * What has been seen of one clause.
 *
 * @param clause the clause
 * @param state what to think of it
 * @param kept how often it was kept
 * @param otherwise how often the kernel did otherwise as it is known to, or the finding was made
 * @param broken how often it was broken
 * @param evidence the latest observation that the state rests on; null if there is none
 * @param reason for {@link State#NOT_OBSERVABLE} why, for {@link State#DIFFERS} how kernels are known to do otherwise
 */
public record Verdict(
        Clause clause,
        State state,
        long kept,
        long otherwise,
        long broken,
        @Nullable Observation evidence,
        @Nullable String reason) {

    /** What to think of a clause. */
    public enum State {
        /** It was kept whenever it was observed. */
        HOLDS,
        /** It was broken. */
        VIOLATED,
        /** The kernel did otherwise, as it is known to. */
        DIFFERS,
        /** A finding was made. */
        FOUND,
        /** Nothing has put it to the test. */
        NOT_OBSERVED,
        /** It cannot be seen here. */
        NOT_OBSERVABLE;

        /** The name in JSON and metrics. */
        public String label() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** How many observations the state rests on. */
    public long observations() {
        return switch (state) {
            case HOLDS -> kept;
            case VIOLATED -> broken;
            case DIFFERS, FOUND -> otherwise;
            case NOT_OBSERVED, NOT_OBSERVABLE -> 0;
        };
    }
}
