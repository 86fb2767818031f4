package dev.aioscope.guest;

import dev.aioscope.probe.Tier;
import org.junit.jupiter.api.BeforeAll;

/** On the kernel of the build machine, without probes inside the kernel. */
class WrongHandleIT extends WrongHandleTests {
    WrongHandleIT() {
        super(Tier.SYSCALL);
    }

    @BeforeAll
    static void compile() throws Exception {
        AioWork.compile();
    }
}
