package dev.aioscope.guest;

import dev.aioscope.guest.TestAgent.Placing;
import dev.aioscope.probe.core.CoreEngine;

/** The teardowns with kprobes only, as on kernels without BPF trampolines. */
class KprobeTeardownsGuestTest extends Teardowns {
    KprobeTeardownsGuestTest() {
        super(Placing.KPROBE, new CoreEngine());
    }
}
