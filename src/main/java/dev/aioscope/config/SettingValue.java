package dev.aioscope.config;

import org.jspecify.annotations.Nullable;

/**
 * The value of a setting.
 *
 * @param value as written, several values separated by commas; null if there is none
 * @param origin the kind of source
 * @param where the source: {@code FILE:LINE}, a variable, or a flag
 */
public record SettingValue(@Nullable String value, Origin origin, String where) {
    /** In order of precedence. */
    public enum Origin {
        FLAG,
        ENVIRONMENT,
        FILE,
        DEFAULT
    }
}
