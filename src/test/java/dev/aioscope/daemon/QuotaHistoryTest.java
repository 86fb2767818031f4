package dev.aioscope.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aioscope.host.Identity;
import dev.aioscope.host.Namespaces;
import dev.aioscope.inventory.Inventory;
import dev.aioscope.inventory.LiveContext;
import dev.aioscope.inventory.Scan;
import dev.aioscope.kernel.WallClock;
import dev.aioscope.lifecycle.Task;
import dev.aioscope.probe.Quotas;
import dev.aioscope.probe.ScanGaps;
import dev.aioscope.probe.Tier;
import dev.aioscope.testing.Heap;
import dev.aioscope.testing.JsonLines;
import java.time.Instant;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

class QuotaHistoryTest {
    private static final long SECOND = 1_000_000_000L;
    private static final long LIMIT_BYTES = 2 << 20;

    private final QuotaHistory history = new QuotaHistory(
            (task, mm) -> new Identity(
                    null,
                    "/usr/bin/" + task.comm(),
                    List.of(),
                    false,
                    "user" + task.pid() % 2,
                    null,
                    "/system.slice/" + task.comm() + ".service",
                    Namespaces.HOST),
            new WallClock(() -> 0, () -> Instant.EPOCH),
            QuotaHistory.INTERVAL);

    /** One context for each of these processes. */
    private static Scan scan(long time, int firstPid, int processes) {
        List<LiveContext> contexts = IntStream.range(firstPid, firstPid + processes)
                .mapToObj(pid -> new LiveContext(
                        new Task(pid, pid + 1, "program" + pid, 0, pid), null, pid, 0x1000, 10 * pid, 20 * pid, 0, 0))
                .toList();
        return new Scan(time, new Inventory(Tier.FULL, contexts, 0, ScanGaps.NONE, Quotas.of(100L, 65536L)), List.of());
    }

    private List<JsonNode> samples() {
        return JsonLines.ofType(lines(), "history_sample");
    }

    private List<JsonNode> lines() {
        return JsonLines.parse(String.join("\n", history.json().toList()));
    }

    @Test
    void takesOneSampleEveryFiveSeconds() {
        for (int i = 0; i <= 20; i++) {
            history.accept(scan(i * SECOND, 1, 1));
        }
        assertThat(samples().stream().map(sample -> sample.path("time").asLong()))
                .containsExactly(0L, 5 * SECOND, 10 * SECOND, 15 * SECOND, 20 * SECOND);
        assertThat(JsonLines.ofType(
                        JsonLines.parse(String.join("\n", history.jsonOfLatest().toList())), "history_sample"))
                .extracting(sample -> sample.path("time").asLong())
                .containsExactly(20 * SECOND);
    }

    @Test
    void namesLargestHoldersOfEachGroup() {
        history.accept(scan(SECOND, 1, 20));

        JsonNode sample = samples().get(0);
        assertThat(sample.path("contexts").asInt()).isEqualTo(20);
        assertThat(sample.path("charge").asInt()).isEqualTo(10 * 210);
        assertThat(sample.path("aio_max_nr").asInt()).isEqualTo(65536);
        assertThat(charges(sample, "process:")).containsExactly(200, 190, 180, 170, 160, 150);
        assertThat(charges(sample, "user:")).containsExactly(1100, 1000);
        assertThat(charges(sample, "container:")).hasSize(QuotaHistory.LARGEST);
        JsonNode holder = JsonLines.ofType(lines(), "history_holder").stream()
                .filter(found -> found.path("key").asString().equals("process:20:20"))
                .findFirst()
                .orElseThrow();
        assertThat(holder.path("name").asString()).isEqualTo("program20");
        assertThat(holder.path("pid").asInt()).isEqualTo(20);
    }

    private static List<Integer> charges(JsonNode sample, String prefix) {
        return sample.path("largest_holders")
                .valueStream()
                .filter(share -> share.path("key").asString().startsWith(prefix))
                .map(share -> share.path("charge").asInt())
                .toList();
    }

    @Test
    void keepsAnHourInTwoMegabytes() {
        long before = Heap.used();
        // Other holders in each sample, which is the worst case.
        for (int i = 0; i < 2 * QuotaHistory.SAMPLES; i++) {
            history.accept(scan(i * 5L * SECOND, 1 + 100 * i, 40));
        }
        assertThat(Heap.used() - before).isLessThan(LIMIT_BYTES);
        assertThat(samples()).hasSize(QuotaHistory.SAMPLES);
    }
}
