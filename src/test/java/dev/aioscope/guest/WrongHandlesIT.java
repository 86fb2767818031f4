package dev.aioscope.guest;

import dev.aioscope.probe.Tier;
import org.junit.jupiter.api.BeforeAll;

/** On the kernel that builds aioscope, without any probe inside it. */
class WrongHandlesIT extends WrongHandles {
    WrongHandlesIT() {
        super(Tier.SYSCALL);
    }

    @BeforeAll
    static void compile() throws Exception {
        AioWork.compile();
    }
}
