package dev.aioscope.inventory;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The contexts of one process, container, cgroup or user.
 *
 * @param name the name of the group
 * @param contexts one or more
 */
public record Holder(String name, List<LiveContext> contexts) {
    private static final Comparator<@Nullable Long> NUMBERS = Comparator.nullsFirst(Comparator.naturalOrder());

    private static final Comparator<Holder> LARGEST_FIRST = Comparator.comparing(Holder::charge, NUMBERS)
            .thenComparing(Holder::nrEvents, NUMBERS)
            .reversed()
            .thenComparing(Holder::name);

    /** Copies the contexts. */
    public Holder {
        contexts = List.copyOf(contexts);
    }

    /** Groups contexts by name: largest charge first, or most ring slots first if no charge is known. */
    public static List<Holder> group(List<LiveContext> contexts, Function<LiveContext, String> name) {
        Map<String, List<LiveContext>> groups = new LinkedHashMap<>();
        contexts.forEach(context -> groups.computeIfAbsent(name.apply(context), key -> new ArrayList<>())
                .add(context));
        return groups.entrySet().stream()
                .map(group -> new Holder(group.getKey(), group.getValue()))
                .sorted(LARGEST_FIRST)
                .toList();
    }

    /** Number of processes that own the contexts. */
    public int processes() {
        return (int) contexts.stream()
                .map(context -> context.owner().pid())
                .distinct()
                .count();
    }

    /** Their charge to fs.aio-nr; null if no charge is readable. */
    public @Nullable Long charge() {
        return sum(LiveContext::charge);
    }

    /** Slots in their rings; null if no ring is readable. */
    public @Nullable Long nrEvents() {
        return sum(LiveContext::nrEvents);
    }

    /** Outstanding requests; null if no count is readable. */
    public @Nullable Long outstanding() {
        return sum(LiveContext::outstanding);
    }

    /** Requests completed and not read; null if no count is readable. */
    public @Nullable Long unreaped() {
        return sum(LiveContext::unreaped);
    }

    private @Nullable Long sum(Function<LiveContext, @Nullable Integer> value) {
        List<Integer> known =
                contexts.stream().map(value).filter(Objects::nonNull).toList();
        return known.isEmpty()
                ? null
                : (Long) known.stream().mapToLong(Integer::longValue).sum();
    }
}
