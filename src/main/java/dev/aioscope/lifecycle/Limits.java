package dev.aioscope.lifecycle;

/**
 * How much a {@link Lifecycle} remembers at most. At a limit the oldest entry goes, and is counted.
 *
 * @param contexts live contexts
 * @param teardowns teardowns that are not reported yet
 * @param calls threads inside io_destroy or kill_ioctx; also different stacks, if they are recorded
 */
public record Limits(int contexts, int teardowns, int calls) {
    /** Some 30 MB at worst: no host is known to come near. */
    public static final Limits DEFAULT = new Limits(65_536, 16_384, 16_384);

    /** Refuses limits that leave no room for anything. */
    public Limits {
        if (contexts < 1 || teardowns < 1 || calls < 1) {
            throw new IllegalArgumentException(
                    "limits must be positive: " + contexts + ", " + teardowns + ", " + calls);
        }
    }
}
