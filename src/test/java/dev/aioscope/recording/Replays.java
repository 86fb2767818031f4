package dev.aioscope.recording;

import dev.aioscope.host.Processes;
import dev.aioscope.lifecycle.LifecycleListener;
import java.io.IOException;
import java.nio.file.Path;

/** Replays recordings. */
public final class Replays {
    private Replays() {}

    /** The spans, metrics and verdicts of a recording, as text. */
    public static String outcome(Path file) throws IOException {
        Recording recording = Recording.open(file);
        try (Processes processes = recording.processes(false)) {
            return ReplayResult.of(
                    recording.replay(null, false),
                    recording.clock(),
                    processes,
                    new LifecycleListener() {},
                    cycle -> {});
        }
    }
}
