package dev.aioscope.top;

import org.jspecify.annotations.Nullable;

/** Rate of events per second over the last whole seconds, at most five. Not thread-safe. */
final class RateCounter {
    private static final int SECONDS = 5;
    private static final long NANOS = 1_000_000_000L;

    /** The seconds that count, the current one, and two more for late events. */
    private static final int SLOTS = 8;

    private final long began;
    private final long[] counts = new long[SLOTS];
    private final long[] seconds = new long[SLOTS];

    /** Starts counting at this time, ns. */
    RateCounter(long began) {
        this.began = began;
    }

    /** Counts an event. */
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

    /** Events per second; null within the first second. */
    @Nullable Double perSecond(long now) {
        long current = (now - began) / NANOS;
        if (current < 1) {
            return null;
        }
        long sum = 0;
        for (int i = 0; i < SLOTS; i++) {
            if (seconds[i] < current && seconds[i] >= current - SECONDS) {
                sum += counts[i];
            }
        }
        return (double) sum / Math.min(SECONDS, current);
    }
}
