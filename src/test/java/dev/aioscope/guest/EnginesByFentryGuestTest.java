package dev.aioscope.guest;

import dev.aioscope.guest.TestAgent.Placing;
import dev.aioscope.probe.Tier;
import dev.aioscope.probe.bcc.BccEngine;
import dev.aioscope.probe.core.CoreEngine;
import java.util.List;

/** One whose programs were compiled when aioscope was built, one whose libbcc compiles here. */
class EnginesByFentryGuestTest extends Twins {
    @Override
    List<TestAgent> twins() {
        return List.of(
                new TestAgent(Tier.FULL, Placing.FENTRY, new CoreEngine(), WATCHING),
                new TestAgent(Tier.FULL, Placing.FENTRY, new BccEngine(), WATCHING));
    }
}
