package dev.aioscope.guest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aioscope.guest.TestAgent.AttachMethod;
import dev.aioscope.probe.Tier;
import dev.aioscope.probe.bcc.BccEngine;
import java.io.IOException;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Scans on the kernel of the build machine. */
class SampleTierIT extends SampleTierTests {
    @BeforeAll
    static void compile() throws Exception {
        AioWork.compile();
    }

    @Test
    void scansWithOtherEngine() throws IOException {
        try (TestAgent bcc = new TestAgent(Tier.SAMPLE, AttachMethod.FENTRY, new BccEngine());
                AioWork work = AioWork.start("destroy", "--charge", "33", "--wait")) {
            work.await("ready");
            bcc.scan();
            assertThat(bcc.lifecycle().liveContexts())
                    .filteredOn(context -> context.handle() == work.value("handle"))
                    .singleElement()
                    .satisfies(context -> assertThat(context.maxReqs()).isEqualTo(33));
        }
    }
}
