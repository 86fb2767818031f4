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
 * A process, container, cgroup or user in the main list.
 *
 * @param key tells it from the others, also in the next picture
 * @param name of the group; of a process its comm
 * @param members the processes in it, of which it has one at least
 * @param identity of the first of them
 * @param contexts that it holds; none if it only ends some
 * @param charge what they charge; null if that was seen of none
 * @param outstanding requests submitted and not completed; null if that was seen of none
 * @param unreaped requests completed and not read; null if that was seen of none
 * @param destroysPerSecond null if that is not seen
 * @param waits of its teardowns
 * @param oldest how long its longest teardown has been in progress, ns; null for none
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
        LatencyHistogram waits,
        @Nullable Long oldest) {

    /** What a row is made of. */
    private static final class Parts {
        private final Map<ProcessKey, Task> members = new LinkedHashMap<>();
        private final List<LiveContext> contexts = new ArrayList<>();
        private @Nullable Long oldest;
    }

    /**
     * The rows of a picture, in no order: those who hold contexts, wait for the end of some, or have ended some in the last
     * seconds.
     */
    static List<HolderRow> of(Frame picture, GroupBy by) {
        Map<String, Parts> rows = new LinkedHashMap<>();
        for (LiveContext context : picture.contexts()) {
            parts(rows, picture, by, context.owner()).contexts.add(context);
        }
        for (TeardownInProgress teardown : picture.inProgress()) {
            ProcessKey.holder(teardown.known()).ifPresent(task -> {
                Parts parts = parts(rows, picture, by, task);
                long age = teardown.age(picture.view().time());
                parts.oldest = parts.oldest == null ? age : Math.max(parts.oldest, age);
            });
        }
        for (Activity.Doings doings : picture.figures().processes().values()) {
            if (doings.destroysPerSecond() != null && doings.destroysPerSecond() > 0) {
                parts(rows, picture, by, doings.task());
            }
        }
        return rows.entrySet().stream()
                .map(row -> of(row.getKey(), row.getValue(), picture, by))
                .toList();
    }

    private static Parts parts(Map<String, Parts> rows, Frame picture, GroupBy by, Task task) {
        ProcessKey process = ProcessKey.of(task);
        String key = by == GroupBy.PROCESS
                ? process.pid() + " " + process.start()
                : by.nameOf(picture.identity(process)).orElse("");
        Parts parts = rows.computeIfAbsent(key, none -> new Parts());
        parts.members.putIfAbsent(process, task);
        return parts;
    }

    private static HolderRow of(String key, Parts parts, Frame picture, GroupBy by) {
        Map.Entry<ProcessKey, Task> first = parts.members.entrySet().iterator().next();
        LatencyHistogram waits = new LatencyHistogram();
        Double destroys = picture.figures().destroysPerSecond() == null ? null : (Double) 0.0;
        for (ProcessKey member : parts.members.keySet()) {
            Activity.Doings doings = picture.figures().processes().get(member);
            if (doings != null) {
                waits.add(doings.waits());
                destroys = doings.destroysPerSecond() == null || destroys == null
                        ? null
                        : (Double) (destroys + doings.destroysPerSecond());
            }
        }
        Holder holder = new Holder(key, parts.contexts);
        return new HolderRow(
                key,
                by == GroupBy.PROCESS ? first.getValue().comm() : key,
                Map.copyOf(parts.members),
                picture.identity(first.getKey()),
                List.copyOf(parts.contexts),
                parts.contexts.isEmpty() ? (Long) 0L : holder.charge(),
                parts.contexts.isEmpty() ? (Long) 0L : holder.outstanding(),
                parts.contexts.isEmpty() ? (Long) 0L : holder.unreaped(),
                destroys,
                waits,
                parts.oldest);
    }

    /** Whether any of its names or numbers has this text in it. */
    boolean matches(String text) {
        String wanted = text.toLowerCase(Locale.ROOT);
        Stream<@Nullable String> names = Stream.of(
                name,
                identity.command(),
                identity.user(),
                identity.cgroup(),
                identity.container().map(Container::label).orElse(null));
        return members.keySet().stream()
                        .anyMatch(member -> Integer.toString(member.pid()).equals(wanted))
                || names.filter(Objects::nonNull)
                        .anyMatch(has -> has.toLowerCase(Locale.ROOT).contains(wanted));
    }

    /** The command line of its process, or its name in brackets if that is not known. */
    String command() {
        String command = identity.command();
        return command == null ? "[" + name + "]" : command;
    }

    /** The number of its process; null for a group. */
    @Nullable Integer pid(GroupBy by) {
        return by == GroupBy.PROCESS
                ? (Integer) members.keySet().iterator().next().pid()
                : null;
    }

    /** What happened to contexts of its processes, the newest first. */
    List<ActivityLine> latest(Frame picture) {
        return members.keySet().stream()
                .map(picture.figures().processes()::get)
                .filter(Objects::nonNull)
                .map(Activity.Doings::latest)
                .flatMap(Collection::stream)
                .sorted((a, b) -> Long.compare(b.time(), a.time()))
                .toList();
    }
}
