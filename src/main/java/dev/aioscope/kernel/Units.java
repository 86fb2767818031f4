package dev.aioscope.kernel;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Formats numbers and durations for people. */
public final class Units {
    /** Printed for a value that was not observed. */
    public static final String ABSENT = "–";

    private Units() {}

    /** All digits of a number; {@link #ABSENT} for null. */
    public static String number(@Nullable Number number) {
        return number == null ? ABSENT : number.toString();
    }

    /** A duration in ns, rounded down to three digits and a unit, at most six characters; {@link #ABSENT} for null. */
    public static String duration(@Nullable Long nanos) {
        return nanos == null ? ABSENT : format(nanos);
    }

    private static String format(long nanos) {
        long seconds = nanos / 1_000_000_000;
        if (seconds >= 86_400) {
            return twoUnits(seconds / 3600, 24, "d", "h");
        } else if (seconds >= 3600) {
            return twoUnits(seconds / 60, 60, "h", "m");
        } else if (seconds >= 60) {
            return twoUnits(seconds, 60, "m", "s");
        } else if (nanos >= 1_000_000_000) {
            return threeDigits(nanos / 1e9, "s");
        } else if (nanos >= 1_000_000) {
            return threeDigits(nanos / 1e6, "ms");
        }
        return nanos >= 1000 ? nanos / 1000 + "µs" : nanos + "ns";
    }

    private static String threeDigits(double value, String unit) {
        if (value >= 100) {
            return (long) value + unit;
        }
        return value >= 10
                ? String.format(Locale.ROOT, "%.1f%s", Math.floor(value * 10) / 10, unit)
                : String.format(Locale.ROOT, "%.2f%s", Math.floor(value * 100) / 100, unit);
    }

    private static String twoUnits(long value, int base, String unit, String smaller) {
        return String.format(Locale.ROOT, "%d%s%02d%s", value / base, unit, value % base, smaller);
    }
}
