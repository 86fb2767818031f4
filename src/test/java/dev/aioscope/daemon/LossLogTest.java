package dev.aioscope.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aioscope.lifecycle.Counters;
import dev.aioscope.probe.Losses;
import dev.aioscope.telemetry.NoWork;
import dev.aioscope.testing.LogLines;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

class LossLogTest {
    @RegisterExtension
    final LogLines log = new LogLines(LossLog.class);

    private long now = 7;
    private long ringFull = 3;
    private long missed;
    private long evicted;
    private long dropped;
    private @Nullable Long unrecorded;
    private final LossLog losses = new LossLog(
            new NoWork() {
                @Override
                public Losses losses() {
                    return new Losses(ringFull, 0, 0, 0, missed);
                }

                @Override
                public Counters counters() {
                    return new Counters(evicted, 0, 0, 0);
                }

                @Override
                public long dropped() {
                    return dropped;
                }

                @Override
                public @Nullable Long unrecorded() {
                    return unrecorded;
                }
            },
            () -> now);

    private void updateAfter(long seconds) {
        now += TimeUnit.SECONDS.toNanos(seconds);
        losses.update();
    }

    @Test
    void ignoresEarlierLossesAndProgramsThatTheKernelSkipped() {
        missed = 5;
        updateAfter(1);
        assertThat(log.lines()).isEmpty();
        assertThat(losses.complaints()).isEmpty();
    }

    @Test
    void reportsRecorderGapAsRemarkWithoutComplaint() {
        unrecorded = 7L;
        updateAfter(1);
        assertThat(log.lines())
                .containsExactly(
                        "Lost: 7 unrecorded (hint: check that the disk of recorder-directory has space and is fast"
                                + " enough)");
        assertThat(losses.complaints()).isEmpty();
        assertThat(losses.remarks()).hasSize(1);
        ringFull++;
        updateAfter(59);
        assertThat(losses.complaints()).hasSize(1);
        assertThat(losses.remarks()).hasSize(1);
        updateAfter(1);
        assertThat(losses.complaints()).hasSize(1);
        assertThat(losses.remarks()).isEmpty();
    }

    @Test
    void logsLossAtOnceThenOncePerMinuteThenItsEnd() {
        ringFull += 10;
        updateAfter(1);
        assertThat(log.lines())
                .containsExactly("Lost: 10 ring_full (hint: raise ring-size, or give the agent more CPU time)");
        assertThat(losses.complaints()).hasSize(1);

        for (int second = 0; second < 59; second++) {
            ringFull++;
            dropped += 2;
            updateAfter(1);
        }
        assertThat(log.lines()).hasSize(1);
        updateAfter(1);
        assertThat(log.lines())
                .hasSize(2)
                .last()
                .isEqualTo("Lost: 59 ring_full (hint: raise ring-size, or give the agent more CPU time);"
                        + " Lost: 118 queue_full (hint: raise max-queued-events)");

        updateAfter(58);
        assertThat(losses.complaints()).hasSize(1);
        updateAfter(1);
        assertThat(losses.complaints()).isEmpty();
        assertThat(log.lines()).hasSize(3).last().isEqualTo("No losses for a minute");
        updateAfter(600);
        assertThat(log.lines()).hasSize(3);

        evicted = 1;
        updateAfter(1);
        assertThat(log.lines()).last().isEqualTo("Lost: 1 evicted_contexts (hint: raise max-contexts)");
    }
}
