package dev.aioscope.lifecycle;

import static dev.aioscope.lifecycle.RecordingListener.feed;
import static org.assertj.core.api.Assertions.assertThat;

import dev.aioscope.event.EventBuilder;
import dev.aioscope.event.Trigger;
import dev.aioscope.lifecycle.RefusalOutcome.Resolution;
import dev.aioscope.lifecycle.RefusalOutcome.Status;
import dev.aioscope.probe.Tier;
import java.math.BigInteger;
import org.junit.jupiter.api.Test;

/** The limit is 1000, process 1 requests 200, and times are in ms. */
class RefusalsTest {
    private static final int EAGAIN = -11;

    private final RecordingListener received = new RecordingListener();
    private final Lifecycle full = new Lifecycle(received, Tier.FULL, Limits.DEFAULT);
    private final Lifecycle syscall = new Lifecycle(received, Tier.SYSCALL, Limits.DEFAULT);

    private static long ms(double ms) {
        return Math.round(ms * 1_000_000);
    }

    private static EventBuilder at(EventBuilder record, double ms, int pid) {
        return record.time(ms(ms)).kioctx(0x1000L * pid).mm(pid).task(pid, pid, "p" + pid);
    }

    private static EventBuilder setup(double ms, int pid, int charge, long aioNr) {
        return at(EventBuilder.setup(), ms, pid)
                .enterTime(ms(ms - 0.1))
                .handle(0x7000L * pid)
                .size(charge, charge)
                .aioNr(aioNr)
                .aioMaxNr(1000);
    }

    private static EventBuilder refused(double ms, int pid, int charge, long aioNr) {
        return setup(ms, pid, charge, aioNr).handle(-1).kioctx(0).result(EAGAIN);
    }

    private static EventBuilder killEnter(double ms, int pid, int charge, long aioNr) {
        return at(EventBuilder.killEnter(Trigger.EXIT), ms, pid)
                .handle(0x7000L * pid)
                .size(charge, charge)
                .aioNr(aioNr);
    }

    private static EventBuilder killExit(double ms, int pid, long aioNr) {
        return at(EventBuilder.killExit(), ms, pid).enterTime(ms(ms - 1)).aioNr(aioNr);
    }

    private RefusalOutcome only() {
        return assertThat(received.outcomes).singleElement().actual();
    }

    private void assertResolutionIsUnknown() {
        assertThat(only().status()).isEqualTo(Status.TRANSIENT);
        assertThat(only().resolution()).isNull();
        assertThat(only().release()).isNull();
    }

    @Test
    void namesProcessThatReleasedItsCharge() {
        feed(full, setup(1, 2, 900, 900), refused(10, 1, 200, 900));
        feed(full, killEnter(30, 2, 900, 900), killExit(31, 2, 0));
        full.advance(ms(1030));
        assertThat(received.outcomes).as("quota must suffice for 1 s").isEmpty();
        full.advance(ms(1031));

        assertThat(only().status()).isEqualTo(Status.TRANSIENT);
        assertThat(only().resolution()).isEqualTo(Resolution.TEARDOWN);
        assertThat(only().duration()).isEqualTo(ms(21));
        assertThat(only().refusal()).isEqualTo(received.failedCalls.get(0));
        assertThat(only().release())
                .isEqualTo(new RefusalOutcome.Release(new Task(2, 2, "p2", 0, 0), Trigger.EXIT, 1, 900));
        assertThat(only().retries()).isZero();
        assertThat(only().hasSucceeded()).isFalse();
        assertThat(only().aioNr()).isZero();
    }

    @Test
    void datesReleaseByItsTimeWhenItsRecordFollowsSetup() {
        feed(full, setup(1, 2, 900, 900), refused(10, 1, 200, 900), killEnter(30, 2, 900, 900));
        feed(full, setup(31, 1, 200, 200), killExit(30.9, 2, 200));
        full.advance(ms(1031));

        assertThat(only().duration()).isEqualTo(ms(20.9));
        assertThat(only().release().by().pid()).isEqualTo(2);
        assertThat(only().hasSucceeded()).isTrue();
    }

    @Test
    void datesReleaseNoLaterThanNextRecord() {
        feed(full, setup(1, 2, 900, 900), refused(10, 1, 200, 900), killEnter(30, 2, 900, 900));
        feed(full, killExit(31.5, 2, 0), setup(31, 1, 200, 200));
        full.advance(ms(1032));

        assertThat(only().duration()).isEqualTo(ms(21));
        assertThat(only().hasSucceeded()).isTrue();
    }

    @Test
    void namesProcessThatReleasedItsChargeDuringRetry() {
        feed(full, setup(1, 2, 900, 900), refused(10, 1, 200, 900), killEnter(30, 2, 900, 900));
        feed(full, killExit(31, 2, 0), refused(31.05, 1, 200, 0));
        full.advance(ms(1032));

        assertThat(only().status()).isEqualTo(Status.TRANSIENT);
        assertThat(only().resolution()).isEqualTo(Resolution.TEARDOWN);
        assertThat(only().release().by().pid()).isEqualTo(2);
        assertThat(only().duration()).isEqualTo(ms(21.05));
        assertThat(only().retries()).isEqualTo(1);
    }

    @Test
    void needsUnknownLimitIfRoomWasMadeDuringCall() {
        feed(full, refused(10, 1, 200, 900), refused(11, 3, 200, 800));

        assertThat(received.failedCalls)
                .extracting(FailedCall::neededLimit)
                .containsExactly(BigInteger.valueOf(1100), null);
    }

    @Test
    void omitsReleaseDuringRetryThatIsTooSmall() {
        feed(full, setup(1, 3, 10, 910), refused(10, 1, 200, 910), killEnter(30, 3, 10, 910));
        feed(full, killExit(31, 3, 900), refused(31.05, 1, 200, 0));
        full.advance(ms(1032));

        assertResolutionIsUnknown();
    }

    @Test
    void takesErrorsWithoutEntryForRefusalsByFilter() {
        feed(
                full,
                refused(10, 1, 200, 900).enterTime(-1).result(-1),
                refused(11, 1, 200, 900).result(-1));
        feed(full, refused(12, 1, 200, 900).enterTime(-1).result(-22));
        full.advance(ms(20_000));

        assertThat(received.failedCalls).extracting(FailedCall::cause).containsExactly("filter", null, null);
        assertThat(received.failedCalls).extracting(FailedCall::isRefusal).containsExactly(true, false, false);
        assertThat(received.failedCalls).extracting(FailedCall::neededLimit).containsOnlyNulls();
        assertThat(received.outcomes).isEmpty();
    }

    @Test
    void omitsReleaseThatEndedBeforeRefusedCall() {
        feed(full, setup(1, 2, 100, 1000), refused(10, 1, 200, 1000), killEnter(29, 2, 100, 1000));
        feed(full, killExit(30, 2, 900), refused(31, 1, 200, 100));
        full.advance(ms(1032));

        assertResolutionIsUnknown();
    }

    @Test
    void namesLargestOfSeveralReleases() {
        feed(full, setup(1, 2, 600, 600), setup(2, 3, 10, 610), setup(3, 4, 300, 910), refused(10, 1, 400, 910));
        feed(full, killEnter(20, 2, 600, 910), killEnter(20, 3, 10, 910));
        feed(full, killExit(21, 3, 300), killExit(21, 2, 300));
        feed(full, killEnter(500, 4, 300, 300), killExit(501.5, 4, 0));
        full.advance(ms(1021));

        assertThat(only().release().by().pid()).isEqualTo(2);
        assertThat(only().release().charge()).isEqualTo(600);
    }

    @Test
    void omitsResolutionThatReleasesDoNotExplain() {
        feed(full, setup(1, 3, 10, 910), refused(10, 1, 400, 910));
        feed(full, killEnter(20, 3, 10, 910), killExit(21, 3, 300));
        full.advance(ms(1021));

        assertResolutionIsUnknown();
    }

    @Test
    void detectsRaisedLimitInSetupsAndScans() {
        feed(full, refused(10, 1, 200, 900), setup(20, 3, 1, 901).aioMaxNr(2000));
        full.advance(ms(1020));
        assertThat(only().resolution()).isEqualTo(Resolution.LIMIT);
        assertThat(only().aioMaxNr()).isEqualTo(2000);

        received.outcomes.clear();
        feed(full, refused(2010, 1, 200, 900));
        full.quota(ms(2500), BigInteger.valueOf(900), BigInteger.valueOf(1000));
        full.quota(ms(3000), BigInteger.valueOf(900), BigInteger.valueOf(1100));
        full.advance(ms(4000));
        assertThat(only().resolution()).isEqualTo(Resolution.LIMIT);
        assertThat(only().duration()).isEqualTo(ms(990));
    }

    @Test
    void detectsRaisedLimitWhenSetupExceedsOldLimit() {
        feed(full, refused(10, 1, 200, 900), setup(20, 1, 200, 1100).aioMaxNr(1100));
        full.advance(ms(1020));

        assertThat(only().resolution()).isEqualTo(Resolution.LIMIT);
        assertThat(only().hasSucceeded()).isTrue();
    }

    @Test
    void countsRetriesAndReportsLastingRefusalOnceAndItsEnd() {
        feed(full, setup(1, 2, 900, 900));
        for (int i = 0; i < 200; i++) {
            feed(full, refused(10 + 100 * i, 1, 200, 900));
        }
        assertThat(received.failedCalls).hasSize(200);
        assertThat(received.retries).isEqualTo(199);
        assertThat(only().status()).isEqualTo(Status.LASTING);
        assertThat(only().retries()).isEqualTo(99);
        assertThat(only().resolution()).isNull();

        feed(full, killEnter(20_000, 2, 900, 900), killExit(20_001, 2, 0));
        full.advance(ms(30_000));
        RefusalOutcome over = received.outcomes.get(1);
        assertThat(over.status()).isEqualTo(Status.OVER);
        assertThat(over.retries()).isEqualTo(199);
        assertThat(over.duration()).isEqualTo(ms(19_991));
        assertThat(over.release().by().pid()).isEqualTo(2);
        assertThat(received.outcomes).hasSize(2);
    }

    @Test
    void abandonsLastingRefusalWithoutRetries() {
        feed(full, refused(10, 1, 200, 900));
        full.advance(ms(10_009));
        assertThat(received.outcomes).isEmpty();
        full.advance(ms(10_010));
        assertThat(only().status()).isEqualTo(Status.LASTING);
        full.advance(ms(20_009));
        assertThat(received.outcomes).hasSize(1);
        full.advance(ms(20_010));
        assertThat(received.outcomes)
                .extracting(RefusalOutcome::status)
                .containsExactly(Status.LASTING, Status.ABANDONED);
        full.quota(ms(21_000), BigInteger.valueOf(0), BigInteger.valueOf(1000));
        full.advance(ms(60_000));
        assertThat(received.outcomes).hasSize(2);

        feed(full, refused(61_000, 1, 200, 900));
        assertThat(received.retries).as("a new refusal").isZero();
    }

    @Test
    void reportsOneRefusalWhileQuotaFlaps() {
        for (int i = 0; i < 50; i++) {
            feed(full, refused(10 + 100 * i, 1, 200, 900));
            full.quota(ms(20 + 100 * i), BigInteger.valueOf(700), BigInteger.valueOf(1000));
        }
        assertThat(received.outcomes).isEmpty();
        full.advance(ms(6000));

        assertThat(only().retries()).isEqualTo(49);
        assertThat(only().duration()).isEqualTo(ms(4910));
    }

    @Test
    void separatesRefusalsBySizeAndProcess() {
        feed(full, refused(10, 1, 200, 900), refused(11, 1, 150, 900), refused(12, 2, 200, 900));
        assertThat(received.retries).isZero();
        full.quota(ms(20), BigInteger.valueOf(840), BigInteger.valueOf(1000));
        full.advance(ms(1020));

        assertThat(only().refusal().maxReqs()).isEqualTo(150);
    }

    @Test
    void followsRefusalAfterWhichLimitWasRemoved() {
        feed(full, refused(10, 1, 200, 900), setup(20, 3, 1, 901).aioMaxNr(-1));
        full.advance(ms(1020));

        assertThat(only().status()).isEqualTo(Status.TRANSIENT);
        assertThat(only().resolution()).isEqualTo(Resolution.LIMIT);
        assertThat(only().aioMaxNr()).isEqualTo("18446744073709551615");
    }

    @Test
    void keepsRefusalOpenWhileUsageExceedsLongRange() {
        feed(full, refused(10, 1, 200, 900));
        full.quota(ms(20), BigInteger.ONE.shiftLeft(63), BigInteger.valueOf(1000));
        full.advance(ms(10_010));

        assertThat(only().status()).isEqualTo(Status.LASTING);
    }

    @Test
    void readsRequestedAmountAsUnsigned() {
        feed(full, refused(10, 1, -1, 900));

        assertThat(received.failedCalls.get(0).requested()).isEqualTo(4_294_967_295L);
        assertThat(received.failedCalls.get(0).neededLimit()).isEqualTo(4_294_968_195L);
    }

    @Test
    void ignoresRecordsBeforeRefusal() {
        feed(full, refused(10, 1, 200, 900), killEnter(9, 3, 10, 100));
        full.advance(ms(2000));
        assertThat(received.outcomes).isEmpty();
    }

    /** The kernel reuses the memory of the holder's context, so its end is known before a scan. The refused process exits. */
    @Test
    void namesHolderWhoseContextWasReplacedByThatOfRefusedProcess() {
        feed(syscall, setup(1, 2, 900, 900), refused(10, 1, 200, 900));
        feed(syscall, setup(500, 1, 200, 200).kioctx(0x2000));
        syscall.beginScan(ms(1700));
        syscall.endScan();
        syscall.quota(ms(1702), BigInteger.ZERO, BigInteger.valueOf(1000));
        syscall.advance(ms(1703));

        assertThat(only().resolution()).isEqualTo(Resolution.TEARDOWN);
        assertThat(only().release().by().pid()).isEqualTo(2);
        assertThat(only().release().charge()).isEqualTo(900);
    }

    /** What the refused process releases after its success did not make room for it. */
    @Test
    void omitsReleaseOfContextThatWasRefusedBefore() {
        feed(syscall, refused(10, 1, 200, 900), setup(500, 1, 200, 200));
        syscall.beginScan(ms(1700));
        syscall.endScan();
        syscall.quota(ms(1702), BigInteger.ZERO, BigInteger.valueOf(1000));
        syscall.advance(ms(1703));

        assertResolutionIsUnknown();
    }

    @Test
    void namesReleaseThatScanFoundInSyscallTier() {
        feed(syscall, setup(1, 2, 900, 900), refused(10, 1, 200, 900), setup(500, 1, 200, 200));
        syscall.advance(ms(1600));
        assertThat(received.outcomes).as("no scan yet").isEmpty();
        syscall.beginScan(ms(1700));
        feed(syscall, at(EventBuilder.liveContext(), 1701, 1).handle(0x7000).size(200, 200));
        syscall.endScan();
        syscall.quota(ms(1702), BigInteger.valueOf(200), BigInteger.valueOf(1000));
        syscall.advance(ms(1703));

        assertThat(only().duration()).isEqualTo(ms(490));
        assertThat(only().resolution()).isEqualTo(Resolution.TEARDOWN);
        assertThat(only().release()).isEqualTo(new RefusalOutcome.Release(new Task(2, 2, "p2", 0, 0), null, 1, 900));
    }

    @Test
    void endsRefusalOnSuccessWhenQuotaIsUnreadable() {
        EventBuilder refused = refused(10, 1, 200, -1).aioMaxNr(-1);
        feed(full, refused, setup(20, 2, 5, -1).aioMaxNr(-1));
        full.quota(ms(25), null, null);
        feed(full, setup(30, 1, 200, -1).aioMaxNr(-1));
        full.advance(ms(1030));

        assertThat(only().status()).isEqualTo(Status.TRANSIENT);
        assertThat(only().hasSucceeded()).isTrue();
        assertThat(only().aioNr()).isNull();
        assertThat(only().resolution()).isNull();
    }

    @Test
    void namesSufficientReleaseWhenQuotaIsUnreadable() {
        feed(full, setup(1, 2, 200, -1), refused(10, 1, 200, -1).aioMaxNr(-1), killEnter(12, 2, 200, -1));
        feed(full, killExit(13, 2, -1), setup(14, 1, 200, -1).aioMaxNr(-1));
        full.advance(ms(1014));

        assertThat(only().resolution()).isEqualTo(Resolution.TEARDOWN);
        assertThat(only().release().by().pid()).isEqualTo(2);
    }

    @Test
    void dropsOldestRefusalsBeyondLimit() {
        for (int i = 0; i < 1030; i++) {
            feed(full, refused(10 + i * 0.001, 1 + i, 200, 900));
        }
        assertThat(received.outcomes)
                .hasSize(6)
                .extracting(RefusalOutcome::status)
                .containsOnly(Status.UNKNOWN);
    }
}
