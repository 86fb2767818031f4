package dev.aioscope.guest;

import dev.aioscope.guest.TestAgent.AttachMethod;
import dev.aioscope.probe.core.CoreEngine;
import org.junit.jupiter.api.Tag;

/** Teardowns on a kernel without BPF ring buffers. */
@Tag("once")
class WithoutRingBufferTeardownsGuestTest extends TeardownTests {
    WithoutRingBufferTeardownsGuestTest() {
        super(AttachMethod.KPROBE, new OldKernelEngine(new CoreEngine()));
    }
}
