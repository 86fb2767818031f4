package dev.aioscope.guest;

import dev.aioscope.guest.Agent.Placing;
import dev.aioscope.kernel.Host;
import dev.aioscope.probe.Tier;
import org.jspecify.annotations.Nullable;

/** The looks of the BPF iterator. */
abstract class SampleTier extends Looks {
    SampleTier() {
        super(new Agent(Tier.SAMPLE, Placing.FENTRY));
    }

    @Override
    @Nullable Integer charge(int given) {
        return given;
    }

    /** Before 5.15 no program can read another task's registers. */
    @Override
    boolean showsWhoIsInIoDestroy() {
        return !Host.release().startsWith("5.10.");
    }
}
