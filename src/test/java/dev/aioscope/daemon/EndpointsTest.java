package dev.aioscope.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aioscope.http.WebServer.Page;
import dev.aioscope.inventory.Inventory;
import dev.aioscope.inventory.Scan;
import dev.aioscope.probe.Quotas;
import dev.aioscope.probe.ScanGaps;
import dev.aioscope.probe.Tier;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

class EndpointsTest {
    private static final String REMARK = "cannot identify processes";

    private static Page readyz(List<String> complaints) {
        Inventory inventory = new Inventory(Tier.FULL, List.of(), 0, ScanGaps.NONE, Quotas.of(null, null));
        Scan scan = new Scan(1, inventory, List.of());
        return Endpoints.readyz(new Health(
                () -> 1, List::of, () -> scan, () -> Duration.ofSeconds(5), () -> complaints, () -> List.of(REMARK)));
    }

    @Test
    void staysReadyWithRemark() {
        assertThat(readyz(List.of())).isEqualTo(Page.text(200, "ready\n" + REMARK));
    }

    @Test
    void appendsRemarkToReasons() {
        assertThat(readyz(List.of("events were lost"))).isEqualTo(Page.text(503, "events were lost\n" + REMARK));
    }
}
