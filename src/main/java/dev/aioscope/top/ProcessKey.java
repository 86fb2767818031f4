package dev.aioscope.top;

import dev.aioscope.lifecycle.Task;
import dev.aioscope.lifecycle.Teardown;
import java.util.Optional;

/**
 * Tells a process from all others, also from one that had or will have its number.
 *
 * @param pid its number
 * @param start when it began, CLOCK_BOOTTIME ns
 */
public record ProcessKey(int pid, long start) {
    /** That of a thread. */
    public static ProcessKey of(Task task) {
        return new ProcessKey(task.pid(), task.processStart());
    }

    /** The thread to which a teardown is laid: one of the context's owner, or else the caller. */
    static Optional<Task> holder(Teardown teardown) {
        return Optional.ofNullable(teardown.context().owner()).or(() -> Optional.ofNullable(teardown.caller()));
    }
}
