package dev.aioscope.top;

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
import java.util.function.Predicate;
import java.util.stream.Stream;

/**
 * All that can be shown of one moment.
 *
 * @param view who held what, and what went on
 * @param figures what had happened before
 * @param identities who the processes are, as far as it is known yet
 * @param wanted whose contexts and teardowns are shown; the sums are those of all
 * @param lost events, and times of a probe, that were lost
 * @param epochOffset what to add to the picture's times to have ns since the epoch
 */
public record Frame(
        Scan view,
        Activity.Figures figures,
        Map<ProcessKey, Identity> identities,
        Predicate<Task> wanted,
        long lost,
        long epochOffset) {

    /**
     * A picture of what is known now.
     *
     * @param identities asked for what they know; nobody waits for what they do not
     */
    public static Frame of(
            Scan view,
            Activity.Figures figures,
            Identities identities,
            Predicate<Task> wanted,
            long lost,
            long epochOffset) {
        Map<ProcessKey, Identity> known = new HashMap<>();
        processes(view, figures).forEach((key, task) -> known.put(key, identities.of(task, 0, false)));
        return new Frame(view, figures, known, wanted, lost, epochOffset);
    }

    /** A thread of each process that is in it. */
    private static Map<ProcessKey, Task> processes(Scan view, Activity.Figures figures) {
        Map<ProcessKey, Task> processes = new HashMap<>();
        Stream.of(
                        view.snapshot().contexts().stream().map(LiveContext::owner),
                        view.inProgress().stream()
                                .map(teardown -> ProcessKey.holder(teardown.known()))
                                .flatMap(Optional::stream),
                        figures.processes().values().stream().map(Activity.Doings::task))
                .flatMap(tasks -> tasks)
                .forEach(task -> processes.putIfAbsent(ProcessKey.of(task), task));
        return processes;
    }

    /** The contexts that are shown. */
    List<LiveContext> contexts() {
        return view.snapshot().contexts().stream()
                .filter(context -> wanted.test(context.owner()))
                .toList();
    }

    /** The teardowns in progress that are shown. */
    List<TeardownInProgress> inProgress() {
        return view.inProgress().stream()
                .filter(teardown ->
                        ProcessKey.holder(teardown.known()).filter(wanted).isPresent())
                .toList();
    }

    /** Who this is; with nothing in it if that is not known. */
    Identity identity(ProcessKey process) {
        return identities.getOrDefault(process, Identity.UNKNOWN);
    }
}
