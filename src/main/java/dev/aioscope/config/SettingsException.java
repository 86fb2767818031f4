package dev.aioscope.config;

import java.util.List;
import java.util.stream.Collectors;

/** The settings are invalid; lists every error. */
public final class SettingsException extends RuntimeException {
    private static final long serialVersionUID = 1;

    @SuppressWarnings("serial") // It is never serialized.
    private final List<ValidationError> errors;

    /** Requires at least one error. */
    public SettingsException(List<ValidationError> errors) {
        super(errors.stream().map(ValidationError::toString).collect(Collectors.joining("\n")));
        this.errors = List.copyOf(errors);
    }

    /** All errors, in the order of the file. */
    public List<ValidationError> errors() {
        return errors;
    }
}
