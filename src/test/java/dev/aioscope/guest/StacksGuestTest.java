package dev.aioscope.guest;

import dev.aioscope.probe.Tier;
import org.junit.jupiter.api.Tag;

/** The same on the kernels of the lab, with all probes. */
@Tag("guest")
class StacksGuestTest extends StacksIT {
    @Override
    Tier tier() {
        return Tier.FULL;
    }
}
