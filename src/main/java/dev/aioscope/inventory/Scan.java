package dev.aioscope.inventory;

import dev.aioscope.lifecycle.TeardownInProgress;
import java.util.List;

/**
 * The result of one scan, combined with the events before it.
 *
 * @param time when the scan began, CLOCK_BOOTTIME ns
 * @param inventory the contexts; with setup times where events contained them
 * @param inProgress teardowns in progress, oldest first
 */
public record Scan(long time, Inventory inventory, List<TeardownInProgress> inProgress) {
    /** Copies the list. */
    public Scan {
        inProgress = List.copyOf(inProgress);
    }
}
