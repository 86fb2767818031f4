package dev.aioscope.config;

import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Parses a process ID. */
public final class PidConverter implements ITypeConverter<Integer> {
    @Override
    public Integer convert(String text) {
        try {
            int pid = Integer.parseInt(text);
            if (pid > 0) {
                return pid;
            }
        } catch (NumberFormatException e) {
            // Reported below.
        }
        throw new TypeConversionException("expected a process ID, got '" + text + "'");
    }
}
