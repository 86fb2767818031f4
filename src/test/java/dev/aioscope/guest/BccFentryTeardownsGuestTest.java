package dev.aioscope.guest;

import dev.aioscope.guest.TestAgent.AttachMethod;
import dev.aioscope.probe.bcc.BccEngine;
import org.junit.jupiter.api.Tag;

/** Teardowns with fentry where the kernel supports it, with programs that libbcc compiles in the guest. */
@Tag("turn3")
class BccFentryTeardownsGuestTest extends TeardownTests {
    BccFentryTeardownsGuestTest() {
        super(AttachMethod.FENTRY, new BccEngine());
    }
}
