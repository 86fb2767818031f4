package dev.aioscope.guest;

import dev.aioscope.guest.TestAgent.AttachMethod;
import dev.aioscope.probe.bcc.BccEngine;
import org.junit.jupiter.api.Tag;

/** Teardowns with kprobes, with programs that libbcc compiles in the guest. */
@Tag("turn1")
class BccKprobeTeardownsGuestTest extends TeardownTests {
    BccKprobeTeardownsGuestTest() {
        super(AttachMethod.KPROBE, new BccEngine());
    }
}
