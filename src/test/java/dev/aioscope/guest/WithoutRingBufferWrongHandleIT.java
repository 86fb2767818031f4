package dev.aioscope.guest;

import dev.aioscope.probe.Tier;
import dev.aioscope.probe.core.CoreEngine;
import org.junit.jupiter.api.BeforeAll;

/** The tier syscall on a kernel without BPF ring buffers. */
class WithoutRingBufferWrongHandleIT extends WrongHandleTests {
    WithoutRingBufferWrongHandleIT() {
        super(Tier.SYSCALL, new OldKernelEngine(new CoreEngine()));
    }

    @BeforeAll
    static void compile() throws Exception {
        AioWork.compile();
    }
}
