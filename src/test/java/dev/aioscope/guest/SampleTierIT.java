package dev.aioscope.guest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aioscope.guest.TestAgent.Placing;
import dev.aioscope.probe.Tier;
import dev.aioscope.probe.bcc.BccEngine;
import java.io.IOException;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The looks on the kernel that builds aioscope, whatever it is. */
class SampleTierIT extends SampleTier {
    @BeforeAll
    static void compile() throws Exception {
        AioWork.compile();
    }

    @Test
    void theOtherEngineLooksToo() throws IOException {
        try (TestAgent bcc = new TestAgent(Tier.SAMPLE, Placing.FENTRY, new BccEngine());
                AioWork work = AioWork.start("destroy", "--charge", "33", "--wait")) {
            work.await("ready");
            bcc.lookAround();
            assertThat(bcc.lifecycle().liveContexts())
                    .filteredOn(context -> context.handle() == work.the("handle"))
                    .singleElement()
                    .satisfies(context -> assertThat(context.maxReqs()).isEqualTo(33));
        }
    }
}
