package dev.aioscope.top;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aioscope.lifecycle.Context;
import dev.aioscope.lifecycle.FailedCall;
import dev.aioscope.lifecycle.FailedCall.SystemCall;
import java.util.List;
import org.junit.jupiter.api.Test;

class ActivityTest {
    private static final long SECOND = Frames.SECOND;

    private final Frames host = new Frames();

    private void setUp(long time) {
        host.activity.onSetup(Context.of(1, 0, 1, 0x1000)
                .withSize(8, 511)
                .withOwner(Frames.task(1, "a"))
                .withSetup(null, time, null));
    }

    @Test
    void aRateIsThatOfTheLastFiveWholeSeconds() {
        for (int second = 0; second < 20; second++) {
            for (int i = 0; i < second; i++) {
                setUp(Frames.BEGAN + second * SECOND + i);
            }
        }

        // Seconds 0, 1 and 2 are over after 3; 10 to 14 count after 15.9, since 15 is not over.
        assertThat(host.activity.at(Frames.BEGAN + SECOND - 1).setupsPerSecond())
                .isNull();
        assertThat(host.activity.at(Frames.BEGAN + 20 * SECOND).setupsPerSecond())
                .isEqualTo((15 + 16 + 17 + 18 + 19) / 5.0);
        assertThat(host.activity.at(Frames.BEGAN + 60 * SECOND).setupsPerSecond())
                .isZero();
    }

    @Test
    void aRateOfTheFirstSecondsIsOverThoseThereWere() {
        setUp(Frames.BEGAN);
        setUp(Frames.BEGAN + SECOND / 2);
        setUp(Frames.BEGAN + SECOND);

        assertThat(host.activity.at(Frames.BEGAN + SECOND).setupsPerSecond()).isEqualTo(2);
        assertThat(host.activity.at(Frames.BEGAN + 2 * SECOND).setupsPerSecond())
                .isEqualTo(1.5);
    }

    @Test
    void teardownsAreKeptForTheHostAndForTheirProcess() {
        host.destroys(1, "a", 30_000_000);
        host.now += SECOND;
        host.destroys(2, "b", 2 * SECOND).destroys(1, "a", 50_000_000);
        Activity.Figures figures = host.activity.at(host.now + SECOND);

        assertThat(figures.destroysPerSecond()).isEqualTo(1.5);
        assertThat(figures.latest())
                .extracting(ActivityLine::held)
                .containsExactly(50_000_000L, 2 * SECOND, 30_000_000L);
        assertThat(figures.latest())
                .extracting(ActivityLine::grade)
                .containsExactly(ActivityLine.Grade.NORMAL, ActivityLine.Grade.NOTABLE, ActivityLine.Grade.NORMAL);
        Activity.Doings doings = figures.processes().get(new ProcessKey(1, 1));
        assertThat(doings.destroysPerSecond()).isEqualTo(1);
        assertThat(doings.latest()).hasSize(2);
        assertThat(figures.processes().get(new ProcessKey(2, 2)).waits().percentile(0.5))
                .isBetween(SECOND * 188 / 100, 2 * SECOND);
    }

    @Test
    void refusalsAreCountedApartFromOtherFailures() {
        host.activity.onFailedCall(failed(SystemCall.IO_SETUP, 11, 500));
        host.activity.onRetry(failed(SystemCall.IO_SETUP, 11, 500));
        host.activity.onFailedCall(failed(SystemCall.IO_DESTROY, 22, null));
        Activity.Figures figures = host.activity.at(host.now);

        assertThat(figures.refusals()).isEqualTo(2);
        assertThat(figures.failedCalls()).isEqualTo(1);
        assertThat(figures.latest())
                .extracting(ActivityLine::note)
                .containsExactly("", "asked 500, 100 left, fs.aio-max-nr=1400 would do");
        assertThat(figures.latest()).extracting(ActivityLine::result).containsExactly("EINVAL", "EAGAIN");
    }

    private static FailedCall failed(SystemCall call, int errno, Integer asked) {
        return new FailedCall(
                call, Frames.task(1, "a"), 1, 1L, 2, errno, null, asked, 900L, 1000L, null, List.of(), null);
    }

    @Test
    void whatHappenedLongestAgoIsForgotten() {
        for (int pid = 1; pid <= 2000; pid++) {
            host.destroys(pid, "a", 1000);
        }
        for (int i = 0; i < 100; i++) {
            host.destroys(2000, "a", 1000);
        }
        Activity.Figures figures = host.activity.at(host.now);

        assertThat(figures.latest()).hasSize(256);
        assertThat(figures.processes()).hasSize(512).containsKey(new ProcessKey(2000, 2000));
        assertThat(figures.processes().get(new ProcessKey(2000, 2000)).latest()).hasSize(16);
    }
}
