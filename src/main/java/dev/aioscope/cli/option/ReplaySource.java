package dev.aioscope.cli.option;

import dev.aioscope.probe.Probes;
import dev.aioscope.recording.Recording;
import java.io.IOException;
import java.io.UncheckedIOException;
import org.jspecify.annotations.Nullable;

/**
 * What a command is given instead of this host.
 *
 * @param recording what is told again
 * @param speed how many times faster than it happened; null for as fast as can be
 */
public record ReplaySource(Recording recording, @Nullable Double speed) {
    /**
     * Tells it from its beginning.
     *
     * @param lingers whether it is never over
     */
    Probes probes(boolean lingers) {
        try {
            return recording.replay(speed, lingers);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
