package dev.aioscope.telemetry;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aioscope.telemetry.HolderMetrics.Holding;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

class HolderSelectionTest {
    private static final int LIMIT = 20;

    private final HolderSelection holders = new HolderSelection(LIMIT);

    private static HolderKey holder(String name) {
        return new HolderKey(name, null, null, HolderKey.Names.NONE, null);
    }

    private static Map<HolderKey, Holding> charges(Object... namesAndCharges) {
        Map<HolderKey, Holding> all = new HashMap<>();
        for (int i = 0; i < namesAndCharges.length; i += 2) {
            all.put(holder((String) namesAndCharges[i]), new Holding(1, (long) (Integer) namesAndCharges[i + 1]));
        }
        return all;
    }

    private static Map<HolderKey, Holding> manyCharges(Random random) {
        Map<HolderKey, Holding> all = new HashMap<>();
        for (int i = 0; i < 10_000; i++) {
            all.put(holder("program-" + i), new Holding(1 + i % 3, 1L + random.nextInt(1000)));
        }
        return all;
    }

    @Test
    void limitsTenThousandHoldersToTwentySeriesAndOther() {
        Map<HolderKey, Holding> all = manyCharges(new Random(1));

        Map<HolderKey, Holding> shown = holders.select(all);
        assertThat(shown).hasSize(LIMIT + 1).containsKey(HolderKey.OTHERS);
        assertThat(sum(shown)).isEqualTo(sum(all));
        long smallest = shown.entrySet().stream()
                .filter(entry -> !entry.getKey().equals(HolderKey.OTHERS))
                .mapToLong(entry -> entry.getValue().charge())
                .min()
                .orElseThrow();
        assertThat(all.values().stream().filter(held -> held.charge() > smallest))
                .hasSizeLessThan(LIMIT);
    }

    @Test
    void keepsSeriesWhenChargesFluctuate() {
        Random random = new Random(2);
        Set<HolderKey> everShown = new HashSet<>();
        for (int scan = 0; scan < 1000; scan++) {
            Map<HolderKey, Holding> all = new HashMap<>();
            for (int i = 0; i < 100; i++) {
                all.put(holder("program-" + i), new Holding(1, 1000L + random.nextInt(200)));
            }
            everShown.addAll(holders.select(all).keySet());
        }
        assertThat(everShown).hasSize(LIMIT + 1);
    }

    @Test
    void replacesSmallestSeriesByClearlyLargerHolder() {
        HolderSelection one = new HolderSelection(1);
        assertThat(one.select(charges("a", 100, "b", 10))).containsOnlyKeys(holder("a"), HolderKey.OTHERS);
        assertThat(one.select(charges("a", 100, "b", 120))).containsOnlyKeys(holder("a"), HolderKey.OTHERS);
        assertThat(one.select(charges("a", 100, "b", 130)))
                .containsEntry(holder("b"), new Holding(1, 130L))
                .containsEntry(HolderKey.OTHERS, new Holding(1, 100L))
                .hasSize(2);
    }

    @Test
    void ranksByContextsWithoutCharges() {
        HolderSelection one = new HolderSelection(1);
        assertThat(one.select(Map.of(
                        holder("a"),
                        new Holding(1, null),
                        holder("b"),
                        new Holding(3, null),
                        holder("c"),
                        new Holding(2, null))))
                .isEqualTo(Map.of(holder("b"), new Holding(3, null), HolderKey.OTHERS, new Holding(3, null)));
    }

    @Test
    void keepsEmptySeriesWhileProgramRestarts() {
        holders.select(charges("a", 100));
        assertThat(holders.select(charges("b", 5))).containsEntry(holder("a"), Holding.NOTHING);
        for (int scan = 0; scan < 12; scan++) {
            holders.select(charges());
        }
        assertThat(holders.select(charges())).containsOnlyKeys(HolderKey.OTHERS);
    }

    private static long sum(Map<HolderKey, Holding> all) {
        return all.values().stream().mapToLong(Holding::charge).sum();
    }

    private static HolderKey inPod(String namespace, String pod, int container) {
        return new HolderKey(
                "db",
                "id-" + pod + container,
                null,
                new HolderKey.Names("containerd", namespace, pod, "uid-" + pod, "c" + container),
                null);
    }

    /** Half of the series for a namespace, a quarter for a pod. */
    @Test
    void limitsSeriesOfNamespaceAndPod() {
        Map<HolderKey, Holding> all = new HashMap<>();
        for (int i = 0; i < 30; i++) {
            all.put(inPod("shop", "large", i), new Holding(1, 1000L));
            all.put(inPod("shop", "db-" + i, 0), new Holding(1, 500L));
            all.put(holder("host-" + i), new Holding(1, 10L));
        }
        HolderKey large = inPod("shop", "large", 0).othersOfPod();
        HolderKey shop = large.othersOfNamespace();

        for (int scan = 0; scan < 3; scan++) {
            Map<HolderKey, Holding> shown = holders.select(all);
            assertThat(shown).hasSize(LIMIT + 3);
            assertThat(shown.keySet())
                    .filteredOn(key -> "large".equals(key.names().pod()))
                    .hasSize(LIMIT / 4 + 1);
            assertThat(shown.keySet())
                    .filteredOn(key -> "shop".equals(key.names().namespace()))
                    .hasSize(LIMIT / 2 + 2);
            assertThat(shown)
                    .containsEntry(large, new Holding(25, 25_000L))
                    .containsEntry(shop, new Holding(25, 12_500L))
                    .containsEntry(HolderKey.OTHERS, new Holding(20, 200L));
            assertThat(sum(shown)).isEqualTo(sum(all));
        }
    }

    @Test
    void takesOverNamesThatBecomeKnown() {
        HolderKey unnamed = new HolderKey("db", "id-a0", null, HolderKey.Names.NONE, null);
        holders.select(Map.of(unnamed, new Holding(1, 5L)));
        Map<HolderKey, Holding> shown = holders.select(Map.of(inPod("shop", "a", 0), new Holding(1, 5L)));
        assertThat(shown).hasSize(2);
        assertThat(shown.keySet()).extracting(key -> key.names().pod()).contains("a");
    }
}
