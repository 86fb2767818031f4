package dev.aioscope.guest;

import dev.aioscope.guest.TestAgent.Placing;
import dev.aioscope.probe.bcc.BccEngine;

/** The teardowns with kprobes, by programs that libbcc has compiled here. */
class BccKprobeTeardownsGuestTest extends Teardowns {
    BccKprobeTeardownsGuestTest() {
        super(Placing.KPROBE, new BccEngine());
    }
}
