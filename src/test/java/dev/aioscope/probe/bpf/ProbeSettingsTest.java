package dev.aioscope.probe.bpf;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aioscope.probe.Tier;
import org.junit.jupiter.api.Test;

class ProbeSettingsTest {
    @Test
    void sizesMapsOfTierFullAsRequested() {
        assertThat(new ProbeSettings(false, true, false, 1 << 16, 400).sizes(Tier.FULL))
                .containsEntry("events", 1 << 16)
                .containsEntry("calls", 400)
                .containsEntry("kills", 200)
                .containsEntry("releases", 100)
                .doesNotContainKeys("destroyed", "uses");
    }

    @Test
    void keepsRoomForOneCallOfEachKind() {
        assertThat(new ProbeSettings(false, true, false, 1 << 16, 1)
                        .sizes(Tier.FULL)
                        .values())
                .doesNotContain(0);
    }

    @Test
    void minimizesMapsThatTierDoesNotUse() {
        assertThat(ProbeSettings.PLAIN.sizes(Tier.SYSCALL))
                .containsEntry("events", ProbeSettings.RING_BYTES)
                .containsEntry("calls", ProbeSettings.IN_PROGRESS)
                .containsEntry("kills", 1)
                .containsEntry("releases", 1)
                .containsEntry("destroyed", 1);
        assertThat(ProbeSettings.PLAIN.sizes(Tier.SAMPLE))
                .containsEntry("events", SharedMemory.PAGE)
                .containsEntry("calls", 1);
    }
}
