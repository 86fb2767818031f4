package dev.aioscope.lifecycle;

import java.util.Locale;

/** Durations as people read them. */
public final class DurationText {
    private DurationText() {}

    /** Three digits and a unit, six characters at most. */
    public static String text(long nanos) {
        long seconds = nanos / 1_000_000_000;
        if (seconds >= 86_400) {
            return two(seconds / 3600, 24, "d", "h");
        } else if (seconds >= 3600) {
            return two(seconds / 60, 60, "h", "m");
        } else if (seconds >= 60) {
            return two(seconds, 60, "m", "s");
        } else if (nanos >= 1_000_000_000) {
            return three(nanos / 1e9, "s");
        } else if (nanos >= 1_000_000) {
            return three(nanos / 1e6, "ms");
        }
        return nanos >= 1000 ? nanos / 1000 + "µs" : nanos + "ns";
    }

    /** Rounds down: 99.99 must not become 100.0. */
    private static String three(double value, String unit) {
        if (value >= 100) {
            return (long) value + unit;
        }
        return value >= 10
                ? String.format(Locale.ROOT, "%.1f%s", Math.floor(value * 10) / 10, unit)
                : String.format(Locale.ROOT, "%.2f%s", Math.floor(value * 100) / 100, unit);
    }

    private static String two(long value, int base, String unit, String smaller) {
        return String.format(Locale.ROOT, "%d%s%02d%s", value / base, unit, value % base, smaller);
    }
}
