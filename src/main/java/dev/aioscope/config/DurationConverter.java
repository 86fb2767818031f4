package dev.aioscope.config;

import java.time.Duration;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/**
 * Parses a duration such as {@code 500ms}, {@code 10s}, {@code 1.5m} or {@code 2h}. A duration of at most {@link #MAX} can
 * be multiplied and added to a clock without an overflow.
 */
public sealed class DurationConverter implements ITypeConverter<Duration> permits PositiveDurationConverter {
    static final Duration MAX = Duration.ofDays(365);

    private static final Pattern DURATION = Pattern.compile("(\\d{1,9}(?:\\.\\d{1,9})?)(ms|s|m|h)");

    private final Duration min;

    /** Accepts zero. */
    public DurationConverter() {
        this(Duration.ZERO);
    }

    DurationConverter(Duration min) {
        this.min = min;
    }

    @Override
    public Duration convert(String text) {
        Matcher matcher = DURATION.matcher(text);
        if (!matcher.matches()) {
            throw new TypeConversionException("expected a duration such as 500ms, 10s, 5m or 1h, got '" + text + "'");
        }
        double unit = switch (matcher.group(2)) {
            case "ms" -> 1e6;
            case "s" -> 1e9;
            case "m" -> 60e9;
            default -> 3600e9;
        };
        Duration duration = Duration.ofNanos(Math.round(Double.parseDouble(matcher.group(1)) * unit));
        if (duration.compareTo(min) < 0 || duration.compareTo(MAX) > 0) {
            throw new TypeConversionException("expected a duration from " + min.toMillis() + "ms to " + MAX.toHours()
                    + "h, such as 10s, got '" + text + "'");
        }
        return duration;
    }
}
