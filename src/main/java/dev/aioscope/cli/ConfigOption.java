package dev.aioscope.cli;

import dev.aioscope.config.Sources;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The option that names the settings file. */
final class ConfigOption {
    static final String NAME = "--config";

    @Option(
            names = NAME,
            paramLabel = "FILE",
            description = "The settings file (default: /etc/aioscope/aioscope.yaml if it is there).")
    private @Nullable Path file;

    /** The file to read; null if there is none. */
    @Nullable Path file() {
        return Sources.file(file);
    }
}
