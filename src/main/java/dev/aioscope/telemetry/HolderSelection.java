package dev.aioscope.telemetry;

import dev.aioscope.telemetry.HolderMetrics.Held;
import dev.aioscope.telemetry.HolderMetrics.Who;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Chooses at each look which holders have series of their own: the largest by charge, or by contexts where no charge is seen. One that has a series keeps it until
 * another one holds clearly more, or until it has held nothing for a while; so series neither flap nor become more.
 */
final class HolderSelection {
    /** How much more than the smallest one that has a series another one must hold to take its place. */
    private static final double CLEARLY_MORE = 1.25;

    /** How many looks in a row a holder may hold nothing before its series ends: a program restarts. */
    private static final int PATIENCE = 12;

    private final int most;

    /** Those that have series, with the number of looks at which they have held nothing. */
    private final Map<Who, Integer> chosen = new HashMap<>();

    HolderSelection(int most) {
        this.most = most;
    }

    /** What is shown of this look, {@link Who#OTHERS} last. */
    Map<Who, Held> select(Map<Who, Held> all) {
        chosen.replaceAll((who, looks) -> all.containsKey(who) ? 0 : looks + 1);
        chosen.values().removeIf(looks -> looks > PATIENCE);
        List<Who> candidates = all.keySet().stream()
                .filter(who -> !chosen.containsKey(who))
                .sorted(Comparator.comparingLong((Who who) -> size(all, who))
                        .reversed()
                        .thenComparing(Who::toString))
                .limit(most)
                .toList();
        for (Who candidate : candidates) {
            if (chosen.size() < most || makesRoom(all, size(all, candidate))) {
                chosen.put(candidate, 0);
            }
        }
        Map<Who, Held> shown = new LinkedHashMap<>();
        chosen.keySet().forEach(who -> shown.put(who, all.getOrDefault(who, Held.NOTHING)));
        shown.put(
                Who.OTHERS,
                all.entrySet().stream()
                        .filter(entry -> !chosen.containsKey(entry.getKey()))
                        .map(Map.Entry::getValue)
                        .reduce(Held.NOTHING, Held::plus));
        return shown;
    }

    private boolean makesRoom(Map<Who, Held> all, long size) {
        Who smallest = chosen.keySet().stream()
                .min(Comparator.comparingLong((Who who) -> size(all, who)).thenComparing(Who::toString))
                .orElseThrow();
        if (size <= size(all, smallest) * CLEARLY_MORE) {
            return false;
        }
        chosen.remove(smallest);
        return true;
    }

    private static long size(Map<Who, Held> all, Who who) {
        return all.getOrDefault(who, Held.NOTHING).size();
    }
}
