package dev.aioscope.inventory;

import dev.aioscope.lifecycle.TeardownInProgress;
import java.util.List;

/**
 * The host as one look found it, with what the events before it had told.
 *
 * @param time when the look began, CLOCK_BOOTTIME ns
 * @param snapshot who held what; contexts whose set-up was seen have its time
 * @param inProgress teardowns for which somebody waited, oldest first
 */
public record Scan(long time, Inventory snapshot, List<TeardownInProgress> inProgress) {
    /** Copies the list. */
    public Scan {
        inProgress = List.copyOf(inProgress);
    }
}
