package dev.aioscope.probe;

import org.jspecify.annotations.Nullable;

/**
 * What was lost since the probes were attached. An event that was lost is counted here and nowhere else.
 *
 * @param ringFull records for which the ring buffer had no room
 * @param mapFull calls whose entry could not be remembered
 * @param corrupt records that were not what the probes send; of a recording also those that it has lost
 * @param missed times that the kernel skipped a probe, because it was hit while another one ran on that CPU; null where
 *     the kernel does not count it: for kprobes before 6.7
 */
public record Losses(
        long ringFull, long mapFull, long corrupt, @Nullable Long missed) {

    /** All of them. */
    public long total() {
        return ringFull + mapFull + corrupt + (missed == null ? 0 : missed);
    }
}
