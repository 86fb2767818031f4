package dev.aioscope.lifecycle;

import dev.aioscope.event.Event;
import org.jspecify.annotations.Nullable;

/**
 * The thread that did something.
 *
 * @param pid the process (thread group)
 * @param tid the thread
 * @param comm the thread's name at that moment
 * @param cgroup id of its cgroup v2
 * @param processStart when the process began, CLOCK_BOOTTIME ns: tells it from another one that had or will have its
 *     number; 0 if it was not seen
 */
public record Task(int pid, int tid, String comm, long cgroup, long processStart) {
    /** The one that a record tells of. */
    public static Task of(Event event) {
        return new Task(event.pid(), event.tid(), event.comm(), event.cgroup(), event.processStart());
    }

    /** When the process began; null if it was not seen. */
    public @Nullable Long beginning() {
        return processStart == 0 ? null : (Long) processStart;
    }

    /** Whether both are threads of one process, as far as it was seen when that began. */
    boolean isOfSameProcess(Task other) {
        return pid == other.pid && (processStart == other.processStart || processStart == 0 || other.processStart == 0);
    }
}
