package dev.aioscope.daemon;

import dev.aioscope.daemon.DaemonOptions.RecorderSettings;
import dev.aioscope.kernel.WallClock;
import dev.aioscope.recording.Recorder;
import dev.aioscope.recording.Storage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Starts the daemon's flight recorder. */
final class FlightRecorder {
    private static final Logger LOG = LoggerFactory.getLogger("aioscope");
    private static final String DIRECTORY = "/var/lib/aioscope";

    private FlightRecorder() {}

    /** Starts to record. Returns null if the settings turn the recorder off, or if it cannot start, which it logs. */
    static @Nullable Recorder start(RecorderSettings settings, WallClock clock, Map<String, String> environment) {
        if (settings.bytes() == 0) {
            return null;
        }
        try {
            return new Recorder(Storage.ring(directory(settings, environment), settings.bytes()), clock);
        } catch (IOException e) {
            LOG.warn(
                    "cannot start the flight recorder: {} ({}) (hint: set recorder-directory, or recorder-size to off)",
                    e.getMessage(),
                    e.getClass().getSimpleName());
            return null;
        }
    }

    private static Path directory(RecorderSettings settings, Map<String, String> environment) {
        if (settings.directory() != null) {
            return settings.directory();
        }
        String states = environment.getOrDefault("STATE_DIRECTORY", "");
        return Path.of(states.isEmpty() ? DIRECTORY : states.split(":", 2)[0]);
    }
}
