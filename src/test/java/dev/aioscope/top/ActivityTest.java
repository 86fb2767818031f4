package dev.aioscope.top;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aioscope.lifecycle.Context;
import dev.aioscope.lifecycle.FailedCall;
import dev.aioscope.lifecycle.FailedCall.SystemCall;
import java.math.BigInteger;
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
    void averagesRateOverLastFiveWholeSeconds() {
        for (int second = 0; second < 20; second++) {
            for (int i = 0; i < second; i++) {
                setUp(Frames.BEGAN + second * SECOND + i);
            }
        }

        // At 20 s, the seconds 15 to 19 count.
        assertThat(host.activity.at(Frames.BEGAN + SECOND - 1).setupsPerSecond())
                .isNull();
        assertThat(host.activity.at(Frames.BEGAN + 20 * SECOND).setupsPerSecond())
                .isEqualTo((15 + 16 + 17 + 18 + 19) / 5.0);
        assertThat(host.activity.at(Frames.BEGAN + 60 * SECOND).setupsPerSecond())
                .isZero();
    }

    @Test
    void averagesRateOverFewerSecondsAtStart() {
        setUp(Frames.BEGAN);
        setUp(Frames.BEGAN + SECOND / 2);
        setUp(Frames.BEGAN + SECOND);

        assertThat(host.activity.at(Frames.BEGAN + SECOND).setupsPerSecond()).isEqualTo(2);
        assertThat(host.activity.at(Frames.BEGAN + 2 * SECOND).setupsPerSecond())
                .isEqualTo(1.5);
    }

    @Test
    void keepsTeardownsForHostAndProcess() {
        host.destroys(1, "a", 30_000_000);
        host.now += SECOND;
        host.destroys(2, "b", 2 * SECOND).destroys(1, "a", 50_000_000);
        Activity.HostActivity activity = host.activity.at(host.now + SECOND);

        assertThat(activity.destroysPerSecond()).isEqualTo(1.5);
        assertThat(activity.latest())
                .extracting(ActivityLine::waitNanos)
                .containsExactly(50_000_000L, 2 * SECOND, 30_000_000L);
        assertThat(activity.latest())
                .extracting(ActivityLine::severity)
                .containsExactly(
                        ActivityLine.Severity.NORMAL, ActivityLine.Severity.NOTABLE, ActivityLine.Severity.NORMAL);
        Activity.ProcessActivity process = activity.processes().get(new ProcessKey(1, 1));
        assertThat(process.destroysPerSecond()).isEqualTo(1);
        assertThat(process.latest()).hasSize(2);
        assertThat(activity.processes().get(new ProcessKey(2, 2)).latencies().percentile(0.5))
                .isBetween(SECOND * 188 / 100, 2 * SECOND);
    }

    @Test
    void countsRefusalsSeparatelyFromOtherFailures() {
        host.activity.onFailedCall(failed(SystemCall.IO_SETUP, 11, 500));
        host.activity.onRetry(failed(SystemCall.IO_SETUP, 11, 500));
        host.activity.onFailedCall(failed(SystemCall.IO_DESTROY, 22, null));
        Activity.HostActivity activity = host.activity.at(host.now);

        assertThat(activity.refusals()).isEqualTo(2);
        assertThat(activity.failedCalls()).isEqualTo(1);
        assertThat(activity.latest())
                .extracting(ActivityLine::note)
                .containsExactly(
                        "", "requested 500, headroom 100, needs fs.aio-max-nr=1400, set in /etc/sysctl.d/a.conf");
        assertThat(activity.latest()).extracting(ActivityLine::result).containsExactly("EINVAL", "EAGAIN");
    }

    private static FailedCall failed(SystemCall call, int errno, Integer asked) {
        return new FailedCall(
                call,
                Frames.task(1, "a"),
                1,
                1L,
                2,
                errno,
                null,
                asked,
                BigInteger.valueOf(900),
                BigInteger.valueOf(1000),
                null,
                List.of(),
                null);
    }

    @Test
    void evictsOldestLinesAndProcesses() {
        for (int pid = 1; pid <= 2000; pid++) {
            host.destroys(pid, "a", 1000);
        }
        for (int i = 0; i < 100; i++) {
            host.destroys(2000, "a", 1000);
        }
        Activity.HostActivity activity = host.activity.at(host.now);

        assertThat(activity.latest()).hasSize(256);
        assertThat(activity.processes()).hasSize(512).containsKey(new ProcessKey(2000, 2000));
        assertThat(activity.processes().get(new ProcessKey(2000, 2000)).latest())
                .hasSize(16);
    }
}
