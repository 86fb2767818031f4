package dev.aioscope.lifecycle;

import dev.aioscope.event.Event;
import org.jspecify.annotations.Nullable;

/**
 * A thread at one moment.
 *
 * @param pid the process (thread group)
 * @param tid the thread
 * @param comm the name of the thread
 * @param cgroup id of its cgroup v2
 * @param processStart when the process began, CLOCK_BOOTTIME ns: distinguishes processes that have the same pid one
 *     after the other; 0 if unknown
 */
public record Task(int pid, int tid, String comm, long cgroup, long processStart) {
    /** The thread of a record. */
    public static Task of(Event event) {
        return new Task(event.pid(), event.tid(), event.comm(), event.cgroup(), event.processStart());
    }

    /** When the process began; null if unknown. */
    public @Nullable Long beginning() {
        return processStart == 0 ? null : (Long) processStart;
    }

    /** Whether both are threads of one process; an unknown start time matches any. */
    boolean isOfSameProcess(Task other) {
        return pid == other.pid && (processStart == other.processStart || processStart == 0 || other.processStart == 0);
    }
}
