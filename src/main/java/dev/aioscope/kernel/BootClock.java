package dev.aioscope.kernel;

/** CLOCK_BOOTTIME, the clock of the probes' records: it runs during suspend and cannot be set. */
public final class BootClock {
    private BootClock() {}

    /** Now, in ns. */
    public static long now() {
        long[] timespec = new long[2];
        if (Libc.clock_gettime(Libc.CLOCK_BOOTTIME, timespec) != 0) {
            throw new IllegalStateException("cannot read CLOCK_BOOTTIME: " + Errno.describe(Libc.errno()));
        }
        return timespec[0] * 1_000_000_000L + timespec[1];
    }
}
