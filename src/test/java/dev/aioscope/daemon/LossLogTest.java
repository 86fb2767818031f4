package dev.aioscope.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aioscope.lifecycle.Counters;
import dev.aioscope.probe.Losses;
import dev.aioscope.telemetry.AgentStatistics;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.logging.SimpleFormatter;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class LossLogTest {
    private static final Logger LOG = Logger.getLogger(LossLog.class.getName());

    private final List<String> lines = new ArrayList<>();
    private final Handler collector = new Handler() {
        @Override
        public void publish(LogRecord logged) {
            lines.add(new SimpleFormatter().formatMessage(logged));
        }

        @Override
        public void flush() {}

        @Override
        public void close() {}
    };

    private long now = 7;
    private long ringFull = 3;
    private long missed;
    private long evicted;
    private long dropped;
    private @Nullable Long unrecorded;
    private final LossLog losses = new LossLog(
            new AgentStatistics() {
                @Override
                public long events() {
                    return 0;
                }

                @Override
                public Losses losses() {
                    return new Losses(ringFull, 0, 0, missed);
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
                public long unidentified() {
                    return 0;
                }

                @Override
                public @Nullable Long unrecorded() {
                    return unrecorded;
                }

                @Override
                public @Nullable Long snapshots() {
                    return null;
                }
            },
            () -> now);

    @BeforeEach
    void collect() {
        LOG.addHandler(collector);
        LOG.setUseParentHandlers(false);
    }

    @AfterEach
    void restore() {
        LOG.removeHandler(collector);
        LOG.setUseParentHandlers(true);
    }

    private void updateAfter(long seconds) {
        now += TimeUnit.SECONDS.toNanos(seconds);
        losses.update();
    }

    @Test
    void ignoresEarlierLossesAndProgramsThatTheKernelSkipped() {
        missed = 5;
        updateAfter(1);
        assertThat(lines).isEmpty();
        assertThat(losses.complaints()).isEmpty();
    }

    @Test
    void reportsRecorderGapAsRemarkWithoutComplaint() {
        unrecorded = 7L;
        updateAfter(1);
        assertThat(lines)
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
        assertThat(lines)
                .containsExactly("Lost: 10 ring_full (hint: raise ring-size, or give the agent more CPU time)");
        assertThat(losses.complaints()).hasSize(1);

        for (int second = 0; second < 59; second++) {
            ringFull++;
            dropped += 2;
            updateAfter(1);
        }
        assertThat(lines).hasSize(1);
        updateAfter(1);
        assertThat(lines)
                .hasSize(2)
                .last()
                .isEqualTo("Lost: 59 ring_full (hint: raise ring-size, or give the agent more CPU time);"
                        + " Lost: 118 queue_full (hint: raise max-queued-events)");

        updateAfter(58);
        assertThat(losses.complaints()).hasSize(1);
        updateAfter(1);
        assertThat(losses.complaints()).isEmpty();
        assertThat(lines).hasSize(3).last().isEqualTo("No losses for a minute");
        updateAfter(600);
        assertThat(lines).hasSize(3);

        evicted = 1;
        updateAfter(1);
        assertThat(lines).last().isEqualTo("Lost: 1 evicted_contexts (hint: raise max-contexts)");
    }
}
