package dev.aioscope.cli.option;

import dev.aioscope.config.SettingSources;
import dev.aioscope.config.SettingsModel;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The option that names the settings file. */
public final class ConfigOption {
    @Option(
            names = SettingsModel.CONFIG_FLAG,
            paramLabel = "FILE",
            description = "Settings file (default: /etc/aioscope/aioscope.yaml, if it exists).")
    private @Nullable Path file;

    /** The file to read; null if none is named and the default does not exist. */
    public @Nullable Path file() {
        return SettingSources.file(file);
    }
}
