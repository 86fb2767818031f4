package dev.aioscope.config;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** Whatever stands in a settings file is settings, or mistakes with their lines. */
public final class SettingsFuzz {
    private SettingsFuzz() {}

    /** What Jazzer calls. */
    public static void fuzzerTestOneInput(byte[] bytes) {
        SettingsFile file = SettingsFile.parse(Path.of("a"), new String(bytes, StandardCharsets.UTF_8));
        if (file.mistakes().isEmpty() && file.lines().stream().anyMatch(line -> line.value() == null)) {
            throw new IllegalStateException("a value is missing and nobody says so");
        }
    }
}
