package dev.aioscope.recording;

import dev.aioscope.host.Processes;
import dev.aioscope.lifecycle.LifecycleListener;
import java.io.IOException;
import java.nio.file.Path;

/** Tells recordings again. */
public final class Replays {
    private Replays() {}

    /** What the listeners of the daemon make of a recording. */
    public static String outcome(Path file) throws IOException {
        Recording recording = Recording.open(file);
        try (Processes processes = recording.processes(false)) {
            return ReplayResult.of(
                    recording.replay(null, false),
                    recording.clock(),
                    processes,
                    new LifecycleListener() {},
                    watch -> {});
        }
    }
}
