package dev.aioscope.guest;

import dev.aioscope.guest.TestAgent.AttachMethod;
import dev.aioscope.probe.bcc.BccEngine;

/** Teardowns with fentry where the kernel supports it, with programs that libbcc compiles in the guest. */
class BccFentryTeardownsGuestTest extends TeardownTests {
    BccFentryTeardownsGuestTest() {
        super(AttachMethod.FENTRY, new BccEngine());
    }
}
