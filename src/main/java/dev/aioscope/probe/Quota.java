package dev.aioscope.probe;

import dev.aioscope.kernel.BootClock;
import dev.aioscope.kernel.Host;
import org.jspecify.annotations.Nullable;

/**
 * The quota of a host at one moment.
 *
 * @param time of the reading, CLOCK_BOOTTIME ns
 * @param aioNr fs.aio-nr; null if unknown
 * @param aioMaxNr fs.aio-max-nr; null if unknown
 */
public record Quota(
        long time, @Nullable Long aioNr, @Nullable Long aioMaxNr) {
    /** Reads the quota of this host. */
    public static Quota read() {
        return new Quota(
                BootClock.now(), Host.aioNr().orElse(null), Host.aioMaxNr().orElse(null));
    }
}
