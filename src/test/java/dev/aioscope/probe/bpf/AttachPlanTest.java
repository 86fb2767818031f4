package dev.aioscope.probe.bpf;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aioscope.kernel.Errno;
import dev.aioscope.probe.AttachPoint;
import dev.aioscope.probe.AttachPoint.Mode;
import dev.aioscope.probe.AttachPoint.Rejection;
import dev.aioscope.probe.Tier;
import java.util.EnumSet;
import java.util.List;
import org.junit.jupiter.api.Test;

class AttachPlanTest {
    private final AttachPlan plan = new AttachPlan(Tier.FULL, EnumSet.allOf(Mode.class), false);

    @Test
    void plansReplacementOnceTargetHasNoMode() {
        assertThat(plan.targets())
                .contains(AttachTarget.AIO_COMPLETE)
                .doesNotContain(AttachTarget.AIO_COMPLETE_RW, AttachTarget.FPUT);
        plan.reject(AttachTarget.AIO_COMPLETE, "no such type", "another kernel");
        assertThat(plan.mode(AttachTarget.AIO_COMPLETE)).isEqualTo(Mode.KPROBE);
        assertThat(plan.targets())
                .contains(AttachTarget.AIO_COMPLETE)
                .doesNotContain(AttachTarget.AIO_COMPLETE_RW, AttachTarget.FPUT);
        plan.reject(AttachTarget.AIO_COMPLETE, "no such symbol", "another kernel");
        assertThat(plan.targets())
                .doesNotContain(AttachTarget.AIO_COMPLETE)
                .contains(AttachTarget.AIO_COMPLETE_RW, AttachTarget.FPUT);
        assertThat(plan.mode(AttachTarget.FPUT)).isEqualTo(Mode.FENTRY);
        assertThat(plan.missing()).as("the tier does without").isEmpty();
    }

    @Test
    void reportsOnDemandTargetOnlyIfItCannotAttach() {
        assertThat(plan.attachPoints()).extracting(AttachPoint::name).doesNotContain("aio_complete");
        plan.reject(AttachTarget.AIO_COMPLETE, "no such type", "a");
        plan.reject(AttachTarget.AIO_COMPLETE, "no such symbol", "b");
        assertThat(plan.attachPoints())
                .contains(new AttachPoint(
                        "aio_complete",
                        null,
                        List.of(
                                new Rejection(Mode.FENTRY, "no such type", "a"),
                                new Rejection(Mode.KPROBE, "no such symbol", "b"))))
                .extracting(AttachPoint::name)
                .doesNotContain("aio_complete_rw", "fput");
    }

    /** As on Linux 6.1 after a WARNING in ftrace_shutdown. */
    @Test
    void asksToRestartHostWhoseFtraceHasEnded() {
        plan.reject(AttachTarget.KILL_IOCTX, "failed to attach: EINVAL", Hints.of(Mode.FENTRY, Errno.EINVAL));
        assertThat(plan.mode(AttachTarget.KILL_IOCTX)).isEqualTo(Mode.KPROBE);
        plan.rejectForEndOfFtrace(AttachTarget.KILL_IOCTX, "failed to create kprobe: ENODEV");

        assertThat(plan.missing()).hasValueSatisfying(point -> {
            assertThat(point.rejections())
                    .extracting(Rejection::reason)
                    .containsExactly("failed to attach: EINVAL", "failed to create kprobe: ENODEV");
            assertThat(point.hints()).startsWith("restart the host: ").contains("kernel/trace/ftrace.c");
        });
        assertThat(plan.mode(AttachTarget.FREE_IOCTX)).isEqualTo(Mode.FENTRY);
    }

    @Test
    void givesUpModeInWhichNothingFires() {
        plan.rejectSilent(EnumSet.of(AttachTarget.KILL_IOCTX), EnumSet.of(AttachTarget.CONTEXTS));
        assertThat(plan.targets()).extracting(plan::mode).containsOnly(Mode.KPROBE, Mode.KRETPROBE, Mode.ITERATOR);
        plan.rejectSilent(EnumSet.of(AttachTarget.KILL_IOCTX), EnumSet.noneOf(AttachTarget.class));
        assertThat(plan.missing()).hasValueSatisfying(point -> {
            assertThat(point.isSilent()).isTrue();
            assertThat(point.failure()).isEqualTo("probes on kill_ioctx do not fire");
        });
    }

    @Test
    void plansNoFentryWithoutRingBuffer() {
        plan.rejectRingBuffer();
        assertThat(plan.targets()).extracting(plan::mode).containsOnly(Mode.KPROBE, Mode.KRETPROBE, Mode.ITERATOR);
        plan.reject(AttachTarget.AIO_COMPLETE, "no such symbol", "another kernel");
        assertThat(plan.mode(AttachTarget.FPUT)).isEqualTo(Mode.KPROBE);
    }

    @Test
    void requiresScansExceptInTierFull() {
        plan.reject(AttachTarget.CONTEXTS, "no such type", "another kernel");
        assertThat(plan.missing()).isEmpty();
        for (Tier tier : new Tier[] {Tier.SYSCALL, Tier.SAMPLE}) {
            AttachPlan other = new AttachPlan(tier, EnumSet.allOf(Mode.class), false);
            other.reject(AttachTarget.CONTEXTS, "no such type", "another kernel");
            assertThat(other.missing()).map(AttachPoint::name).contains("contexts of all tasks");
        }
    }

    @Test
    void rejectsOnlySilentPointWhileOthersFire() {
        plan.rejectSilent(EnumSet.of(AttachTarget.KILL_IOCTX), EnumSet.of(AttachTarget.FREE_IOCTX));
        assertThat(plan.mode(AttachTarget.KILL_IOCTX)).isEqualTo(Mode.KPROBE);
        assertThat(plan.mode(AttachTarget.KILL_IOCTX_RETURN)).isEqualTo(Mode.FEXIT);
        assertThat(plan.missing()).isEmpty();
    }

    @Test
    void plansCompletionsOnlyInTierFull() {
        AttachPlan syscall = new AttachPlan(Tier.SYSCALL, EnumSet.allOf(Mode.class), false);
        assertThat(syscall.targets())
                .doesNotContain(AttachTarget.AIO_COMPLETE, AttachTarget.AIO_COMPLETE_RW, AttachTarget.FPUT);
    }
}
