package dev.aioscope.guest;

import dev.aioscope.guest.Agent.Placing;
import dev.aioscope.probe.Tier;
import dev.aioscope.probe.core.CoreEngine;
import java.util.List;

/** One with fentry and one with kprobes. */
class TwinsGuestTest extends Twins {
    @Override
    List<Agent> twins() {
        return List.of(
                new Agent(Tier.FULL, Placing.FENTRY, new CoreEngine(), WATCHING),
                new Agent(Tier.FULL, Placing.KPROBE, new CoreEngine(), WATCHING));
    }
}
