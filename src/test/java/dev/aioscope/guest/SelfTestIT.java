package dev.aioscope.guest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aioscope.probe.AttachPoint.Mode;
import dev.aioscope.probe.SelfTestResult;
import dev.aioscope.probe.Tier;
import dev.aioscope.probe.bpf.BpfProbes;
import dev.aioscope.probe.bpf.ProbeSettings;
import dev.aioscope.probe.core.CoreEngine;
import java.util.EnumSet;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The self-test of working probes. */
class SelfTestIT {
    /** Longer than a test waits for the first record. */
    private static final int BUSY_MILLIS = 1500;

    @Test
    @Timeout(60)
    void doesNotTakeBusyReaderForSilentProbes() throws Exception {
        try (BpfProbes probes = BpfProbes.open(
                new CoreEngine(), Tier.SYSCALL, EnumSet.allOf(Mode.class), new ProbeSettings(false, false))) {
            FutureTask<SelfTestResult> test = new FutureTask<>(probes::selfTest);
            new Thread(test).start();
            Thread.sleep(BUSY_MILLIS);
            while (!test.isDone()) {
                probes.await(10);
                probes.poll(event -> {}, 1000);
            }
            assertThat(test.get().silent()).isEmpty();
            assertThat(test.get().obstacle()).isNull();
        }
    }
}
