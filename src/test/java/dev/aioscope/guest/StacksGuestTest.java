package dev.aioscope.guest;

import dev.aioscope.probe.Tier;
import org.junit.jupiter.api.Tag;

/** Runs the same tests on the lab kernels with all probes. */
@Tag("guest")
@Tag("turn2")
class StacksGuestTest extends StacksIT {
    @Override
    Tier tier() {
        return Tier.FULL;
    }
}
