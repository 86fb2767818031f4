package dev.aioscope.cli.option;

import dev.aioscope.config.SettingSources;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The option that names the settings file. */
public final class ConfigOption {
    public static final String NAME = "--config";

    @Option(
            names = NAME,
            paramLabel = "FILE",
            description = "The settings file (default: /etc/aioscope/aioscope.yaml if it is there).")
    private @Nullable Path file;

    /** The file to read; null if there is none. */
    public @Nullable Path file() {
        return SettingSources.file(file);
    }
}
