package dev.aioscope.host;

import java.util.function.LongSupplier;

/** Limits the share of time that an activity may use; unused time is saved up to a maximum. Not thread-safe. */
final class TokenBucket {
    private final LongSupplier clock;
    private final long capacity;
    private final int share;
    private long tokens;
    private long updated;

    /**
     * Starts full.
     *
     * @param clock monotonic clock, ns
     * @param capacity maximum time that is saved up, ns
     * @param share the activity may use 1/share of the time
     */
    TokenBucket(LongSupplier clock, long capacity, int share) {
        this.clock = clock;
        this.capacity = capacity;
        this.share = share;
        this.tokens = capacity;
        this.updated = clock.getAsLong();
    }

    /** Adds the time earned since the last call and returns whether any is available. */
    boolean isAvailable() {
        long now = clock.getAsLong();
        tokens = Math.min(capacity, tokens + (now - updated) / share);
        updated = now;
        return tokens > 0;
    }

    /** Takes the time used since {@link #isAvailable}, which may exceed what was available. */
    void consume() {
        long now = clock.getAsLong();
        tokens -= now - updated;
        updated = now;
    }
}
