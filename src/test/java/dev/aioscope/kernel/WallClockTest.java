package dev.aioscope.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import org.junit.jupiter.api.Test;

class WallClockTest {
    private static final long SECOND = 1_000_000_000L;
    private static final long EPOCH_AT_BOOT = 1_800_000_000 * SECOND;

    private final TestTime time = new TestTime();
    private final WallClock clock = new WallClock(time::readBoottime, time::readRealTime);

    @Test
    void mapsTimesFromFirstSample() {
        assertThat(clock.epochNanos(time.boottime)).isEqualTo(EPOCH_AT_BOOT + time.boottime);
    }

    @Test
    void mapsTimesBeforeFirstSample() {
        assertThat(clock.epochNanos(3)).isEqualTo(EPOCH_AT_BOOT + 3);
    }

    @Test
    void shiftsOnlyLaterTimesWhenClockIsSetForward() {
        setClock(3600 * SECOND);
    }

    @Test
    void shiftsOnlyLaterTimesWhenClockIsSetBack() {
        setClock(-3600 * SECOND);
    }

    @Test
    void treatsLeapSecondAsStep() {
        setClock(-SECOND);
    }

    private void setClock(long step) {
        long before = time.boottime;
        time.pass(10 * SECOND);
        time.step += step;
        clock.sample();
        long seen = time.boottime;

        assertThat(clock.offsetAt(before)).isEqualTo(EPOCH_AT_BOOT);
        assertThat(clock.offsetAt(seen - 1000)).isEqualTo(EPOCH_AT_BOOT);
        assertThat(clock.offsetAt(seen)).isEqualTo(EPOCH_AT_BOOT + step);
        assertThat(clock.offsetAt(seen + 5 * SECOND)).isEqualTo(EPOCH_AT_BOOT + step);
    }

    @Test
    void keepsOffsetThroughSuspend() {
        time.pass(8 * 3600 * SECOND);
        clock.sample();
        assertThat(clock.offsetAt(time.boottime)).isEqualTo(EPOCH_AT_BOOT);
    }

    @Test
    void keepsOffsetThroughNoise() {
        for (long noise : new long[] {400_000, -700_000, 999_000, -1_000_000}) {
            time.pass(SECOND);
            clock.sample(time.boottime, EPOCH_AT_BOOT + time.boottime + noise);
            assertThat(clock.offsetAt(time.boottime)).isEqualTo(EPOCH_AT_BOOT);
        }
    }

    @Test
    void detectsSmallStepsThatAddUp() {
        for (int i = 1; i <= 3; i++) {
            time.pass(SECOND);
            time.step = i * 400_000L;
            clock.sample();
        }
        assertThat(clock.offsetAt(time.boottime)).isEqualTo(EPOCH_AT_BOOT + 1_200_000);
    }

    @Test
    void retriesAfterDelayBetweenReadings() {
        time.pass(SECOND);
        time.step = 5 * SECOND;
        time.delays = new long[] {300 * SECOND, 2_000_000, 0};
        clock.sample();
        assertThat(clock.offsetAt(time.boottime)).isEqualTo(EPOCH_AT_BOOT + 5 * SECOND);
    }

    @Test
    void ignoresReadingsThatAreNeverClose() {
        time.pass(SECOND);
        time.delays = new long[] {9 * SECOND, 9 * SECOND, 9 * SECOND, 9 * SECOND};
        clock.sample();
        assertThat(clock.offsetAt(time.boottime)).isEqualTo(EPOCH_AT_BOOT);
    }

    @Test
    void keepsLatestSteps() {
        long[] seen = new long[100];
        for (int i = 0; i < seen.length; i++) {
            time.pass(SECOND);
            time.step = (i + 1) * SECOND;
            clock.sample();
            seen[i] = time.boottime;
        }
        for (int i = 84; i < seen.length; i++) {
            assertThat(clock.offsetAt(seen[i])).isEqualTo(EPOCH_AT_BOOT + (i + 1) * SECOND);
        }
        assertThat(clock.offsetAt(seen[0])).as("as far back as it remembers").isEqualTo(EPOCH_AT_BOOT + 85 * SECOND);
    }

    /** The two clocks of a machine. */
    private static final class TestTime {
        long boottime = 1000 * SECOND;
        long step;
        /** Time that passes between the first and the second reading of a try. */
        long[] delays = {};

        private int reads;

        long readBoottime() {
            return boottime;
        }

        Instant readRealTime() {
            long now = EPOCH_AT_BOOT + boottime + step;
            pass(reads < delays.length ? delays[reads++] : 0);
            return Instant.ofEpochSecond(0, now);
        }

        void pass(long nanos) {
            boottime += nanos;
        }
    }
}
