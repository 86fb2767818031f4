package dev.aioscope.lifecycle;

/**
 * A teardown that goes on.
 *
 * @param known what is known so far; its end is {@link Teardown.End#IN_PROGRESS}
 * @param seenSince when it was first seen, CLOCK_BOOTTIME ns. It began earlier if {@code known} has neither a call time
 *     nor the time of kill_ioctx: then only a look found it
 */
public record TeardownInProgress(Teardown known, long seenSince) {}
