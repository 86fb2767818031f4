package dev.aioscope.lifecycle;

/**
 * The limits of the tables of a {@link Lifecycle}. At a limit the oldest entry is dropped and counted.
 *
 * @param contexts live contexts
 * @param teardowns teardowns not reported yet
 * @param calls threads inside io_destroy or kill_ioctx; also different stacks, if recorded
 */
public record Limits(int contexts, int teardowns, int calls) {
    /** At most about 30 MB; no known host comes near. */
    public static final Limits DEFAULT = new Limits(65_536, 16_384, 16_384);

    /** Checks that all are positive. */
    public Limits {
        if (contexts < 1 || teardowns < 1 || calls < 1) {
            throw new IllegalArgumentException(
                    "limits must be positive: " + contexts + ", " + teardowns + ", " + calls);
        }
    }
}
