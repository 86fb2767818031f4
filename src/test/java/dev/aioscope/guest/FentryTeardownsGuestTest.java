package dev.aioscope.guest;

import dev.aioscope.guest.TestAgent.Placing;
import dev.aioscope.probe.core.CoreEngine;

/** The teardowns with the probes that the kernel prefers. */
class FentryTeardownsGuestTest extends Teardowns {
    FentryTeardownsGuestTest() {
        super(Placing.FENTRY, new CoreEngine());
    }
}
