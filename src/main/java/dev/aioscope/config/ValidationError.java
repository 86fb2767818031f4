package dev.aioscope.config;

/**
 * Why the settings cannot be used.
 *
 * @param where a file with the line, or a variable
 * @param cause what is wrong, with the name of the setting in front
 * @param hint what to do about it
 */
public record ValidationError(String where, String cause, String hint) {
    @Override
    public String toString() {
        return where + ": " + cause + " (hint: " + hint + ")";
    }
}
