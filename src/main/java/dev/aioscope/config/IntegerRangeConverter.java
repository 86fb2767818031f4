package dev.aioscope.config;

import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Parses an integer in a range. */
public abstract class IntegerRangeConverter implements ITypeConverter<Integer> {
    private final int min;
    private final int max;

    /** Accepts integers from {@code min} to {@code max}. */
    protected IntegerRangeConverter(int min, int max) {
        this.min = min;
        this.max = max;
    }

    @Override
    public Integer convert(String text) {
        try {
            int number = Integer.parseInt(text);
            if (number >= min && number <= max) {
                return number;
            }
        } catch (NumberFormatException e) {
            // Reported below.
        }
        throw new TypeConversionException("expected an integer from " + min + " to " + max + ", got '" + text + "'");
    }
}
