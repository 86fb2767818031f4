package dev.aioscope.cli;

import java.time.Duration;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Durations as people write and read them. */
final class Units {
    /** Stands for a value that was not seen. */
    static final String ABSENT = "–";

    private static final Pattern DURATION = Pattern.compile("(\\d{1,9}(?:\\.\\d{1,9})?)(ms|s|m|h)");

    private Units() {}

    /** Three digits and a unit, six characters at most. */
    static String duration(@Nullable Long nanos) {
        if (nanos == null) {
            return ABSENT;
        }
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

    /** Reads {@code 500ms}, {@code 10s}, {@code 1.5m}, {@code 2h}. */
    static final class Reader implements ITypeConverter<Duration> {
        @Override
        public Duration convert(String text) {
            Matcher matcher = DURATION.matcher(text);
            if (!matcher.matches()) {
                throw new TypeConversionException("'" + text + "' is not a duration such as 500ms, 10s, 5m or 1h");
            }
            double unit = switch (matcher.group(2)) {
                case "ms" -> 1e6;
                case "s" -> 1e9;
                case "m" -> 60e9;
                default -> 3600e9;
            };
            return Duration.ofNanos(Math.round(Double.parseDouble(matcher.group(1)) * unit));
        }
    }

    /** A duration that is not zero. */
    static final class PositiveReader implements ITypeConverter<Duration> {
        @Override
        public Duration convert(String text) {
            Duration duration = new Reader().convert(text);
            if (duration.isZero()) {
                throw new TypeConversionException("'" + text + "' is no time at all");
            }
            return duration;
        }
    }
}
