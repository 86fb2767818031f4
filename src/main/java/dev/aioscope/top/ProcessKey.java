package dev.aioscope.top;

import dev.aioscope.lifecycle.Task;
import dev.aioscope.lifecycle.Teardown;
import java.util.Optional;

/**
 * Identifies a process even if its PID is reused.
 *
 * @param pid process ID
 * @param start start of the process, CLOCK_BOOTTIME ns
 */
public record ProcessKey(int pid, long start) {
    /** The process of a thread. */
    public static ProcessKey of(Task task) {
        return new ProcessKey(task.pid(), task.processStart());
    }

    /** The thread that a teardown is attributed to: the context's owner, or else the caller. */
    static Optional<Task> holder(Teardown teardown) {
        return Optional.ofNullable(teardown.context().owner()).or(() -> Optional.ofNullable(teardown.caller()));
    }
}
