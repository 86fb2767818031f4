package dev.aioscope.lifecycle;

import static dev.aioscope.lifecycle.RecordingListener.feed;
import static org.assertj.core.api.Assertions.assertThat;

import dev.aioscope.event.AioCall;
import dev.aioscope.event.EventBuilder;
import dev.aioscope.event.ReleasedBy;
import dev.aioscope.event.RingState;
import dev.aioscope.event.Trigger;
import dev.aioscope.lifecycle.WrongHandle.Cause;
import dev.aioscope.probe.Tier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Explanations of wrong handles passed to io_destroy. Times are in ms. */
class WrongHandleTest {
    private static final long KIOCTX = 0xffff_8880_0000_1000L;
    private static final long MM = 0xffff_8880_0000_2000L;
    private static final long HANDLE = 0x7f00_0000_0000L;
    private static final int EINVAL = 22;

    private final RecordingListener received = new RecordingListener();
    private final Lifecycle full = new Lifecycle(received, Tier.FULL, Limits.DEFAULT);
    private final Lifecycle syscall = new Lifecycle(received, Tier.SYSCALL, Limits.DEFAULT);

    @Test
    void explainsZero() {
        feed(full, failed(100).handle(0).ring(RingState.UNREADABLE));
        assertCause(Cause.ZERO, "0 is never a handle");
    }

    @Test
    void explainsHandleThatNoContextHad() {
        feed(full, failed(100));
        assertCause(
                Cause.NEVER_VALID, "no context of this process has this handle, or is known to have had it recently");
    }

    @Test
    void explainsMemoryWithoutRing() {
        feed(full, failed(100).ring(RingState.OTHER));
        assertThat(cause()).isEqualTo(Cause.NEVER_VALID);
    }

    @Test
    void omitsCauseWhenRingWasNotRead() {
        feed(
                full,
                failed(100).ring(RingState.NOT_READ),
                failed(110).kioctx(KIOCTX).ring(RingState.NOT_READ));
        assertThat(received.failedCalls).extracting(FailedCall::wrongHandle).containsExactly(null, null);
        assertThat(received.failedCalls).extracting(FailedCall::explanation).containsExactly(null, null);
    }

    @Test
    void explainsHandleDestroyedAndDrainedBefore() {
        feed(full, setup(10), killEnter(100, 1), killExit(101), users(115), reqs(2001), exit(2002, 1), free(2020));
        feed(full, failed(2104));
        assertCause(
                Cause.ALREADY_DESTROYED,
                "this handle was destroyed 2.00s ago by thread 1; its last request drained 1.90s later");
        WrongHandle wrong = wrongHandle();
        assertThat(wrong.context()).isEqualTo(received.setups.get(0));
        assertThat(wrong.killedTime()).isEqualTo(ms(101));
        assertThat(wrong.drainedTime()).isEqualTo(ms(2001));
        assertThat(wrong.isIoInFlight()).isFalse();
    }

    @Test
    void explainsHandleWhoseDestroyStillWaits() {
        feed(full, setup(10), killEnter(100, 1), killExit(101), users(115), failed(104 + 1));
        assertCause(
                Cause.ALREADY_DESTROYED,
                "this handle was destroyed 4.00ms ago by thread 1; that call still waits for 3 requests:"
                        + " do not free or reuse their buffers yet");
        assertThat(wrongHandle().drainedTime()).isNull();
        assertThat(wrongHandle().isIoInFlight()).isTrue();
    }

    @Test
    void explainsLostRace() {
        feed(full, setup(10), killEnter(100, 1), killEnter(100.1, 2));
        feed(full, lost(100.2, 2), failed(100.3).enterTime(ms(99)).task(100, 2, "second"));
        assertCause(
                Cause.LOST_RACE,
                "another thread destroyed this handle at the same time: thread 1; that call still waits for 3 requests:"
                        + " do not free or reuse their buffers yet");
    }

    @Test
    void explainsLostRaceOfCallThatEnteredBeforeRemoval() {
        feed(full, setup(10), killEnter(100, 1), killExit(101));
        feed(full, failed(101.1).enterTime(ms(100.9)).task(100, 2, "second"));
        assertThat(cause()).isEqualTo(Cause.LOST_RACE);
    }

    @Test
    void prefersLiveContextToDestroyedHandle() {
        feed(full, setup(10), killEnter(100, 1), killExit(101), users(115), reqs(120), exit(121, 1), free(140));
        feed(full, setup(200), failed(210).kioctx(KIOCTX).ring(RingState.UNREADABLE));
        assertThat(cause()).isEqualTo(Cause.RING_UNMAPPED);
    }

    @Test
    void ignoresHandleDestroyedByEarlierProcess() {
        feed(full, setup(10), killEnter(100, 1), killExit(101), users(115), reqs(120), exit(121, 1), free(140));
        feed(full, failed(210).task(200, 200, "next"));
        assertThat(cause()).isEqualTo(Cause.NEVER_VALID);
    }

    @Test
    void reportsUseOfDestroyedHandle() {
        feed(full, setup(10), killEnter(100, 1), killExit(101), users(115), reqs(120), exit(121, 1), free(140));
        feed(full, use(201));
        assertThat(received.uses).singleElement().satisfies(use -> {
            assertThat(use.call()).isEqualTo(AioCall.IO_GETEVENTS);
            assertThat(use.caller().tid()).isEqualTo(1);
            assertThat(use.isRefused()).isTrue();
            assertThat(use.destroyed().context()).isEqualTo(received.setups.get(0));
            assertThat(use.explanation())
                    .isEqualTo(
                            "this handle was destroyed 100ms ago by thread 1; its last request drained 19.0ms later");
        });
    }

    @Test
    void ignoresUseOfHandleDestroyedByEarlierProcess() {
        feed(full, setup(10), killEnter(100, 1), killExit(101), users(115), reqs(120), exit(121, 1), free(140));
        feed(full, use(201).task(200, 200, "next"));
        assertThat(received.uses).isEmpty();
        assertThat(full.counters().orphanEvents()).isEqualTo(1);
    }

    @Test
    void explainsUnmappedRing() {
        feed(full, setup(10), failed(100).kioctx(KIOCTX));
        assertCause(
                Cause.RING_UNMAPPED,
                "the program has unmapped the ring of this context itself: it cannot be found any more,"
                        + " and its charge of 128 stays until the process ends");
        assertThat(full.liveContexts()).hasSize(1);
    }

    @Test
    void explainsOverwrittenRing() {
        feed(full, setup(10), failed(100).kioctx(KIOCTX).ring(RingState.PRESENT));
        feed(full, failed(110).kioctx(KIOCTX).ring(RingState.OTHER));
        assertThat(received.failedCalls)
                .extracting(call -> call.wrongHandle().cause())
                .containsExactly(Cause.RING_CORRUPTED, Cause.RING_CORRUPTED);
        assertThat(received.failedCalls.get(0).explanation())
                .isEqualTo("the ring of this context is overwritten: its id no longer leads to the context,"
                        + " and its charge of 128 stays until the process ends");
    }

    @Test
    void explainsMovedRing() {
        feed(full, setup(10), failed(100));
        assertCause(Cause.RING_MOVED, "the ring of this context was moved by mremap: its handle is the new address");
    }

    @Test
    void endsContextByHandleOfMovedRing() {
        feed(full, setup(10), killEnter(100, 1).handle(HANDLE + 8192), killExit(101), users(115), reqs(120));
        feed(full, exit(121, 1).handle(HANDLE + 8192), free(140));
        assertThat(received.teardowns).singleElement().satisfies(teardown -> {
            Context setUp = received.setups.get(0);
            assertThat(teardown.context()).isEqualTo(setUp.withHandle(HANDLE + 8192));
            assertThat(teardown.end()).isEqualTo(Teardown.End.COMPLETE);
        });
        feed(full, failed(150).handle(HANDLE + 8192));
        assertThat(cause()).isEqualTo(Cause.ALREADY_DESTROYED);
    }

    @Test
    void keepsContextWhenScanFindsMovedRing() {
        feed(syscall, setup(10));
        syscall.beginScan(ms(50));
        feed(
                syscall,
                EventBuilder.liveContext()
                        .time(ms(51))
                        .kioctx(KIOCTX)
                        .mm(MM)
                        .task(100, 100, "main")
                        .handle(HANDLE + 8192)
                        .size(128, 383));
        syscall.endScan();
        assertThat(received.teardowns).isEmpty();
        feed(syscall, enter(99, 2).kioctx(0), failed(100).enterTime(ms(99)).task(100, 2, "second"));
        assertThat(cause()).isEqualTo(Cause.RING_MOVED);
        assertThat(syscall.liveContexts()).hasSize(1);
    }

    @Test
    void explainsHandleOfOtherProcess() {
        feed(full, setup(10), failed(100).mm(MM + 64).task(200, 200, "child"));
        assertCause(
                Cause.OTHER_PROCESS,
                "this handle belongs to another process, 100: a context is not inherited or shared");
    }

    @Test
    void explainsRingOfParentInForkedChild() {
        feed(full, failed(100).ring(RingState.PRESENT));
        assertCause(
                Cause.OTHER_PROCESS, "this handle belongs to another process: a context is not inherited or shared");
    }

    // ---- tier syscall ----

    @Test
    void takesReturnAsDrainInSyscallTier() {
        feed(syscall, setup(10), enter(100, 1), exit(2000, 1), enter(2100, 2).kioctx(0), failed(2101));
        assertCause(
                Cause.ALREADY_DESTROYED,
                "this handle was destroyed 2.00s ago by thread 1; its last request drained 1.90s later");
    }

    @Test
    void detectsWaitingDestroyInSyscallTier() {
        feed(syscall, setup(10), enter(100, 1), enter(110, 2).kioctx(0));
        feed(syscall, failed(111).enterTime(ms(110)).task(100, 2, "second"));
        assertThat(cause()).isEqualTo(Cause.ALREADY_DESTROYED);
        assertThat(wrongHandle().isIoInFlight()).isTrue();
        feed(syscall, exit(2000, 1));
        assertThat(received.teardowns).hasSize(1);
    }

    @Test
    void explainsLostRaceOfTwoCallsInSyscallTier() {
        feed(syscall, setup(10), enter(100, 1), enter(100.1, 2));
        feed(syscall, failed(100.2).enterTime(ms(100.1)).task(100, 2, "second"));
        assertThat(cause()).isEqualTo(Cause.LOST_RACE);
    }

    @Test
    void explainsCorruptedRingWithoutRaceInSyscallTier() {
        feed(
                syscall,
                setup(10),
                enter(100, 1),
                failed(101)
                        .enterTime(ms(100))
                        .task(100, 1, "worker")
                        .kioctx(KIOCTX)
                        .ring(RingState.PRESENT));
        assertThat(cause()).isEqualTo(Cause.RING_CORRUPTED);
        assertThat(syscall.liveContexts()).hasSize(1);
    }

    // ---- helpers ----

    private void assertCause(Cause cause, String explanation) {
        assertThat(cause()).isEqualTo(cause);
        assertThat(received.failedCalls.get(0).explanation()).isEqualTo(explanation);
    }

    private Cause cause() {
        return wrongHandle().cause();
    }

    private WrongHandle wrongHandle() {
        assertThat(received.failedCalls).hasSize(1);
        @Nullable WrongHandle wrong = received.failedCalls.get(0).wrongHandle();
        assertThat(wrong).isNotNull();
        return wrong;
    }

    private static long ms(double ms) {
        return Math.round(ms * 1_000_000);
    }

    private static EventBuilder caller(EventBuilder record, double ms, int tid) {
        return record.time(ms(ms)).kioctx(KIOCTX).mm(MM).task(100, tid, "worker");
    }

    private static EventBuilder setup(double ms) {
        return caller(EventBuilder.setup(), ms, 1)
                .enterTime(ms(ms - 1))
                .handle(HANDLE)
                .size(128, 383);
    }

    private static EventBuilder killEnter(double ms, int tid) {
        return caller(EventBuilder.killEnter(Trigger.DESTROY), ms, tid)
                .callTime(ms(99))
                .handle(HANDLE)
                .size(128, 383)
                .requests(3, 3, 0, 0);
    }

    private static EventBuilder killExit(double ms) {
        return caller(EventBuilder.killExit(), ms, 1).enterTime(ms(100)).afterKill(true, false);
    }

    private static EventBuilder lost(double ms, int tid) {
        return caller(EventBuilder.killExit(), ms, tid).enterTime(ms(100.1)).result(-EINVAL);
    }

    private static EventBuilder users(double ms) {
        return EventBuilder.users()
                .time(ms(ms))
                .enterTime(ms(ms))
                .kioctx(KIOCTX)
                .cancel(0, 0, 3);
    }

    private static EventBuilder reqs(double ms) {
        return EventBuilder.reqs().time(ms(ms)).kioctx(KIOCTX).releasedBy(ReleasedBy.HOLDER);
    }

    private static EventBuilder free(double ms) {
        return EventBuilder.free().time(ms(ms)).kioctx(KIOCTX);
    }

    private static EventBuilder enter(double ms, int tid) {
        return caller(EventBuilder.destroyEnter(), ms, tid)
                .callTime(ms(ms))
                .handle(HANDLE)
                .size(128, 383)
                .requests(3, 3, 0, 0);
    }

    private static EventBuilder exit(double ms, int tid) {
        return caller(EventBuilder.destroyExit(), ms, tid)
                .kioctx(0)
                .enterTime(ms(99.5))
                .handle(HANDLE);
    }

    private static EventBuilder use(double ms) {
        return caller(EventBuilder.use(AioCall.IO_GETEVENTS), ms, 1)
                .kioctx(0)
                .handle(HANDLE)
                .result(-EINVAL);
    }

    /** An io_destroy that got EINVAL for an unmapped handle. */
    private static EventBuilder failed(double ms) {
        return exit(ms, 3).enterTime(ms(ms - 0.1)).result(-EINVAL).ring(RingState.UNREADABLE);
    }
}
