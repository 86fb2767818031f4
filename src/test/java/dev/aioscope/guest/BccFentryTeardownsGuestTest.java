package dev.aioscope.guest;

import dev.aioscope.guest.TestAgent.Placing;
import dev.aioscope.probe.bcc.BccEngine;

/** The teardowns with fentry where the kernel takes it, by programs that libbcc has compiled here. */
class BccFentryTeardownsGuestTest extends Teardowns {
    BccFentryTeardownsGuestTest() {
        super(Placing.FENTRY, new BccEngine());
    }
}
