package dev.aioscope.inventory;

import dev.aioscope.lifecycle.TeardownInProgress;
import java.util.List;

/**
 * The result of one scan, combined with the events before it.
 *
 * @param time when the scan began, CLOCK_BOOTTIME ns
 * @param snapshot the contexts; with setup times where events contained them
 * @param inProgress teardowns in progress, oldest first
 */
public record Scan(long time, Inventory snapshot, List<TeardownInProgress> inProgress) {
    /** Copies the list. */
    public Scan {
        inProgress = List.copyOf(inProgress);
    }
}
