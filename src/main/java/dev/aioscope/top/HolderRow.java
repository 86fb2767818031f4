package dev.aioscope.top;

import dev.aioscope.host.Container;
import dev.aioscope.host.GroupBy;
import dev.aioscope.host.Identity;
import dev.aioscope.inventory.Holder;
import dev.aioscope.inventory.LiveContext;
import dev.aioscope.lifecycle.Task;
import dev.aioscope.lifecycle.TeardownInProgress;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A process, container, cgroup or user in the list.
 *
 * @param key identifies the row in all frames
 * @param name of the group, or comm of the process
 * @param members processes of the group, at least one
 * @param identity of the first member
 * @param contexts live contexts; empty if the processes only have teardowns
 * @param charge charge of the contexts; null if unknown for all of them
 * @param outstanding outstanding requests; null if unknown for all contexts
 * @param unreaped completed requests not yet reaped; null if unknown for all contexts
 * @param destroysPerSecond null if not observed
 * @param latencies how long the teardowns blocked their callers
 * @param oldest duration of the longest teardown in progress, ns; null for none
 */
public record HolderRow(
        String key,
        String name,
        Map<ProcessKey, Task> members,
        Identity identity,
        List<LiveContext> contexts,
        @Nullable Long charge,
        @Nullable Long outstanding,
        @Nullable Long unreaped,
        @Nullable Double destroysPerSecond,
        LatencyHistogram latencies,
        @Nullable Long oldest) {

    /** Collects the members and contexts of a row. */
    private static final class Group {
        private final Map<ProcessKey, Task> members = new LinkedHashMap<>();
        private final List<LiveContext> contexts = new ArrayList<>();
        private @Nullable Long oldest;
    }

    /** The unsorted rows of a frame: processes with live contexts, teardowns in progress, or destroys in the last seconds. */
    static List<HolderRow> of(Frame frame, GroupBy groupBy) {
        Map<String, Group> rows = new LinkedHashMap<>();
        for (LiveContext context : frame.contexts()) {
            group(rows, frame, groupBy, context.owner()).contexts.add(context);
        }
        for (TeardownInProgress teardown : frame.inProgress()) {
            ProcessKey.holder(teardown.known()).ifPresent(task -> {
                Group group = group(rows, frame, groupBy, task);
                long age = teardown.age(frame.scan().time());
                group.oldest = group.oldest == null ? age : Math.max(group.oldest, age);
            });
        }
        for (Activity.ProcessActivity activity : frame.activity().processes().values()) {
            if (activity.destroysPerSecond() != null && activity.destroysPerSecond() > 0) {
                group(rows, frame, groupBy, activity.task());
            }
        }
        return rows.entrySet().stream()
                .map(row -> of(row.getKey(), row.getValue(), frame, groupBy))
                .toList();
    }

    private static Group group(Map<String, Group> rows, Frame frame, GroupBy groupBy, Task task) {
        ProcessKey process = ProcessKey.of(task);
        String key = groupBy == GroupBy.PROCESS
                ? process.pid() + " " + process.start()
                : groupBy.nameOf(frame.identity(process)).orElse("");
        Group group = rows.computeIfAbsent(key, none -> new Group());
        group.members.putIfAbsent(process, task);
        return group;
    }

    private static HolderRow of(String key, Group group, Frame frame, GroupBy groupBy) {
        Map.Entry<ProcessKey, Task> first = group.members.entrySet().iterator().next();
        LatencyHistogram latencies = new LatencyHistogram();
        Double destroys = frame.activity().destroysPerSecond() == null ? null : (Double) 0.0;
        for (ProcessKey member : group.members.keySet()) {
            Activity.ProcessActivity activity = frame.activity().processes().get(member);
            if (activity != null) {
                latencies.add(activity.latencies());
                destroys = activity.destroysPerSecond() == null || destroys == null
                        ? null
                        : (Double) (destroys + activity.destroysPerSecond());
            }
        }
        Holder holder = new Holder(key, group.contexts);
        return new HolderRow(
                key,
                groupBy == GroupBy.PROCESS ? first.getValue().comm() : key,
                Map.copyOf(group.members),
                frame.identity(first.getKey()),
                List.copyOf(group.contexts),
                group.contexts.isEmpty() ? (Long) 0L : holder.charge(),
                group.contexts.isEmpty() ? (Long) 0L : holder.outstanding(),
                group.contexts.isEmpty() ? (Long) 0L : holder.unreaped(),
                destroys,
                latencies,
                group.oldest);
    }

    /** Whether a name contains this text, ignoring case, or a process ID equals it. */
    boolean matches(String text) {
        String lowerCase = text.toLowerCase(Locale.ROOT);
        Stream<@Nullable String> names = Stream.of(
                name,
                identity.command(),
                identity.user(),
                identity.cgroup(),
                identity.container().map(Container::uniqueLabel).orElse(null));
        return members.keySet().stream()
                        .anyMatch(member -> Integer.toString(member.pid()).equals(lowerCase))
                || names.filter(Objects::nonNull)
                        .anyMatch(has -> has.toLowerCase(Locale.ROOT).contains(lowerCase));
    }

    /** The command line of the process, or the name in brackets if unknown. */
    String command() {
        String command = identity.command();
        return command == null ? "[" + name + "]" : command;
    }

    /** The process ID; null for a group. */
    @Nullable Integer pid(GroupBy groupBy) {
        return groupBy == GroupBy.PROCESS
                ? (Integer) members.keySet().iterator().next().pid()
                : null;
    }

    /** The latest lines of the members, newest first. */
    List<ActivityLine> latest(Frame frame) {
        return members.keySet().stream()
                .map(frame.activity().processes()::get)
                .filter(Objects::nonNull)
                .map(Activity.ProcessActivity::latest)
                .flatMap(Collection::stream)
                .sorted((a, b) -> Long.compare(b.time(), a.time()))
                .toList();
    }
}
