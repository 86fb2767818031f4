package dev.aioscope.probe.bpf;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aioscope.probe.ProbePoint;
import dev.aioscope.probe.ProbePoint.Mode;
import dev.aioscope.probe.ProbePoint.Refusal;
import dev.aioscope.probe.Tier;
import java.util.EnumSet;
import java.util.List;
import org.junit.jupiter.api.Test;

class PlanTest {
    private final Plan plan = new Plan(Tier.FULL, EnumSet.allOf(Mode.class), false);

    @Test
    void whatStandsInForAnotherIsWantedOnceThatHasNoWayLeft() {
        assertThat(plan.sites()).contains(Site.AIO_COMPLETE).doesNotContain(Site.AIO_COMPLETE_RW, Site.FPUT);
        plan.refuse(Site.AIO_COMPLETE, "no such type", "another kernel");
        assertThat(plan.mode(Site.AIO_COMPLETE)).isEqualTo(Mode.KPROBE);
        assertThat(plan.sites()).contains(Site.AIO_COMPLETE).doesNotContain(Site.AIO_COMPLETE_RW, Site.FPUT);
        plan.refuse(Site.AIO_COMPLETE, "no such symbol", "another kernel");
        assertThat(plan.sites()).doesNotContain(Site.AIO_COMPLETE).contains(Site.AIO_COMPLETE_RW, Site.FPUT);
        assertThat(plan.mode(Site.FPUT)).isEqualTo(Mode.FENTRY);
        assertThat(plan.missing()).as("the tier does without").isEmpty();
    }

    @Test
    void whatIsPlacedOnDemandIsToldOfOnlyIfItCannotBe() {
        assertThat(plan.points()).extracting(ProbePoint::name).doesNotContain("aio_complete");
        plan.refuse(Site.AIO_COMPLETE, "no such type", "a");
        plan.refuse(Site.AIO_COMPLETE, "no such symbol", "b");
        assertThat(plan.points())
                .contains(new ProbePoint(
                        "aio_complete",
                        null,
                        List.of(
                                new Refusal(Mode.FENTRY, "no such type", "a"),
                                new Refusal(Mode.KPROBE, "no such symbol", "b"))))
                .extracting(ProbePoint::name)
                .doesNotContain("aio_complete_rw", "fput");
    }

    @Test
    void noOtherTierHasIt() {
        Plan syscall = new Plan(Tier.SYSCALL, EnumSet.allOf(Mode.class), false);
        assertThat(syscall.sites()).doesNotContain(Site.AIO_COMPLETE, Site.AIO_COMPLETE_RW, Site.FPUT);
    }
}
