package dev.aioscope.config;

import java.util.List;
import java.util.stream.Collectors;

/** The settings cannot be used: here is all that is wrong with them. */
public final class SettingsException extends RuntimeException {
    private static final long serialVersionUID = 1;

    @SuppressWarnings("serial") // It is never serialized.
    private final List<ValidationError> mistakes;

    /** Takes one mistake at least. */
    public SettingsException(List<ValidationError> mistakes) {
        super(mistakes.stream().map(ValidationError::toString).collect(Collectors.joining("\n")));
        this.mistakes = List.copyOf(mistakes);
    }

    /** All of them, in the order of the file. */
    public List<ValidationError> mistakes() {
        return mistakes;
    }
}
