package dev.aioscope.agent;

import dev.aioscope.host.Identity;
import dev.aioscope.lifecycle.Task;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Selects tasks. Several values of one kind mean any of them, several kinds mean all of them; an empty list selects every
 * task.
 *
 * @param pids process ids
 * @param comms thread names, cut to 15 bytes as the kernel does
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

    /** Whether a task of this process is selected. */
    public boolean selects(Task task, Identity identity) {
        Boolean answer = selects(task) ? selects(() -> identity) : (Boolean) false;
        return answer != null && answer;
    }

    /** Whether the task is selected, apart from its executable. Only {@link #ALL} selects an unknown one. */
    boolean selects(@Nullable Task task) {
        return equals(ALL)
                || (task != null
                        && (pids.isEmpty() || pids.contains(task.pid()))
                        && (comms.isEmpty() || comms.contains(task.comm()))
                        && (cgroups.isEmpty() || cgroups.contains(task.cgroup())));
    }

    /**
     * Whether the executable of a selected task is selected.
     *
     * @return null if that is unknown
     */
    @Nullable Boolean selects(Supplier<Identity> identity) {
        return executables.isEmpty() ? (Boolean) true : selectsExecutable(identity.get());
    }

    private @Nullable Boolean selectsExecutable(Identity identity) {
        String path = identity.executablePath();
        String name = identity.executableName();
        return path == null
                ? null
                : (Boolean) executables.stream().anyMatch(wanted -> wanted.equals(wanted.contains("/") ? path : name));
    }
}
