package dev.aioscope.cli.option;

import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Reads what is on or off. */
public final class BooleanConverter implements ITypeConverter<Boolean> {
    @Override
    public Boolean convert(String text) {
        return switch (text) {
            case "true" -> true;
            case "false" -> false;
            default -> throw new TypeConversionException("'" + text + "' is neither true nor false");
        };
    }
}
