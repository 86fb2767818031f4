package dev.aioscope.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aioscope.inventory.Inventory;
import dev.aioscope.inventory.Scan;
import dev.aioscope.probe.Quotas;
import dev.aioscope.probe.ScanGaps;
import dev.aioscope.probe.Tier;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

class HealthTest {
    private static final long SECOND = 1_000_000_000;

    private long now = 1000 * SECOND;
    private List<String> faults = List.of();
    private Scan latest =
            new Scan(now, new Inventory(Tier.FULL, List.of(), 0, ScanGaps.NONE, Quotas.of(null, null)), List.of());
    private List<String> complaints = List.of();
    private final Health health =
            new Health(() -> now, () -> faults, () -> latest, () -> Duration.ofSeconds(5), () -> complaints, List::of);

    @Test
    void isReadyWithRecentScan() {
        now += 2 * SECOND;
        assertThat(health.faults()).isEmpty();
        assertThat(health.reasonsAgainst()).isEmpty();
    }

    @Test
    void isHealthyButUnreadyBeforeFirstScan() {
        latest = null;
        assertThat(health.faults()).isEmpty();
        assertThat(health.reasonsAgainst()).containsExactly("no scan of the host's tasks has succeeded yet");
    }

    @Test
    void reportsFaultOfWorkerAsUnhealthyAndUnready() {
        faults = List.of("worker listener has ended: java.lang.Error");
        assertThat(health.faults()).isEqualTo(faults);
        assertThat(health.reasonsAgainst()).isEqualTo(faults);
    }

    @Test
    void isUnreadyWhenScansFail() {
        now += 50 * SECOND;
        assertThat(health.faults()).isEmpty();
        assertThat(health.reasonsAgainst()).containsExactly("the latest scan of the host's tasks is 50 s old");
    }
}
