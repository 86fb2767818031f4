package dev.aioscope.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aioscope.agent.ProbeSelector.SelectedProbes;
import dev.aioscope.agent.ProbeSelector.UnavailableTier;
import dev.aioscope.probe.AttachPoint;
import dev.aioscope.probe.AttachPoint.Mode;
import dev.aioscope.probe.AttachPoint.Rejection;
import dev.aioscope.probe.NoProbes;
import dev.aioscope.probe.SelfTestResult;
import dev.aioscope.probe.Tier;
import dev.aioscope.testing.Await;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

class ProbeWatchTest {
    private static final Duration SOON = Duration.ofMillis(1);
    private static final Rejection FTRACE_OFF = new Rejection(
            Mode.FENTRY, "does not fire: kernel.ftrace_enabled is 0", "run sysctl kernel.ftrace_enabled=1", true);

    private volatile SelfTestResult result = SelfTestResult.PASSED;

    private static AttachPoint silent(String name) {
        return new AttachPoint(name, null, List.of(FTRACE_OFF));
    }

    private SelectedProbes selected(Tier tier, List<AttachPoint> points, UnavailableTier... unavailable) {
        return new SelectedProbes(new TestedProbes(tier, points), List.of(unavailable));
    }

    @Test
    void reportsSilentProbesUntilTheyFireAgain() throws Exception {
        try (ProbeWatch watch = new ProbeWatch(selected(Tier.FULL, List.of()), SOON)) {
            assertThat(watch.complaints()).isEmpty();
            assertThat(watch.silent()).isZero();
            result = new SelfTestResult(List.of(silent("kill_ioctx"), silent("free_ioctx")), null);
            Await.until("complaint", () -> !watch.complaints().isEmpty());
            assertThat(watch.complaints())
                    .containsExactly("a probe does not fire: kernel.ftrace_enabled is 0 (at kill_ioctx, free_ioctx;"
                            + " hint: run sysctl kernel.ftrace_enabled=1)");
            assertThat(watch.silent()).isEqualTo(2);
            result = SelfTestResult.PASSED;
            Await.until("recovery", () -> watch.complaints().isEmpty());
            assertThat(watch.silent()).isZero();
        }
    }

    @Test
    void keepsTheLastFindingWhileTestProvesNothing() throws Exception {
        try (ProbeWatch watch = new ProbeWatch(selected(Tier.FULL, List.of()), SOON)) {
            result = new SelfTestResult(List.of(silent("kill_ioctx")), null);
            Await.until("complaint", () -> !watch.complaints().isEmpty());
            result = new SelfTestResult(List.of(), "cannot test the probes: io_setup failed: EAGAIN");
            Await.until("remark", () -> !watch.remarks().isEmpty());
            assertThat(watch.remarks()).containsExactly("cannot test the probes: io_setup failed: EAGAIN");
            assertThat(watch.silent()).isEqualTo(1);
        }
    }

    @Test
    void reportsTierThatWasSilentAtStart() {
        UnavailableTier full = new UnavailableTier(
                Tier.FULL,
                "core",
                "probes on kill_ioctx do not fire",
                "run sysctl kernel.ftrace_enabled=1",
                List.of(silent("kill_ioctx")));
        try (ProbeWatch watch = new ProbeWatch(selected(Tier.SAMPLE, List.of(), full), SOON)) {
            assertThat(watch.complaints())
                    .containsExactly("the tier full is unavailable: probes on kill_ioctx do not fire"
                            + " (hint: run sysctl kernel.ftrace_enabled=1, then restart aioscope)");
            assertThat(watch.silent()).isEqualTo(1);
        }
    }

    @Test
    void reportsPointThatWasSilentAtStartInEachMode() {
        try (ProbeWatch watch = new ProbeWatch(selected(Tier.FULL, List.of(silent("free_ioctx"))), SOON)) {
            assertThat(watch.complaints())
                    .containsExactly(
                            "a probe does not fire: kernel.ftrace_enabled is 0 (at free_ioctx; hint: run sysctl"
                                    + " kernel.ftrace_enabled=1, then restart aioscope)");
            assertThat(watch.silent()).isEqualTo(1);
        }
    }

    @Test
    void reportsNothingForTierThatIsRejectedOrUntested() {
        UnavailableTier full = new UnavailableTier(
                Tier.FULL,
                "core",
                "EPERM",
                "run aioscope as root",
                List.of(new AttachPoint(
                        "kill_ioctx", null, List.of(new Rejection(Mode.FENTRY, "EPERM", "run aioscope as root")))));
        try (ProbeWatch watch = new ProbeWatch(selected(Tier.SAMPLE, List.of(), full), SOON)) {
            assertThat(watch.complaints()).isEmpty();
            assertThat(watch.silent()).isNull();
        }
    }

    private final class TestedProbes extends NoProbes {
        TestedProbes(Tier tier, List<AttachPoint> points) {
            super(tier, points);
        }

        @Override
        public SelfTestResult selfTest() {
            return result;
        }
    }
}
