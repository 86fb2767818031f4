package dev.aioscope.config;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** Fuzzes the settings file: every input yields settings, or errors with their lines. */
public final class SettingsFuzz {
    private SettingsFuzz() {}

    /** Jazzer calls this. */
    public static void fuzzerTestOneInput(byte[] bytes) {
        SettingsFile file = SettingsFile.parse(Path.of("a"), new String(bytes, StandardCharsets.UTF_8));
        if (file.errors().isEmpty() && file.lines().stream().anyMatch(line -> line.value() == null)) {
            throw new IllegalStateException("a value is missing without an error");
        }
    }
}
