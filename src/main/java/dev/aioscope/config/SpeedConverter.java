package dev.aioscope.config;

import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Parses a multiple of the original speed; {@code max} is infinite. */
public final class SpeedConverter implements ITypeConverter<Double> {
    @Override
    public Double convert(String text) {
        if (text.equals("max")) {
            return Double.POSITIVE_INFINITY;
        }
        if (!text.matches("\\d{1,6}(\\.\\d{1,6})?") || Double.parseDouble(text) == 0) {
            throw new TypeConversionException("expected a speed such as 0.5, 1, 10 or max, got '" + text + "'");
        }
        return Double.parseDouble(text);
    }
}
