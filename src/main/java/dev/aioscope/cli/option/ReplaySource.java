package dev.aioscope.cli.option;

import dev.aioscope.probe.Probes;
import dev.aioscope.recording.Recording;
import java.io.IOException;
import java.io.UncheckedIOException;
import org.jspecify.annotations.Nullable;

/**
 * A recording that replaces this host.
 *
 * @param speed as a multiple of the original speed; null for the maximum
 */
public record ReplaySource(Recording recording, @Nullable Double speed) {
    /**
     * Replays the recording from its beginning.
     *
     * @param lingers whether to stay open after its end
     */
    Probes probes(boolean lingers) {
        try {
            return recording.replay(speed, lingers);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
