package dev.aioscope.guest;

import dev.aioscope.guest.TestAgent.Placing;
import dev.aioscope.probe.Tier;
import org.jspecify.annotations.Nullable;

/** The looks of the BPF iterator. */
abstract class SampleTier extends ScanTests {
    SampleTier() {
        super(new TestAgent(Tier.SAMPLE, Placing.FENTRY));
    }

    @Override
    @Nullable Integer charge(int given) {
        return given;
    }
}
