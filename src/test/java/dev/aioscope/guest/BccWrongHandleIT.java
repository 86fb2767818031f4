package dev.aioscope.guest;

import dev.aioscope.probe.Tier;
import dev.aioscope.probe.bcc.BccEngine;
import org.junit.jupiter.api.BeforeAll;

/** The tier syscall of the engine bcc, whose programs the verifier checks without global functions. */
class BccWrongHandleIT extends WrongHandleTests {
    BccWrongHandleIT() {
        super(Tier.SYSCALL, new BccEngine());
    }

    @BeforeAll
    static void compile() throws Exception {
        AioWork.compile();
    }
}
