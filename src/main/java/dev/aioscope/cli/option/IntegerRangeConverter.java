package dev.aioscope.cli.option;

import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Reads a whole number between two others. */
abstract class IntegerRangeConverter implements ITypeConverter<Integer> {
    private final int least;
    private final int most;

    IntegerRangeConverter(int least, int most) {
        this.least = least;
        this.most = most;
    }

    @Override
    public Integer convert(String text) {
        try {
            int number = Integer.parseInt(text);
            if (number >= least && number <= most) {
                return number;
            }
        } catch (NumberFormatException e) {
            // Told below.
        }
        throw new TypeConversionException("'" + text + "' is not a whole number from " + least + " to " + most);
    }
}
