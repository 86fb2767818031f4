package dev.aioscope.config;

/**
 * Why the settings cannot be used.
 *
 * @param where a file with the line, or a variable
 * @param cause what is wrong, with the name of the setting in front
 * @param cure what to do about it
 */
public record ValidationError(String where, String cause, String cure) {
    @Override
    public String toString() {
        return where + ": " + cause + " (cure: " + cure + ")";
    }
}
