package dev.aioscope.cli.option;

import java.time.Duration;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Parses a duration like {@link DurationConverter}, and rejects zero. */
public final class PositiveDurationConverter implements ITypeConverter<Duration> {
    @Override
    public Duration convert(String text) {
        Duration duration = new DurationConverter().convert(text);
        if (duration.isZero()) {
            throw new TypeConversionException("expected a duration greater than zero, got '" + text + "'");
        }
        return duration;
    }
}
