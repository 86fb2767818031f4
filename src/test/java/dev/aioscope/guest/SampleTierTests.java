package dev.aioscope.guest;

import dev.aioscope.guest.TestAgent.AttachMethod;
import dev.aioscope.probe.Tier;
import org.jspecify.annotations.Nullable;

/** Scans with the BPF iterator. */
abstract class SampleTierTests extends ScanTests {
    SampleTierTests() {
        super(new TestAgent(Tier.SAMPLE, AttachMethod.FENTRY));
    }

    @Override
    @Nullable Integer charge(int given) {
        return given;
    }
}
