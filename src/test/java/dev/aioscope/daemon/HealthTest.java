package dev.aioscope.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aioscope.inventory.Inventory;
import dev.aioscope.inventory.Scan;
import dev.aioscope.probe.ScanGaps;
import dev.aioscope.probe.Tier;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

class HealthTest {
    private static final long SECOND = 1_000_000_000;

    private long now = 1000 * SECOND;
    private long silence;
    private Scan view = new Scan(now, new Inventory(Tier.FULL, List.of(), 0, ScanGaps.NOTHING, null, null), List.of());
    private List<String> complaints = List.of();
    private final Health health =
            new Health(() -> now, () -> silence, () -> view, () -> Duration.ofSeconds(5), () -> complaints, List::of);

    @Test
    void anAgentThatWatchesIsReady() {
        now += 2 * SECOND;
        assertThat(health.illness()).isEmpty();
        assertThat(health.reasonsAgainst()).isEmpty();
    }

    @Test
    void anAgentThatHasNotBegunLivesButIsNotReady() {
        view = null;
        assertThat(health.illness()).isEmpty();
        assertThat(health.reasonsAgainst()).containsExactly("no look at the host's tasks has succeeded yet");
    }

    @Test
    void aThreadThatDoesNotComeBackIsAnIllness() {
        now += 31 * SECOND;
        silence = 31 * SECOND;
        assertThat(health.illness()).hasValueSatisfying(text -> assertThat(text).contains("31 s"));
        assertThat(health.reasonsAgainst()).hasSize(1);
    }

    @Test
    void looksThatFailMakeItUnready() {
        now += 50 * SECOND;
        assertThat(health.illness()).isEmpty();
        assertThat(health.reasonsAgainst()).containsExactly("the latest look at the host's tasks is 50 s old");
    }
}
