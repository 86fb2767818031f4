package dev.aioscope.host;

import java.util.function.LongSupplier;

/** How much of its time something may spend: a share, and what it has saved up. Not thread-safe. */
final class TokenBucket {
    private final LongSupplier clock;
    private final long most;
    private final int share;
    private long left;
    private long at;

    /**
     * Begins with all that can be saved up.
     *
     * @param clock ns that only grow
     * @param most what can be saved up, ns
     * @param share one in how many ns it may spend
     */
    TokenBucket(LongSupplier clock, long most, int share) {
        this.clock = clock;
        this.most = most;
        this.share = share;
        this.left = most;
        this.at = clock.getAsLong();
    }

    /** Whether something is left. */
    boolean isLeft() {
        long now = clock.getAsLong();
        left = Math.min(most, left + (now - at) / share);
        at = now;
        return left > 0;
    }

    /** Takes off what was spent since {@link #isLeft}; that can be more than was left. */
    void spend() {
        long now = clock.getAsLong();
        left -= now - at;
        at = now;
    }
}
