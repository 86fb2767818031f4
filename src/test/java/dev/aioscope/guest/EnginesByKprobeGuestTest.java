package dev.aioscope.guest;

import dev.aioscope.guest.TestAgent.Placing;
import dev.aioscope.probe.Tier;
import dev.aioscope.probe.bcc.BccEngine;
import dev.aioscope.probe.core.CoreEngine;
import java.util.List;

/** The two engines again, without BPF trampolines. */
class EnginesByKprobeGuestTest extends Twins {
    @Override
    List<TestAgent> twins() {
        return List.of(
                new TestAgent(Tier.FULL, Placing.KPROBE, new CoreEngine(), WATCHING),
                new TestAgent(Tier.FULL, Placing.KPROBE, new BccEngine(), WATCHING));
    }
}
