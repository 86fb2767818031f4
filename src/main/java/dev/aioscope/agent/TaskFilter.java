package dev.aioscope.agent;

import dev.aioscope.host.Identity;
import dev.aioscope.lifecycle.Task;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Selects tasks by their processes. Several values of one kind mean any of them, several kinds mean all of them; an empty
 * list selects every task.
 *
 * @param pids process ids
 * @param comms names of main threads, cut to 15 bytes as the kernel does
 * @param cgroups cgroup v2 ids
 * @param executables file names of executables, or paths if they contain a slash
 */
public record TaskFilter(List<Integer> pids, List<String> comms, List<Long> cgroups, List<String> executables) {
    /** Selects every task. */
    public static final TaskFilter ALL = new TaskFilter(List.of(), List.of(), List.of(), List.of());

    /** Copies the lists. */
    public TaskFilter {
        pids = List.copyOf(pids);
        comms = List.copyOf(comms);
        cgroups = List.copyOf(cgroups);
        executables = List.copyOf(executables);
    }

    /**
     * Whether a task is selected. Only {@link #ALL} selects an unknown task.
     *
     * @param identity of its process; called only if the answer depends on it
     * @return null if the answer depends on a component of the identity that is unknown
     */
    public @Nullable Boolean selects(@Nullable Task task, Supplier<Identity> identity) {
        if (equals(ALL)) {
            return true;
        }
        if (task == null
                || !(pids.isEmpty() || pids.contains(task.pid()))
                || !(cgroups.isEmpty() || cgroups.contains(task.cgroup()))) {
            return false;
        }
        Boolean byComm = comms.isEmpty() ? (Boolean) true : selectsComm(task, identity);
        return (Boolean.FALSE.equals(byComm) || executables.isEmpty())
                ? byComm
                : and(byComm, selectsExecutable(identity.get()));
    }

    private static @Nullable Boolean and(@Nullable Boolean one, @Nullable Boolean other) {
        return (one == null && Boolean.TRUE.equals(other)) ? null : other;
    }

    /** A main thread has its own name; the identity has the name of that of another thread. */
    private @Nullable Boolean selectsComm(Task task, Supplier<Identity> identity) {
        String comm = task.tid() == task.pid() ? task.comm() : identity.get().comm();
        return comm == null ? null : (Boolean) comms.contains(comm);
    }

    private @Nullable Boolean selectsExecutable(Identity identity) {
        String path = identity.executablePath();
        String name = identity.executableName();
        return path == null
                ? null
                : (Boolean) executables.stream().anyMatch(wanted -> wanted.equals(wanted.contains("/") ? path : name));
    }
}
