package dev.aioscope.config;

import org.jspecify.annotations.Nullable;

/**
 * The value of a setting.
 *
 * @param value as it was written; several values of one setting have commas between them. Null if there is none
 * @param origin what kind of place it comes from
 * @param where that place: a file with the line, a variable, a flag
 */
public record SettingValue(@Nullable String value, Origin origin, String where) {
    /** Those that come first win. */
    public enum Origin {
        FLAG,
        ENVIRONMENT,
        FILE,
        DEFAULT
    }
}
