package dev.aioscope.guest;

import dev.aioscope.probe.AttachPoint.Mode;
import dev.aioscope.probe.Tier;
import dev.aioscope.probe.bcc.BccEngine;
import dev.aioscope.probe.bpf.Engine;
import java.util.EnumSet;
import java.util.Set;
import org.junit.jupiter.api.Tag;

/** The same with programs of the other engine, on kprobes. */
@Tag("guest")
@Tag("turn3")
class BccProcessRecordsGuestTest extends ProcessRecordsIT {
    private final Engine engine = new BccEngine();

    @Override
    Tier tier() {
        return Tier.FULL;
    }

    @Override
    Engine engine() {
        return engine;
    }

    @Override
    Set<Mode> modes() {
        return EnumSet.complementOf(EnumSet.of(Mode.FENTRY, Mode.FEXIT));
    }
}
