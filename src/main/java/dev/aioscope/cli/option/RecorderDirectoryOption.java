package dev.aioscope.cli.option;

import dev.aioscope.config.Configurable;
import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Where the daemon's flight recorder keeps its files. */
public final class RecorderDirectoryOption {
    private static final String DEFAULT_DIRECTORY = "/var/lib/aioscope";

    @Configurable(everywhere = true)
    @Option(
            names = "--recorder-directory",
            paramLabel = "DIR",
            description = {
                "Directory of the flight recorder's files.",
                "The default is STATE_DIRECTORY, which systemd sets, or " + DEFAULT_DIRECTORY + "."
            })
    private @Nullable Path directory;

    /** The directory, in this environment. */
    public Path directory(Map<String, String> environment) {
        if (directory != null) {
            return directory;
        }
        String states = environment.getOrDefault("STATE_DIRECTORY", "");
        return Path.of(states.isEmpty() ? DEFAULT_DIRECTORY : states.split(":", 2)[0]);
    }
}
