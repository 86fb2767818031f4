package dev.aioscope.guest;

import dev.aioscope.guest.TestAgent.Placing;
import dev.aioscope.probe.Tier;
import dev.aioscope.probe.core.CoreEngine;
import java.util.List;

/** One with fentry and one with kprobes. */
class TwinsGuestTest extends Twins {
    @Override
    List<TestAgent> twins() {
        return List.of(
                new TestAgent(Tier.FULL, Placing.FENTRY, new CoreEngine(), WATCHING),
                new TestAgent(Tier.FULL, Placing.KPROBE, new CoreEngine(), WATCHING));
    }
}
