package dev.aioscope.top;

import org.jspecify.annotations.Nullable;

/**
 * How long callers were held: a histogram of one size, whatever it is told. Eight buckets for each doubling from 1 µs to
 * 73 minutes, so a percentile is off by 6% at most; what is outside falls into the first or the last bucket.
 */
public final class LatencyHistogram {
    private static final int FIRST_BIT = 10;
    private static final int LAST_BIT = 42;
    private static final int STEPS_BITS = 3;
    private static final int STEPS = 1 << STEPS_BITS;

    private final int[] buckets = new int[(LAST_BIT - FIRST_BIT) * STEPS];
    private long count;
    private long longest;

    /** Takes one more wait, in ns. */
    public void add(long nanos) {
        buckets[bucket(nanos)]++;
        count++;
        longest = Math.max(longest, nanos);
    }

    /** Takes all those of the other one. */
    public void add(LatencyHistogram other) {
        for (int i = 0; i < buckets.length; i++) {
            buckets[i] += other.buckets[i];
        }
        count += other.count;
        longest = Math.max(longest, other.longest);
    }

    private static int bucket(long nanos) {
        int bit = 63 - Long.numberOfLeadingZeros(Math.max(1, nanos));
        if (bit < FIRST_BIT) {
            return 0;
        } else if (bit >= LAST_BIT) {
            return (LAST_BIT - FIRST_BIT) * STEPS - 1;
        }
        int step = (int) (nanos >>> (bit - STEPS_BITS)) & (STEPS - 1);
        return (bit - FIRST_BIT) * STEPS + step;
    }

    /**
     * The wait, in ns, that this share of all waits did not exceed; null if there were none.
     *
     * @param share from 0 to 1
     */
    public @Nullable Long percentile(double share) {
        long wanted = Math.max(1, (long) Math.ceil(share * count));
        long seen = 0;
        for (int i = 0; i < buckets.length; i++) {
            seen += buckets[i];
            if (count > 0 && seen >= wanted) {
                return i == buckets.length - 1 ? longest : Math.min(longest, middle(i));
            }
        }
        return null;
    }

    private static long middle(int bucket) {
        int bit = FIRST_BIT + bucket / STEPS;
        long width = 1L << (bit - STEPS_BITS);
        return (STEPS + bucket % STEPS) * width + width / 2;
    }
}
