package dev.aioscope.config;

/**
 * An error in the settings.
 *
 * @param where {@code FILE:LINE}, a file, or a variable
 * @param cause {@code SETTING: REASON}, or a reason without a setting
 * @param hint how to fix it
 */
public record ValidationError(String where, String cause, String hint) {
    @Override
    public String toString() {
        return where + ": " + cause + " (hint: " + hint + ")";
    }
}
