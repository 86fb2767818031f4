package dev.aioscope.top;

import dev.aioscope.agent.TaskFilter;
import dev.aioscope.host.Identities;
import dev.aioscope.host.Identity;
import dev.aioscope.inventory.LiveContext;
import dev.aioscope.inventory.Scan;
import dev.aioscope.lifecycle.Task;
import dev.aioscope.lifecycle.TeardownInProgress;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The data of one screen.
 *
 * @param scan contexts and teardowns in progress
 * @param activity rates and latest lines up to the scan
 * @param identities identities known so far
 * @param filter selects the processes to show; sums include all processes
 * @param lost lost events and missed probe runs
 * @param epochOffset offset from the times of the scan to ns since the epoch
 */
public record Frame(
        Scan scan,
        Activity.HostActivity activity,
        Map<ProcessKey, Identity> identities,
        TaskFilter filter,
        long lost,
        long epochOffset) {

    /** A frame with the identities that are already known; never blocks to read others. */
    public static Frame of(
            Scan scan,
            Activity.HostActivity activity,
            Identities identities,
            TaskFilter filter,
            long lost,
            long epochOffset) {
        Map<ProcessKey, Identity> known = new HashMap<>();
        processes(scan, activity).forEach((key, task) -> known.put(key, identities.of(task)));
        return new Frame(scan, activity, known, filter, lost, epochOffset);
    }

    /** One thread of each process in the frame. */
    private static Map<ProcessKey, Task> processes(Scan scan, Activity.HostActivity activity) {
        Map<ProcessKey, Task> processes = new HashMap<>();
        Stream.of(
                        scan.inventory().contexts().stream().map(LiveContext::owner),
                        scan.inProgress().stream()
                                .map(teardown -> ProcessKey.holder(teardown.known()))
                                .flatMap(Optional::stream),
                        activity.processes().values().stream().map(Activity.ProcessActivity::task))
                .flatMap(tasks -> tasks)
                .forEach(task -> processes.putIfAbsent(ProcessKey.of(task), task));
        return processes;
    }

    /** The contexts to show. */
    List<LiveContext> contexts() {
        return scan.inventory().contexts().stream()
                .filter(context -> isSelected(context.owner()))
                .toList();
    }

    /** The teardowns in progress to show. */
    List<TeardownInProgress> inProgress() {
        return scan.inProgress().stream()
                .filter(teardown -> ProcessKey.holder(teardown.known())
                        .filter(this::isSelected)
                        .isPresent())
                .toList();
    }

    private boolean isSelected(Task task) {
        return Boolean.TRUE.equals(filter.selects(task, () -> identity(ProcessKey.of(task))));
    }

    /** The identity of a process; {@link Identity#UNKNOWN} if not known yet. */
    Identity identity(ProcessKey process) {
        return identities.getOrDefault(process, Identity.UNKNOWN);
    }
}
