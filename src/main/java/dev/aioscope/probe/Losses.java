package dev.aioscope.probe;

import org.jspecify.annotations.Nullable;

/**
 * What the probes lost since they were attached. A lost event counts here and nowhere else.
 *
 * @param ringFull records without room in the ring buffer
 * @param mapFull calls without room to store their entry
 * @param identity identities of processes without room in the ring buffer; the next io_setup of the process tries again
 * @param corrupt invalid records; for a recording also the records that it lost
 * @param missed hits that the kernel skipped because another program ran on that CPU; null if the kernel does not count
 *     them: for kprobes before 6.7
 */
public record Losses(
        long ringFull,
        long mapFull,
        long identity,
        long corrupt,
        @Nullable Long missed) {

    /** The sum. */
    public long total() {
        return ringFull + mapFull + identity + corrupt + (missed == null ? 0 : missed);
    }
}
