package dev.aioscope.guest;

import dev.aioscope.guest.TestAgent.AttachMethod;
import dev.aioscope.probe.bcc.BccEngine;

/** Teardowns with kprobes, with programs that libbcc compiles in the guest. */
class BccKprobeTeardownsGuestTest extends TeardownTests {
    BccKprobeTeardownsGuestTest() {
        super(AttachMethod.KPROBE, new BccEngine());
    }
}
