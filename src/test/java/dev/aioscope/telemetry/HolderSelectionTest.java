package dev.aioscope.telemetry;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aioscope.telemetry.HolderMetrics.Held;
import dev.aioscope.telemetry.HolderMetrics.Who;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

class HolderSelectionTest {
    private static final int MOST = 20;

    private final HolderSelection holders = new HolderSelection(MOST);

    private static Who who(String name) {
        return new Who(name, null, null);
    }

    private static Map<Who, Held> charges(Object... namesAndCharges) {
        Map<Who, Held> all = new HashMap<>();
        for (int i = 0; i < namesAndCharges.length; i += 2) {
            all.put(who((String) namesAndCharges[i]), new Held(1, (long) (Integer) namesAndCharges[i + 1]));
        }
        return all;
    }

    private static Map<Who, Held> manyCharges(Random random) {
        Map<Who, Held> all = new HashMap<>();
        for (int i = 0; i < 10_000; i++) {
            all.put(who("program-" + i), new Held(1 + i % 3, 1L + random.nextInt(1000)));
        }
        return all;
    }

    @Test
    void tenThousandHoldersHaveTwentySeriesAndOther() {
        Map<Who, Held> all = manyCharges(new Random(1));

        Map<Who, Held> shown = holders.select(all);
        assertThat(shown).hasSize(MOST + 1).containsKey(Who.OTHERS);
        assertThat(sum(shown)).isEqualTo(sum(all));
        long smallest = shown.entrySet().stream()
                .filter(entry -> !entry.getKey().equals(Who.OTHERS))
                .mapToLong(entry -> entry.getValue().charge())
                .min()
                .orElseThrow();
        assertThat(all.values().stream().filter(held -> held.charge() > smallest))
                .hasSizeLessThan(MOST);
    }

    @Test
    void chargesThatGoUpAndDownALittleDoNotMoveTheSeries() {
        Random random = new Random(2);
        Set<Who> everShown = new HashSet<>();
        for (int look = 0; look < 1000; look++) {
            Map<Who, Held> all = new HashMap<>();
            for (int i = 0; i < 100; i++) {
                all.put(who("program-" + i), new Held(1, 1000L + random.nextInt(200)));
            }
            everShown.addAll(holders.select(all).keySet());
        }
        assertThat(everShown).hasSize(MOST + 1);
    }

    @Test
    void whoHoldsClearlyMoreGetsTheSeriesOfTheSmallest() {
        HolderSelection one = new HolderSelection(1);
        assertThat(one.select(charges("a", 100, "b", 10))).containsOnlyKeys(who("a"), Who.OTHERS);
        assertThat(one.select(charges("a", 100, "b", 120))).containsOnlyKeys(who("a"), Who.OTHERS);
        assertThat(one.select(charges("a", 100, "b", 130)))
                .containsEntry(who("b"), new Held(1, 130L))
                .containsEntry(Who.OTHERS, new Held(1, 100L))
                .hasSize(2);
    }

    @Test
    void withoutChargesThoseWithTheMostContextsHaveSeries() {
        HolderSelection one = new HolderSelection(1);
        assertThat(one.select(
                        Map.of(who("a"), new Held(1, null), who("b"), new Held(3, null), who("c"), new Held(2, null))))
                .isEqualTo(Map.of(who("b"), new Held(3, null), Who.OTHERS, new Held(3, null)));
    }

    @Test
    void aProgramThatRestartsKeepsItsSeriesWithNothingInIt() {
        holders.select(charges("a", 100));
        assertThat(holders.select(charges("b", 5))).containsEntry(who("a"), Held.NOTHING);
        for (int look = 0; look < 12; look++) {
            holders.select(charges());
        }
        assertThat(holders.select(charges())).containsOnlyKeys(Who.OTHERS);
    }

    private static long sum(Map<Who, Held> all) {
        return all.values().stream().mapToLong(Held::charge).sum();
    }
}
