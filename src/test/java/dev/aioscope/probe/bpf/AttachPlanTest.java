package dev.aioscope.probe.bpf;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aioscope.probe.AttachPoint;
import dev.aioscope.probe.AttachPoint.Mode;
import dev.aioscope.probe.AttachPoint.Refusal;
import dev.aioscope.probe.Tier;
import java.util.EnumSet;
import java.util.List;
import org.junit.jupiter.api.Test;

class AttachPlanTest {
    private final AttachPlan plan = new AttachPlan(Tier.FULL, EnumSet.allOf(Mode.class), false);

    @Test
    void whatStandsInForAnotherIsWantedOnceThatHasNoWayLeft() {
        assertThat(plan.sites())
                .contains(AttachTarget.AIO_COMPLETE)
                .doesNotContain(AttachTarget.AIO_COMPLETE_RW, AttachTarget.FPUT);
        plan.refuse(AttachTarget.AIO_COMPLETE, "no such type", "another kernel");
        assertThat(plan.mode(AttachTarget.AIO_COMPLETE)).isEqualTo(Mode.KPROBE);
        assertThat(plan.sites())
                .contains(AttachTarget.AIO_COMPLETE)
                .doesNotContain(AttachTarget.AIO_COMPLETE_RW, AttachTarget.FPUT);
        plan.refuse(AttachTarget.AIO_COMPLETE, "no such symbol", "another kernel");
        assertThat(plan.sites())
                .doesNotContain(AttachTarget.AIO_COMPLETE)
                .contains(AttachTarget.AIO_COMPLETE_RW, AttachTarget.FPUT);
        assertThat(plan.mode(AttachTarget.FPUT)).isEqualTo(Mode.FENTRY);
        assertThat(plan.missing()).as("the tier does without").isEmpty();
    }

    @Test
    void whatIsPlacedOnDemandIsToldOfOnlyIfItCannotBe() {
        assertThat(plan.points()).extracting(AttachPoint::name).doesNotContain("aio_complete");
        plan.refuse(AttachTarget.AIO_COMPLETE, "no such type", "a");
        plan.refuse(AttachTarget.AIO_COMPLETE, "no such symbol", "b");
        assertThat(plan.points())
                .contains(new AttachPoint(
                        "aio_complete",
                        null,
                        List.of(
                                new Refusal(Mode.FENTRY, "no such type", "a"),
                                new Refusal(Mode.KPROBE, "no such symbol", "b"))))
                .extracting(AttachPoint::name)
                .doesNotContain("aio_complete_rw", "fput");
    }

    @Test
    void noOtherTierHasIt() {
        AttachPlan syscall = new AttachPlan(Tier.SYSCALL, EnumSet.allOf(Mode.class), false);
        assertThat(syscall.sites())
                .doesNotContain(AttachTarget.AIO_COMPLETE, AttachTarget.AIO_COMPLETE_RW, AttachTarget.FPUT);
    }
}
