package dev.aioscope.guest;

import dev.aioscope.probe.Tier;
import org.junit.jupiter.api.Tag;

/** The same with probes on the functions of the kernel. */
@Tag("guest")
class ProcessRecordsGuestTest extends ProcessRecordsIT {
    @Override
    Tier tier() {
        return Tier.FULL;
    }
}
