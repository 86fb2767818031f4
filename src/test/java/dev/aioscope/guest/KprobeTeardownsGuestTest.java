package dev.aioscope.guest;

import dev.aioscope.guest.TestAgent.AttachMethod;
import dev.aioscope.probe.core.CoreEngine;

/** Teardowns with kprobes only, as on kernels without BPF trampolines. */
class KprobeTeardownsGuestTest extends TeardownTests {
    KprobeTeardownsGuestTest() {
        super(AttachMethod.KPROBE, new CoreEngine());
    }
}
