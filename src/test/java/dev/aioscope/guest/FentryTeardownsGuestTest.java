package dev.aioscope.guest;

import dev.aioscope.guest.TestAgent.AttachMethod;
import dev.aioscope.probe.core.CoreEngine;

/** Teardowns with the probe mode that the kernel prefers. */
class FentryTeardownsGuestTest extends TeardownTests {
    FentryTeardownsGuestTest() {
        super(AttachMethod.FENTRY, new CoreEngine());
    }
}
