package dev.aioscope.guest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aioscope.event.EventType;
import dev.aioscope.event.ReleasedBy;
import dev.aioscope.event.Trigger;
import dev.aioscope.guest.TestAgent.AttachMethod;
import dev.aioscope.guest.TestAgent.FoundContext;
import dev.aioscope.kernel.Errno;
import dev.aioscope.kernel.Host;
import dev.aioscope.lifecycle.Context;
import dev.aioscope.lifecycle.FailedCall;
import dev.aioscope.lifecycle.FailedCall.SystemCall;
import dev.aioscope.lifecycle.Teardown;
import dev.aioscope.lifecycle.Teardown.End;
import dev.aioscope.lifecycle.Teardown.Wait;
import dev.aioscope.probe.AttachPoint;
import dev.aioscope.probe.AttachPoint.Mode;
import dev.aioscope.probe.Losses;
import dev.aioscope.probe.Tier;
import dev.aioscope.probe.bpf.Engine;
import dev.aioscope.testing.KernelRelease;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** Compares reports in the tier full with what aiowork and null_blk did. */
@Tag("guest")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class TeardownTests {
    private static final long LEAST_DRAIN = 480_000_000;

    private final AttachMethod attachMethod;
    private final Engine engine;
    private TestAgent agent;
    private @Nullable Long missedBefore;

    TeardownTests(AttachMethod attachMethod, Engine engine) {
        this.attachMethod = attachMethod;
        this.engine = engine;
    }

    @BeforeAll
    void open() throws Exception {
        NullBlockDevice.load();
        agent = new TestAgent(Tier.FULL, attachMethod, engine);
    }

    @AfterAll
    void close() {
        if (agent != null) {
            agent.close();
        }
    }

    @BeforeEach
    void begin() {
        missedBefore = agent.probes().losses().missed();
    }

    /** Whether the kernel has skipped a probe during this test, if it counts that. */
    private boolean hasSkippedPrograms() {
        Long missed = agent.probes().losses().missed();
        return missed != null && !missed.equals(missedBefore);
    }

    private List<Teardown> awaitTeardowns(int pid, int count) {
        agent.readUntil(
                count + " teardowns of " + pid, () -> agent.teardowns(pid).size() >= count);
        assertThat(agent.teardowns(pid)).hasSize(count);
        return agent.teardowns(pid);
    }

    private Teardown awaitTeardown(AioWork work) {
        Teardown teardown = awaitTeardowns(work.pid(), 1).get(0);
        assertThat(teardown.end()).as("%s", teardown).isEqualTo(End.COMPLETE);
        assertThat(teardown.context().handle()).isEqualTo(work.value("handle"));
        return teardown;
    }

    @Test
    @Tag("proof")
    void attachesEveryProbeInRequestedMode() {
        assertThat(agent.probes().attachPoints())
                .isNotEmpty()
                .allSatisfy(point -> assertThat(point.mode()).as("%s", point).isNotNull());
        if (attachMethod == AttachMethod.KPROBE) {
            assertThat(agent.probes().attachPoints())
                    .extracting(AttachPoint::mode)
                    .containsOnly(Mode.KPROBE, Mode.KRETPROBE, Mode.ITERATOR);
        } else if (KernelRelease.isAtLeast(5, 11)) {
            assertThat(agent.probes().attachPoints())
                    .extracting(AttachPoint::mode)
                    .containsOnly(Mode.FENTRY, Mode.FEXIT, Mode.ITERATOR);
        }
    }

    @Test
    @Tag("proof")
    void measuresDestroyWithTenRequestsOutstanding() throws IOException {
        AioWork work = AioWork.run("destroy", "--outstanding", "10");
        Teardown teardown = awaitTeardown(work);

        assertOutstandingAreWaitedFor(work, teardown, Trigger.DESTROY);
        assertThat(teardown.drain()).isGreaterThanOrEqualTo(leastDrain(work, teardown));
        assertThat(teardown.call().result()).isZero();
        assertThat(teardown.call().voluntarySwitches()).isPositive();
        assertThat(teardown.call().pendingSigkill()).isFalse();
        assertThat(teardown.kernel().unmapResult()).isZero();
        // The call as the program measured it contains the call as the probes saw it.
        assertThat(teardown.call().enterTime()).isGreaterThanOrEqualTo(work.value("called"));
        assertThat(teardown.call().returnTime()).isLessThanOrEqualTo(work.value("returned"));
        assertThat(teardown.kernel().aioNrBefore()).isEqualTo(work.value("aio_nr"));
        assertThat(teardown.kernel().aioNrAfter()).isEqualTo(work.value("aio_nr_after"));
        assertThat(teardown.context().maxReqs()).isEqualTo((int) work.value("charge"));
    }

    private static void assertOutstandingAreWaitedFor(AioWork work, Teardown teardown, Trigger trigger) {
        assertThat(teardown.trigger()).isEqualTo(trigger);
        assertThat(teardown.counts().outstandingSlots()).isEqualTo(10);
        assertThat(teardown.counts().outstandingRefs()).isEqualTo(10);
        assertThat(teardown.counts().outstandingAfterGrace()).isEqualTo(10);
        assertThat(teardown.counts().unreaped()).isZero();
        assertThat(teardown.counts().siblings()).isZero();
        // The delay of null_blk; an exec uses up part of it before the teardown.
        assertThat(teardown.phases().reqsTime())
                .isGreaterThanOrEqualTo(work.value("submitted") + NullBlockDevice.DELAY);
        assertThat(teardown.usersWait()).isEqualTo(Wait.GRACE);
        assertThat(teardown.grace() + teardown.cancel() + teardown.io()).isEqualTo(teardown.drain());
        assertThat(teardown.reqsWait()).isEqualTo(Wait.IO);
        // The kernel never cancels reads.
        assertThat(teardown.counts().cancellableBefore()).isZero();
        assertThat(teardown.counts().cancellableAfter()).isZero();
    }

    /** Up to 20 ms of null_blk's delay may pass before the drain begins, or longer if the guest was paused. */
    private static long leastDrain(AioWork work, Teardown teardown) {
        long passed = teardown.phases().killExitTime() - work.value("submitted");
        return LEAST_DRAIN - Math.max(0, passed - (NullBlockDevice.DELAY - LEAST_DRAIN));
    }

    private static void assertIdle(Teardown teardown, Trigger trigger) {
        assertThat(teardown.trigger()).isEqualTo(trigger);
        assertThat(teardown.counts().outstandingSlots()).isZero();
        assertThat(teardown.counts().outstandingRefs()).isZero();
        assertThat(teardown.counts().outstandingAfterGrace()).isZero();
        assertThat(teardown.usersWait()).isEqualTo(Wait.GRACE);
        assertThat(teardown.reqsWait()).isEqualTo(Wait.GRACE);
        assertThat(teardown.io()).isZero();
        assertThat(teardown.inSiblings()).isZero();
        assertThat(teardown.grace() + teardown.cancel()).isEqualTo(teardown.drain());
    }

    @Test
    void waitsOnlyForRcuInIdleDestroy() throws IOException {
        assertIdle(awaitTeardown(AioWork.run("destroy")), Trigger.DESTROY);
    }

    @Test
    @Tag("proof")
    void measuresExitWithRequestsOutstanding() throws IOException {
        AioWork work = AioWork.run("exit", "--outstanding", "10");
        Teardown teardown = awaitTeardown(work);

        assertOutstandingAreWaitedFor(work, teardown, Trigger.EXIT);
        assertThat(teardown.drain()).isGreaterThanOrEqualTo(leastDrain(work, teardown));
        assertThat(teardown.call().result()).isNull();
        assertThat(teardown.call().returnTime()).isNull();
        assertThat(teardown.phases().unmapEnterTime())
                .as("exit_aio does not unmap the ring")
                .isNull();
    }

    @Test
    void waitsOnlyForRcuInIdleExit() throws IOException {
        assertIdle(awaitTeardown(AioWork.run("exit")), Trigger.EXIT);
    }

    @Test
    void measuresExecWithRequestsOutstanding() throws IOException {
        AioWork work = AioWork.run("exec", "--outstanding", "10");

        assertOutstandingAreWaitedFor(work, awaitTeardown(work), Trigger.EXIT);
        assertThat(work.value("executed")).isEqualTo(work.pid());
    }

    @Test
    void waitsOnlyForRcuInIdleExec() throws IOException {
        assertIdle(awaitTeardown(AioWork.run("exec")), Trigger.EXIT);
    }

    @Test
    void countsNoUnreapedRequestAsOutstanding() throws IOException {
        Teardown teardown = awaitTeardown(AioWork.run("half-reaped"));

        assertThat(teardown.counts().unreaped()).isEqualTo(4);
        assertIdle(teardown, Trigger.DESTROY);
    }

    @Test
    void countsUnreapedRequestsAtExit() throws IOException {
        Teardown teardown = awaitTeardown(AioWork.run("exit", "--unreaped", "7", "--outstanding", "10"));

        assertThat(teardown.counts().unreaped()).isEqualTo(7);
        assertThat(teardown.counts().outstandingSlots()).isEqualTo(10);
        assertThat(teardown.counts().outstandingRefs()).isEqualTo(10);
    }

    @Test
    void countsCanceledPollButNoRead() throws IOException {
        AioWork work = AioWork.run("poll-and-read", "--outstanding", "3");
        Teardown teardown = awaitTeardown(work);

        assertThat(teardown.outstanding()).isEqualTo(4);
        assertThat(teardown.counts().cancellableBefore()).isEqualTo(1);
        assertThat(teardown.counts().cancellableAfter()).isZero();
        assertThat(teardown.drain()).isGreaterThanOrEqualTo(leastDrain(work, teardown));
    }

    @Test
    void reportsEinvalForLoserOfConcurrentDestroys() throws IOException {
        AioWork work = AioWork.run("race", "--count", "20");
        List<Teardown> teardowns = awaitTeardowns(work.pid(), 20);
        agent.readUntil("20 losers", () -> agent.failedCalls(work.pid()).size() >= 20 || hasSkippedPrograms());

        assertWhole(teardowns);
        List<Teardown> called = teardowns.stream()
                .filter(teardown -> !hasSkippedPrograms()
                        || (teardown.caller() != null && teardown.call().result() != null))
                .toList();
        assertThat(called).extracting(t -> t.call().result()).containsOnly(0L);
        assertThat(work.values("winner"))
                .containsAll(called.stream()
                        .map(teardown ->
                                (long) Objects.requireNonNull(teardown.caller()).tid())
                        .toList());
        assertThat(agent.failedCalls(work.pid()))
                .allSatisfy(call -> assertThat(call.errno()).isEqualTo(Errno.EINVAL))
                .extracting(call -> (long) call.caller().tid())
                .isSubsetOf(work.values("loser"))
                .hasSizeGreaterThanOrEqualTo(hasSkippedPrograms() ? 10 : 20);
    }

    @Test
    void reportsEveryWrongHandle() throws IOException {
        AioWork work = AioWork.run("wrong-handles");
        int child = (int) work.value("child");
        agent.readUntil(
                "four wrong handles",
                () -> agent.failedCalls(work.pid()).size() >= 3
                        && !agent.failedCalls(child).isEmpty());

        assertThat(work.values("errno")).containsOnly((long) Errno.EINVAL);
        assertThat(agent.failedCalls(work.pid()))
                .allSatisfy(TeardownTests::isEinvalOfDestroy)
                .extracting(FailedCall::handle)
                .containsExactly(work.value("zero"), work.value("destroyed"), work.value("junk"));
        assertThat(agent.failedCalls(child))
                .allSatisfy(TeardownTests::isEinvalOfDestroy)
                .extracting(FailedCall::handle)
                .containsExactly(work.value("inherited"));
        awaitTeardowns(work.pid(), 2);
    }

    private static void isEinvalOfDestroy(FailedCall call) {
        assertThat(call.call()).isEqualTo(SystemCall.IO_DESTROY);
        assertThat(call.errno()).isEqualTo(Errno.EINVAL);
    }

    @Test
    void reportsQuotaOfRefusedSetup() throws IOException {
        long limit = Host.aioMaxNr().orElseThrow().longValueExact();
        AioWork work = AioWork.run("refused", "--charge", Long.toString(limit + 1));
        agent.readUntil(
                "three refused setups", () -> agent.failedCalls(work.pid()).size() >= 3);

        assertThat(work.values("errno")).containsExactly((long) Errno.EAGAIN, (long) Errno.EINVAL, (long) Errno.EINVAL);
        assertThat(agent.failedCalls(work.pid()))
                .extracting(call -> (long) call.errno())
                .containsExactlyElementsOf(work.values("errno"));
        FailedCall refusal = agent.failedCalls(work.pid()).get(0);
        assertThat(refusal.isRefusal()).isTrue();
        assertThat(refusal.maxReqs()).isEqualTo((int) limit + 1);
        assertThat(refusal.aioMaxNr()).isEqualTo(limit);
        assertThat(refusal.aioNr().longValueExact()).isBetween(0L, limit);
    }

    @Test
    void reportsRollbackOfFailedSetup() throws IOException {
        AioWork work = AioWork.run("rollback", "--charge", "5");
        Teardown teardown = awaitTeardowns(work.pid(), 1).get(0);

        assertThat(work.value("errno")).isEqualTo(Errno.EFAULT);
        assertThat(teardown.trigger()).isEqualTo(Trigger.ROLLBACK);
        assertThat(teardown.end()).isEqualTo(End.COMPLETE);
        assertThat(teardown.context().maxReqs()).isEqualTo(5);
        assertThat(teardown.kernel().aioNrAfter()).isEqualTo(work.value("aio_nr_after"));
        agent.readUntil("the failed setup", () -> !agent.failedCalls(work.pid()).isEmpty());
        assertThat(agent.failedCalls(work.pid()).get(0).errno()).isEqualTo(Errno.EFAULT);
    }

    @Test
    void reportsThreadInsideIoSubmitAsSibling() throws IOException {
        AioWork work = AioWork.run("sibling", "--milliseconds", "300");
        Teardown teardown = awaitTeardown(work);

        assertThat(teardown.counts().siblings()).isEqualTo(1);
        assertThat(teardown.outstanding()).isEqualTo(1);
        assertThat(teardown.usersWait()).isEqualTo(Wait.SIBLINGS);
        assertThat(teardown.inSiblings())
                .isGreaterThanOrEqualTo(Duration.ofMillis(280).toNanos());
        assertThat(Objects.requireNonNull(teardown.caller()).tid()).isEqualTo((int) work.value("destroyer"));
    }

    @Test
    void reportsEachOfThousandContextsOfKilledProcessOnce() throws IOException {
        try (AioWork work = AioWork.start("many", "--count", "1000", "--charge", "1", "--wait")) {
            work.await("ready");
            agent.readUntil("1000 setups", () -> agent.setups(work.pid()).size() >= 1000);
            assertThat(agent.setups(work.pid()).stream()
                            .mapToInt(Context::maxReqs)
                            .sum())
                    .isEqualTo(1000);
            work.kill();
            List<Teardown> teardowns = awaitTeardowns(work.pid(), 1000);

            assertThat(teardowns).extracting(Teardown::trigger).containsOnly(Trigger.EXIT);
            assertWhole(teardowns);
            assertThat(teardowns)
                    .extracting(teardown -> teardown.context().generation())
                    .doesNotHaveDuplicates();
            assertThat(teardowns)
                    .extracting(teardown -> teardown.context().handle())
                    .doesNotHaveDuplicates();
            Losses losses = agent.probes().losses();
            assertThat(losses.ringFull() + losses.mapFull() + losses.corrupt()).isZero();
            // A teardown that lacks a record is reported last, whenever it began.
            long first = teardowns.stream()
                    .map(t -> t.kernel().aioNrBefore())
                    .filter(Objects::nonNull)
                    .max(Long::compare)
                    .orElseThrow();
            long last = teardowns.stream()
                    .map(t -> t.kernel().aioNrAfter())
                    .filter(Objects::nonNull)
                    .min(Long::compare)
                    .orElseThrow();
            assertThat(first - last).isBetween(hasSkippedPrograms() ? 900L : 1000L, 1000L);
        }
    }

    /**
     * Before 5.15, no stack can be unwound beyond a function with a return probe: if the completion of the last request
     * interrupts such a function, the releaser of the context is unknown. No record is lacking then.
     */
    private static boolean isReleaserHidden(Teardown teardown) {
        return !KernelRelease.isAtLeast(5, 15)
                && (teardown.kernel().usersReleasedBy() == ReleasedBy.UNKNOWN
                        || teardown.kernel().reqsReleasedBy() == ReleasedBy.UNKNOWN);
    }

    /**
     * The kernel skips a kprobe that is hit while another kprobe program runs on the same CPU, for example in an RCU
     * callback that interrupts it. A preemptible kernel also skips a fentry program whose last run on that CPU was
     * preempted. A teardown that lacks a record then must say so; if the kernel's counter shows no skipped program, no
     * record may be lacking.
     */
    private void assertWhole(List<Teardown> teardowns) {
        List<Teardown> lacking = teardowns.stream()
                .filter(teardown -> teardown.drain() == null
                        || teardown.phases().freeTime() == null
                        || (teardown.grace() == null && !isReleaserHidden(teardown)))
                .toList();
        Long missed = agent.probes().losses().missed();
        if (missed != null && missed.equals(missedBefore)) {
            assertThat(lacking).isEmpty();
        }
        assertThat(teardowns)
                .filteredOn(teardown -> teardown.end() != End.COMPLETE)
                .containsAll(lacking)
                .extracting(Teardown::end)
                .doesNotContain(End.UNKNOWN, End.VANISHED);
    }

    @Test
    void seesEveryReturnOfManyWaitingThreads() throws IOException {
        AioWork work = AioWork.run("many-destroyers", "--count", "200", "--charge", "1");
        List<Teardown> teardowns = awaitTeardowns(work.pid(), 200);

        assertThat(work.value("destroyed")).isEqualTo(200);
        assertWhole(teardowns);
        List<Teardown> called = teardowns.stream()
                .filter(teardown -> !hasSkippedPrograms()
                        || (teardown.call().returnTime() != null
                                && teardown.call().enterTime() != null))
                .toList();
        assertThat(called)
                .hasSizeGreaterThan(100)
                .extracting(t -> t.call().result())
                .containsOnly(0L);
        assertThat(called).extracting(t -> t.call().returnTime()).doesNotContainNull();
        // More concurrent calls than the default slots of a return probe: 10, or two for each CPU.
        long firstReturn =
                called.stream().mapToLong(t -> t.call().returnTime()).min().orElseThrow();
        assertThat(called.stream().filter(teardown -> teardown.call().enterTime() < firstReturn))
                .hasSizeGreaterThan(10);
    }

    @Test
    @Tag("proof")
    void findsExistingContextsWithCharge() throws IOException {
        try (AioWork work =
                AioWork.start("destroy", "--charge", "77", "--outstanding", "10", "--unreaped", "3", "--wait")) {
            work.await("ready");
            List<FoundContext> found = agent.inventoryRecords().stream()
                    .filter(record -> record.type() == EventType.LIVE_CONTEXT)
                    .toList();

            assertThat(found.stream().filter(record -> record.pid() == work.pid()))
                    .singleElement()
                    .satisfies(record -> {
                        assertThat(record.handle()).isEqualTo(work.value("handle"));
                        assertThat(record.maxReqs()).isEqualTo(77);
                        assertThat(record.outstandingSlots()).isEqualTo(record.outstandingRefs());
                        assertThat(record.outstandingRefs()).isBetween(0, 10);
                        assertThat(record.unreaped()).isEqualTo(3 + 10 - record.outstandingRefs());
                    });
            assertThat(found.stream().mapToLong(FoundContext::maxReqs).sum())
                    .isEqualTo(Host.aioNr().orElseThrow().longValueExact());
            work.proceed();
            work.finish();
        }
    }

    @Test
    void findsContextsBeyondOneIteratorRun() throws IOException {
        try (AioWork work = AioWork.start("many", "--count", "600", "--charge", "2", "--wait")) {
            work.await("ready");

            assertThat(agent.inventoryRecords().stream().filter(record -> record.pid() == work.pid()))
                    .hasSize(600)
                    .extracting(FoundContext::handle)
                    .doesNotHaveDuplicates();
            work.kill();
        }
    }
}
