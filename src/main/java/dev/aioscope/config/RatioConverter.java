package dev.aioscope.config;

import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Parses a ratio from 0 to 1. */
public final class RatioConverter implements ITypeConverter<Double> {
    @Override
    public Double convert(String text) {
        try {
            double ratio = Double.parseDouble(text);
            if (ratio >= 0 && ratio <= 1) {
                return ratio;
            }
        } catch (NumberFormatException e) {
            // The exception below covers this case.
        }
        throw new TypeConversionException("expected a ratio from 0 to 1, got '" + text + "'");
    }
}
