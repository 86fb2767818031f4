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
 * Contexts that belong together: those of a process, a container, a cgroup, a user.
 *
 * @param name what they have in common
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

    /** Contexts by what they have in common, the largest charge first; if no charge is known, the most ring slots. */
    public static List<Holder> group(List<LiveContext> contexts, Function<LiveContext, String> name) {
        Map<String, List<LiveContext>> groups = new LinkedHashMap<>();
        contexts.forEach(context -> groups.computeIfAbsent(name.apply(context), key -> new ArrayList<>())
                .add(context));
        return groups.entrySet().stream()
                .map(group -> new Holder(group.getKey(), group.getValue()))
                .sorted(LARGEST_FIRST)
                .toList();
    }

    /** How many processes they are in. */
    public int processes() {
        return (int) contexts.stream()
                .map(context -> context.owner().pid())
                .distinct()
                .count();
    }

    /** What they charge to fs.aio-nr; null if that could be read of none. */
    public @Nullable Long charge() {
        return sum(LiveContext::charge);
    }

    /** Slots in their rings; null if that could be read of none. */
    public @Nullable Long nrEvents() {
        return sum(LiveContext::nrEvents);
    }

    /** Requests submitted and not completed; null if that could be read of none. */
    public @Nullable Long outstanding() {
        return sum(LiveContext::outstanding);
    }

    /** Requests completed and not read; null if that could be read of none. */
    public @Nullable Long unreaped() {
        return sum(LiveContext::unreaped);
    }

    private @Nullable Long sum(Function<LiveContext, @Nullable Integer> of) {
        List<Integer> seen = contexts.stream().map(of).filter(Objects::nonNull).toList();
        return seen.isEmpty()
                ? null
                : (Long) seen.stream().mapToLong(Integer::longValue).sum();
    }
}
