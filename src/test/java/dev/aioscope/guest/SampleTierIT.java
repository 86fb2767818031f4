package dev.aioscope.guest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aioscope.guest.TestAgent.AttachMethod;
import dev.aioscope.probe.Tier;
import dev.aioscope.probe.bcc.BccEngine;
import dev.aioscope.probe.bpf.Engine;
import dev.aioscope.probe.core.CoreEngine;
import java.io.IOException;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Scans on the kernel of the build machine. */
class SampleTierIT extends SampleTierTests {
    @BeforeAll
    static void compile() throws Exception {
        AioWork.compile();
    }

    static Stream<Engine> otherEngines() {
        return Stream.of(new BccEngine(), new OldKernelEngine(new CoreEngine()));
    }

    @ParameterizedTest
    @MethodSource("otherEngines")
    void scansWithOtherEngine(Engine engine) throws IOException {
        try (TestAgent other = new TestAgent(Tier.SAMPLE, AttachMethod.FENTRY, engine);
                AioWork work = AioWork.start("destroy", "--charge", "33", "--wait")) {
            work.await("ready");
            other.scan();
            assertThat(other.lifecycle().liveContexts())
                    .filteredOn(context -> context.handle() == work.value("handle"))
                    .singleElement()
                    .satisfies(context -> assertThat(context.maxReqs()).isEqualTo(33));
        }
    }
}
