package dev.aioscope.guest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aioscope.event.WaitsFor;
import dev.aioscope.lifecycle.Task;
import dev.aioscope.lifecycle.TeardownInProgress;
import java.util.List;
import java.util.Objects;

/** Looks at teardowns that do not end. */
final class Stuck {
    private Stuck() {}

    /** Those of this process, as a look finds them now. */
    static List<TeardownInProgress> inProgress(Agent agent, int pid) {
        agent.lookAround();
        return known(agent, pid);
    }

    private static List<TeardownInProgress> known(Agent agent, int pid) {
        return agent.lifecycle().teardownsInProgress().stream()
                .filter(going -> isOf(going.known().caller(), pid)
                        || isOf(going.known().context().owner(), pid))
                .toList();
    }

    private static boolean isOf(Task task, int pid) {
        return task != null && task.pid() == pid;
    }

    /** Looks until the only one of this process waits for this. */
    static TeardownInProgress await(Agent agent, int pid, WaitsFor waitsFor) {
        agent.readUntil(
                pid + " waits for " + waitsFor,
                () -> inProgress(agent, pid).stream().anyMatch(going -> going.waitsFor() == waitsFor));
        return Objects.requireNonNull(
                assertThat(known(agent, pid).stream().filter(going -> going.waitsFor() == waitsFor))
                        .singleElement()
                        .actual());
    }
}
