package dev.aioscope.daemon;

/**
 * Collects garbage before the heap grows much. The young generation is small, so most garbage becomes old, and Java would
 * collect that only when the heap has its largest size.
 */
final class Garbage {
    /** A collection takes some 30 ms. */
    private static final long MOST = 4_000_000;

    private long usedAfterCollection;

    void collect() {
        System.gc();
        usedAfterCollection = used();
    }

    /** Collects if much more memory is in use than after the latest collection by this class. */
    void collectIfGrown() {
        if (used() - usedAfterCollection > MOST) {
            collect();
        }
    }

    private static long used() {
        Runtime runtime = Runtime.getRuntime();
        return runtime.totalMemory() - runtime.freeMemory();
    }
}
