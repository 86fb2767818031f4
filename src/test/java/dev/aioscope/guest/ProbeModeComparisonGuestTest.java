package dev.aioscope.guest;

import dev.aioscope.guest.TestAgent.AttachMethod;
import dev.aioscope.probe.Tier;
import dev.aioscope.probe.core.CoreEngine;
import java.util.List;
import org.junit.jupiter.api.Tag;

/** Compares fentry with kprobes. */
@Tag("turn4")
class ProbeModeComparisonGuestTest extends AgentComparisonTests {
    @Override
    List<TestAgent> agents() {
        return List.of(
                new TestAgent(Tier.FULL, AttachMethod.FENTRY, new CoreEngine(), SETTINGS),
                new TestAgent(Tier.FULL, AttachMethod.KPROBE, new CoreEngine(), SETTINGS));
    }
}
