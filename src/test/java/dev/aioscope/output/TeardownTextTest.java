package dev.aioscope.output;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aioscope.event.WaitReason;
import dev.aioscope.host.Identities;
import dev.aioscope.lifecycle.FailedCall;
import dev.aioscope.lifecycle.QuotaShare;
import dev.aioscope.lifecycle.Task;
import dev.aioscope.lifecycle.Teardown;
import dev.aioscope.lifecycle.TeardownBuilder;
import dev.aioscope.lifecycle.TeardownInProgress;
import dev.aioscope.output.SummaryText.Evidence;
import dev.aioscope.output.SummaryText.Summary;
import dev.aioscope.output.SummaryText.SummaryState;
import dev.aioscope.probe.Tier;
import java.math.BigInteger;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

class TeardownTextTest {
    private static final long SECOND = 1_000_000_000L;
    private static final Task CALLER = new Task(100, 101, "postgres", 1, 0);
    private static final FailedCall REFUSAL = new FailedCall(
            FailedCall.SystemCall.IO_SETUP,
            CALLER,
            1,
            1L,
            2,
            11,
            null,
            1024,
            BigInteger.valueOf(65000),
            BigInteger.valueOf(65536),
            null,
            List.of(new QuotaShare(new Task(7, 7, "mysqld", 1, 0), 3, 64000)),
            null);

    private static Summary summary(
            Tier tier, boolean isOver, List<TeardownInProgress> inProgress, List<Teardown> ended, FailedCall... calls) {
        return summary(tier, isOver, inProgress, ended, calls.length, calls);
    }

    /** The summary after 16 s, with the last of these refusals after 14 s. */
    private static Summary summary(
            Tier tier,
            boolean isOver,
            List<TeardownInProgress> inProgress,
            List<Teardown> ended,
            int refusals,
            FailedCall... calls) {
        return new SummaryText(tier, Identities.NONE, Duration.ofMillis(1))
                .of(new Evidence(
                        isOver, 16 * SECOND, 0, inProgress, ended, List.of(calls), List.of(), refusals, 14 * SECOND));
    }

    private static TeardownInProgress stuck() {
        return new TeardownInProgress(
                new TeardownBuilder().build(), 1, WaitReason.REQUESTS, 10, 0, true, List.of(), true);
    }

    @Test
    void saysWhatReleasesStuckTeardown() {
        assertThat(TeardownText.of(stuck(), 16 * SECOND))
                .anyMatch(line -> line.contains("waits for 10 requests to complete"))
                .contains(ReleaseText.REQUESTS, ReleaseText.NOT_KILL, ReleaseText.SIGKILL);
    }

    @Test
    void dividesWaitOfEndedTeardown() {
        assertThat(String.join(" ", TeardownText.of(TeardownBuilder.busy().build())))
                .contains("was in io_destroy of the context", "for outstanding requests");
    }

    @Test
    void beginsSummaryWithStuckTeardown() {
        Summary summary = summary(Tier.FULL, false, List.of(stuck()), List.of(), REFUSAL);
        assertThat(summary.state()).isEqualTo(SummaryState.STUCK);
        assertThat(summary.sentences().get(0)).contains("is stuck in io_destroy: it waits for 10 requests");
        assertThat(summary.sentences().get(1))
                .contains(
                        "io_setup was refused once, 2.00s ago: postgres (PID 100) requested 1024 events",
                        "65000 of 65536 in use",
                        "mysqld (PID 7) held most: 64000.");
    }

    @Test
    void countsRetriesAmongRefusals() {
        assertThat(summary(Tier.FULL, false, List.of(), List.of(), 887, REFUSAL)
                        .sentences()
                        .get(0))
                .startsWith("io_setup was refused 887 times, last 2.00s ago: postgres (PID 100) requested 1024 events");
        assertThat(summary(Tier.FULL, true, List.of(), List.of(), 887, REFUSAL)
                        .sentences()
                        .get(0))
                .startsWith("io_setup was refused 887 times: postgres (PID 100) requested 1024 events");
    }

    @Test
    void summarizesEndOfRecording() {
        Summary ended = summary(
                Tier.FULL, true, List.of(), List.of(TeardownBuilder.busy().build()));
        assertThat(ended.state()).isEqualTo(SummaryState.STUCK);
        assertThat(ended.sentences().get(0)).contains("was stuck in io_destroy for");
        assertThat(summary(Tier.FULL, true, List.of(stuck()), List.of())
                        .sentences()
                        .get(0))
                .startsWith("When the recording ends, ");
    }

    @Test
    void claimsNothingThatTierCannotObserve() {
        assertThat(summary(Tier.FULL, false, List.of(), List.of()).sentences())
                .containsExactly("No teardown is stuck, and no io_setup was refused in the last hour.");
        assertThat(summary(Tier.SAMPLE, true, List.of(), List.of()).sentences())
                .containsExactly("No teardown was stuck. The tier sample does not observe refused calls.");
    }
}
