package dev.aioscope.cli;

import dev.aioscope.lifecycle.Nanos;
import java.time.Duration;
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

    /** All digits. */
    static String number(@Nullable Long number) {
        return number == null ? ABSENT : number.toString();
    }

    /** Three digits and a unit, six characters at most. */
    static String duration(@Nullable Long nanos) {
        return nanos == null ? ABSENT : Nanos.text(nanos);
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
