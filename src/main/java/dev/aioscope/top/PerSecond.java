package dev.aioscope.top;

import org.jspecify.annotations.Nullable;

/** How often something happened, over the last whole seconds since the beginning, five at most. */
final class PerSecond {
    private static final int SECONDS = 5;
    private static final long NANOS = 1_000_000_000L;

    /** Room for the seconds that count, the present one, and some that events come late for. */
    private static final int SLOTS = 8;

    private final long began;
    private final long[] counts = new long[SLOTS];
    private final long[] seconds = new long[SLOTS];

    PerSecond(long began) {
        this.began = began;
    }

    /** It happened. */
    void add(long time) {
        long second = Math.max(0, time - began) / NANOS;
        int slot = (int) (second % SLOTS);
        if (seconds[slot] < second) {
            seconds[slot] = second;
            counts[slot] = 0;
        }
        if (seconds[slot] == second) {
            counts[slot]++;
        }
    }

    /** How often per second; null before the first second is over. */
    @Nullable Double at(long now) {
        long present = (now - began) / NANOS;
        if (present < 1) {
            return null;
        }
        long sum = 0;
        for (int i = 0; i < SLOTS; i++) {
            if (seconds[i] < present && seconds[i] >= present - SECONDS) {
                sum += counts[i];
            }
        }
        return (double) sum / Math.min(SECONDS, present);
    }
}
