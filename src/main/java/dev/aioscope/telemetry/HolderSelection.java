package dev.aioscope.telemetry;

import dev.aioscope.telemetry.HolderMetrics.Holding;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Selects after each scan the holders with their own series: the largest by charge or, if that is unknown, by contexts. A
 * holder keeps its series until another one holds clearly more, or until it has held nothing for several scans. So series
 * do not flap, and their number is bounded. A namespace has at most half of them, and a pod a quarter: one with more has its
 * own series for the others.
 */
final class HolderSelection {
    /** A holder takes the series of the smallest one when it holds this many times as much. */
    private static final double CLEARLY_MORE = 1.25;

    /** A series ends after this many consecutive scans without contexts; a program can restart meanwhile. */
    private static final int PATIENCE = 12;

    /** The shares of one namespace and of one pod in the series. */
    private static final int NAMESPACE_SHARE = 2;

    private static final int POD_SHARE = 4;

    private final List<SeriesGroup> groups;

    /** The holders with their own series, and for how many consecutive scans each has held nothing. */
    private final Map<HolderKey, Integer> chosen = new HashMap<>();

    /**
     * Holders of which a limited number have their own series.
     *
     * @param of the group of a holder; null if it is in none
     * @param others sums up the holders of the group without their own series
     */
    private record SeriesGroup(int limit, Function<HolderKey, @Nullable Object> of, UnaryOperator<HolderKey> others) {
        boolean isSame(HolderKey one, HolderKey other) {
            Object group = of.apply(one);
            return group != null && group.equals(of.apply(other));
        }
    }

    HolderSelection(int limit) {
        groups = List.of(
                new SeriesGroup(share(limit, POD_SHARE), HolderSelection::pod, HolderKey::othersOfPod),
                new SeriesGroup(
                        share(limit, NAMESPACE_SHARE), key -> key.names().namespace(), HolderKey::othersOfNamespace),
                new SeriesGroup(limit, key -> "all", key -> HolderKey.OTHERS));
    }

    private static int share(int limit, int share) {
        return (limit + share - 1) / share;
    }

    private static @Nullable Object pod(HolderKey key) {
        HolderKey.Names names = key.names();
        return names.podUid() != null ? names.podUid() : names.pod();
    }

    /** The holdings to show, {@link HolderKey#OTHERS} last. */
    Map<HolderKey, Holding> select(Map<HolderKey, Holding> all) {
        refresh(all);
        List<HolderKey> candidates = all.keySet().stream()
                .filter(key -> !chosen.containsKey(key))
                .sorted(Comparator.comparingLong((HolderKey key) -> size(all, key))
                        .reversed()
                        .thenComparing(HolderKey::toString))
                .toList();
        for (HolderKey candidate : candidates) {
            Optional<SeriesGroup> full = full(candidate);
            if (full.isEmpty() || makesRoom(all, candidate, full.get())) {
                chosen.put(candidate, 0);
            }
        }
        Map<HolderKey, Holding> shown = new LinkedHashMap<>();
        chosen.keySet().forEach(key -> shown.put(key, Holding.NOTHING));
        all.forEach((key, holding) -> shown.merge(seriesOf(key), holding, Holding::plus));
        Holding others = shown.remove(HolderKey.OTHERS);
        shown.put(HolderKey.OTHERS, others == null ? Holding.NOTHING : others);
        return shown;
    }

    /** The holder itself if it has its own series, else the one that sums up all others of its pod, namespace or host. */
    HolderKey seriesOf(HolderKey key) {
        return chosen.containsKey(key)
                ? key
                : full(key).map(group -> group.others.apply(key)).orElse(HolderKey.OTHERS);
    }

    /** Ages the chosen holders, and takes over names that have become known. */
    private void refresh(Map<HolderKey, Holding> all) {
        Map<HolderKey, HolderKey> current = new HashMap<>();
        all.keySet().forEach(key -> current.put(key, key));
        Map<HolderKey, Integer> aged = new HashMap<>();
        chosen.forEach((key, scans) -> {
            HolderKey same = current.get(key);
            aged.put(same == null ? key : same, same == null ? scans + 1 : 0);
        });
        aged.values().removeIf(scans -> scans > PATIENCE);
        chosen.clear();
        chosen.putAll(aged);
    }

    /** The smallest group of a holder that has all its series; empty if the holder can have one. */
    private Optional<SeriesGroup> full(HolderKey key) {
        return groups.stream()
                .filter(group -> chosen.keySet().stream()
                                .filter(other -> group.isSame(key, other))
                                .count()
                        >= group.limit)
                .findFirst();
    }

    private boolean makesRoom(Map<HolderKey, Holding> all, HolderKey candidate, SeriesGroup group) {
        HolderKey smallest = chosen.keySet().stream()
                .filter(key -> group.isSame(candidate, key))
                .min(Comparator.comparingLong((HolderKey key) -> size(all, key)).thenComparing(HolderKey::toString))
                .orElseThrow();
        if (size(all, candidate) <= size(all, smallest) * CLEARLY_MORE) {
            return false;
        }
        chosen.remove(smallest);
        return true;
    }

    private static long size(Map<HolderKey, Holding> all, HolderKey key) {
        return all.getOrDefault(key, Holding.NOTHING).size();
    }
}
