package dev.aioscope.daemon;

import dev.aioscope.config.Setting;
import dev.aioscope.config.SettingValue;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The daemon's options and the settings that they come from.
 *
 * @param options what the daemon does
 * @param settings the value of each setting and its source, in the order of the help
 */
public record Configuration(DaemonOptions options, Map<Setting, SettingValue> settings) {
    /** Copies the settings and keeps their order. */
    public Configuration {
        settings = Collections.unmodifiableMap(new LinkedHashMap<>(settings));
    }
}
