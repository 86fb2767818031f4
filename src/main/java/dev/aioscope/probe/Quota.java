package dev.aioscope.probe;

import dev.aioscope.kernel.BootClock;
import dev.aioscope.kernel.Host;
import org.jspecify.annotations.Nullable;

/**
 * The quota at one moment.
 *
 * @param time when it was read, CLOCK_BOOTTIME ns
 * @param aioNr fs.aio-nr; null on a kernel that does not tell
 * @param aioMaxNr fs.aio-max-nr; null on a kernel that does not tell
 */
public record Quota(
        long time, @Nullable Long aioNr, @Nullable Long aioMaxNr) {
    /** That of this host, now. */
    public static Quota read() {
        return new Quota(
                BootClock.now(), Host.aioNr().orElse(null), Host.aioMaxNr().orElse(null));
    }
}
