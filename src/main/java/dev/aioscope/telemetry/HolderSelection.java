package dev.aioscope.telemetry;

import dev.aioscope.telemetry.HolderMetrics.HolderKey;
import dev.aioscope.telemetry.HolderMetrics.Holding;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Selects after each scan the holders with their own series: the largest by charge or, if that is unknown, by contexts. A
 * holder keeps its series until another one holds clearly more, or until it has held nothing for several scans. So series
 * do not flap, and their number is bounded.
 */
final class HolderSelection {
    /** A holder takes the series of the smallest one when it holds this many times as much. */
    private static final double CLEARLY_MORE = 1.25;

    /** A series ends after this many consecutive scans without contexts; a program can restart meanwhile. */
    private static final int PATIENCE = 12;

    private final int limit;

    /** The holders with their own series, and for how many consecutive scans each has held nothing. */
    private final Map<HolderKey, Integer> chosen = new HashMap<>();

    HolderSelection(int limit) {
        this.limit = limit;
    }

    /** The holdings to show, {@link HolderKey#OTHERS} last. */
    Map<HolderKey, Holding> select(Map<HolderKey, Holding> all) {
        chosen.replaceAll((key, scans) -> all.containsKey(key) ? 0 : scans + 1);
        chosen.values().removeIf(scans -> scans > PATIENCE);
        List<HolderKey> candidates = all.keySet().stream()
                .filter(key -> !chosen.containsKey(key))
                .sorted(Comparator.comparingLong((HolderKey key) -> size(all, key))
                        .reversed()
                        .thenComparing(HolderKey::toString))
                .limit(limit)
                .toList();
        for (HolderKey candidate : candidates) {
            if (chosen.size() < limit || makesRoom(all, size(all, candidate))) {
                chosen.put(candidate, 0);
            }
        }
        Map<HolderKey, Holding> shown = new LinkedHashMap<>();
        chosen.keySet().forEach(key -> shown.put(key, all.getOrDefault(key, Holding.NOTHING)));
        shown.put(
                HolderKey.OTHERS,
                all.entrySet().stream()
                        .filter(entry -> !chosen.containsKey(entry.getKey()))
                        .map(Map.Entry::getValue)
                        .reduce(Holding.NOTHING, Holding::plus));
        return shown;
    }

    private boolean makesRoom(Map<HolderKey, Holding> all, long size) {
        HolderKey smallest = chosen.keySet().stream()
                .min(Comparator.comparingLong((HolderKey key) -> size(all, key)).thenComparing(HolderKey::toString))
                .orElseThrow();
        if (size <= size(all, smallest) * CLEARLY_MORE) {
            return false;
        }
        chosen.remove(smallest);
        return true;
    }

    private static long size(Map<HolderKey, Holding> all, HolderKey key) {
        return all.getOrDefault(key, Holding.NOTHING).size();
    }
}
