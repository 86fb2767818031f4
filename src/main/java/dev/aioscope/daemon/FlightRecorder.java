package dev.aioscope.daemon;

import dev.aioscope.daemon.DaemonOptions.RecorderSettings;
import dev.aioscope.kernel.WallClock;
import dev.aioscope.recording.Recorder;
import dev.aioscope.recording.Storage;
import java.io.IOException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Starts the daemon's flight recorder. */
final class FlightRecorder {
    private static final Logger LOG = LoggerFactory.getLogger("aioscope");

    private FlightRecorder() {}

    /** Starts to record. Returns null if the settings turn the recorder off, or if it cannot start, which it logs. */
    static @Nullable Recorder start(RecorderSettings settings, WallClock clock) {
        if (settings.bytes() == 0) {
            return null;
        }
        try {
            return new Recorder(Storage.ring(settings.directory(), settings.bytes()), clock);
        } catch (IOException e) {
            LOG.warn(
                    "cannot start the flight recorder: {} ({}) (hint: set recorder-directory, or recorder-size to off)",
                    e.getMessage(),
                    e.getClass().getSimpleName());
            return null;
        }
    }
}
