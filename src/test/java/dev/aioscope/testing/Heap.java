package dev.aioscope.testing;

/** The Java heap of the tests. */
public final class Heap {
    private Heap() {}

    /** Bytes in use after some collections, the least of several measurements. */
    public static long used() {
        long least = Long.MAX_VALUE;
        for (int i = 0; i < 4; i++) {
            System.gc();
            least = Math.min(
                    least,
                    Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory());
        }
        return least;
    }
}
