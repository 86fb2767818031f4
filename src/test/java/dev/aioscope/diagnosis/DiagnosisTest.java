package dev.aioscope.diagnosis;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aioscope.diagnosis.Diagnosis.Check;
import dev.aioscope.diagnosis.Diagnosis.TierTrial;
import dev.aioscope.output.DiagnosisText;
import dev.aioscope.output.Screen;
import dev.aioscope.probe.AttachPoint;
import dev.aioscope.probe.AttachPoint.Mode;
import dev.aioscope.probe.AttachPoint.Rejection;
import dev.aioscope.probe.Tier;
import java.util.List;
import org.junit.jupiter.api.Test;

class DiagnosisTest {
    private static final Rejection NO_FENTRY = new Rejection(Mode.FENTRY, "EPERM", "another kernel");
    private static final Rejection NO_KPROBE = new Rejection(Mode.KPROBE, "no kprobes", "kprobes");

    private static final TierTrial FULL_REFUSED = new TierTrial(
            Tier.FULL,
            false,
            "cannot attach to kill_ioctx",
            "another kernel",
            List.of(
                    new AttachPoint("kill_ioctx", null, List.of(NO_FENTRY, NO_KPROBE)),
                    new AttachPoint("free_ioctx", null, List.of(NO_FENTRY, NO_KPROBE)),
                    new AttachPoint("contexts of all tasks", Mode.ITERATOR, List.of())));

    private static TierTrial works(Tier tier) {
        return new TierTrial(
                tier, true, null, null, List.of(new AttachPoint("contexts of all tasks", Mode.ITERATOR, List.of())));
    }

    private static Diagnosis diagnosis(TierTrial... trials) {
        return new Diagnosis(
                List.of(trials),
                List.of(Check.of("quota", false, "65536 of 65536", "sysctl"), Check.neutral("kernel", "6.1")));
    }

    @Test
    void groupsAttachPointsWithEqualResults() {
        assertThat(DiagnosisText.of(diagnosis(FULL_REFUSED, works(Tier.SAMPLE)), new Screen(false, 80, 24))
                        .lines())
                .containsExactly(
                        "",
                        "Tiers",
                        "  NO full            cannot attach to kill_ioctx",
                        "                     hint: another kernel",
                        "                     unavailable: kill_ioctx, free_ioctx",
                        "                       fentry rejected: EPERM",
                        "                         hint: another kernel",
                        "                       kprobe rejected: no kprobes",
                        "                         hint: kprobes",
                        "                     not fully tried: contexts of all tasks",
                        "  ok sample          works",
                        "                     iter: contexts of all tasks",
                        "",
                        "Host",
                        "  NO quota           65536 of 65536",
                        "                     hint: sysctl",
                        "     kernel          6.1",
                        "",
                        "Summary",
                        "  The commands and the daemon use the tier sample. To enable full: another",
                        "  kernel.");
    }

    private static TierTrial fails(Tier tier, String reason) {
        return new TierTrial(tier, false, reason, "another kernel", List.of());
    }

    @Test
    void namesCauseOfSeveralTiersOnce() {
        Diagnosis diagnosis = diagnosis(
                fails(Tier.FULL, "lockdown"),
                fails(Tier.SYSCALL, "lockdown"),
                fails(Tier.SAMPLE, "lockdown"),
                fails(Tier.PROC, "no memory"));

        assertThat(DiagnosisText.of(diagnosis, new Screen(false, 80, 24)).lines())
                .containsSequence(
                        "  NO full            lockdown",
                        "                     hint: another kernel",
                        "  NO syscall         same as full",
                        "  NO sample          same as full",
                        "  NO proc            no memory",
                        "                     hint: another kernel");
    }

    @Test
    void doesNotSelectSyscallForDaemon() {
        Diagnosis diagnosis = diagnosis(FULL_REFUSED, works(Tier.SYSCALL), works(Tier.SAMPLE));

        assertThat(diagnosis.commandTier()).isEqualTo(Tier.SYSCALL);
        assertThat(diagnosis.daemonTier()).isEqualTo(Tier.SAMPLE);
        assertThat(diagnosis.summary())
                .isEqualTo("The commands use the tier syscall. The daemon uses sample, or syscall with"
                        + " --allow-syscall-tier. To enable full: another kernel.");
    }

    @Test
    void reportsThatNoTierWorks() {
        assertThat(diagnosis(FULL_REFUSED).commandTier()).isNull();
        assertThat(diagnosis(FULL_REFUSED).summary())
                .isEqualTo("No tier works on this host. To enable full: another kernel.");
    }
}
