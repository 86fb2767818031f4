package dev.aioscope.cli.option;

import java.time.Duration;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Parses a duration as {@link DurationConverter} does and rejects zero. */
public final class PositiveDurationConverter implements ITypeConverter<Duration> {
    @Override
    public Duration convert(String text) {
        Duration duration = new DurationConverter().convert(text);
        if (duration.isZero()) {
            throw new TypeConversionException("'" + text + "' must be greater than zero");
        }
        return duration;
    }
}
