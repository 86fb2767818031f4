package dev.aioscope.audit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aioscope.audit.Verdict.State;
import dev.aioscope.event.AioCall;
import dev.aioscope.event.Event;
import dev.aioscope.event.EventBuilder;
import dev.aioscope.event.ReleasedBy;
import dev.aioscope.event.RingState;
import dev.aioscope.event.Trigger;
import dev.aioscope.lifecycle.Lifecycle;
import dev.aioscope.lifecycle.Limits;
import dev.aioscope.probe.Tier;
import java.nio.ByteBuffer;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The records of a sound kernel hold the clauses. The same records with one change violate the clause concerned. Times are
 * in ms.
 */
class AuditTest {
    private static final long KIOCTX = 0xffff_8880_0000_1000L;
    private static final long MM = 0xffff_8880_0000_2000L;
    private static final long HANDLE = 0x7f00_0000_0000L;
    private static final int EFAULT = 14;
    private static final int EINVAL = 22;
    private static final int ENOSYS = 38;

    /** A record of the sound kernel. */
    private enum TeardownStep {
        SETUP,
        KILL_ENTER,
        KILL_EXIT,
        USERS,
        REQS,
        RETURN,
        FREE
    }

    private final Audit audit = new Audit(Tier.FULL, true);
    private final Lifecycle lifecycle = new Lifecycle(audit, Tier.FULL, Limits.DEFAULT);

    @Test
    void reportsClausesAsNotObservedBeforeAnyEvent() {
        assertThat(audit.verdicts())
                .hasSameSizeAs(Clause.values())
                .allSatisfy(verdict -> assertThat(verdict.state()).isIn(State.NOT_OBSERVED, State.NOT_OBSERVABLE))
                .allSatisfy(verdict -> assertThat(verdict.evidence()).isNull());
    }

    @ParameterizedTest
    @EnumSource(Tier.class)
    void reportsClausesHiddenInTierAsNotObservable(Tier tier) {
        Audit all = new Audit(tier, true);
        Lifecycle fed = new Lifecycle(all, Tier.FULL, Limits.DEFAULT);
        feed(fed, sound().values());
        for (Verdict verdict : all.verdicts()) {
            String hidden = verdict.clause().hiddenIn(tier, true);
            assertThat(verdict.state() == State.NOT_OBSERVABLE)
                    .as("%s", verdict)
                    .isEqualTo(hidden != null);
            if (hidden != null) {
                assertThat(verdict.reason()).isEqualTo(hidden);
            }
        }
    }

    @Test
    void holdsTestedClausesAfterSoundDestroy() {
        feed(lifecycle, sound().values());
        assertThat(clauses(State.HOLDS))
                .containsExactly(
                        Clause.P1, Clause.R1, Clause.L3, Clause.L4, Clause.S1, Clause.S2, Clause.S3, Clause.S4,
                        Clause.S5, Clause.T1, Clause.T2, Clause.T3, Clause.C1, Clause.N1, Clause.N2);
        assertThat(clauses(State.DIFFERS)).containsExactly(Clause.R2, Clause.S6);
        assertThat(clauses(State.FOUND)).containsExactly(Clause.F1);
        assertThat(clauses(State.VIOLATED)).isEmpty();
        assertThat(verdict(Clause.R2).reason()).isEqualTo(Clause.R2.difference());
        assertThat(verdict(Clause.R2).evidence().values()).isEqualTo("free_ioctx came 19.0ms after the return");
        assertThat(verdict(Clause.N2).evidence().values())
                .isEqualTo("3 requests were in flight; io_destroy returned 1.00ms after the last request completed");
    }

    @Test
    void holdsClausesOfWrongHandlesThatGetEinval() {
        feed(lifecycle, wrongHandles(EINVAL));
        assertThat(clauses(State.HOLDS))
                .contains(Clause.E1, Clause.E2, Clause.E3, Clause.E4, Clause.E5, Clause.E6, Clause.C2, Clause.N3);
        assertThat(clauses(State.VIOLATED)).isEmpty();
        assertThat(verdict(Clause.F8).state()).isEqualTo(State.FOUND);
    }

    /** Each clause with the changed record and the change. */
    static Stream<Arguments> mutations() {
        return Stream.of(
                // The call returns before the last request completes.
                mutation(Clause.R1, TeardownStep.RETURN, record -> record.time(ms(120))),
                mutation(Clause.N1, TeardownStep.RETURN, record -> record.time(ms(120))),
                mutation(Clause.N2, TeardownStep.RETURN, record -> record.time(ms(120))),
                mutation(Clause.L3, TeardownStep.USERS, record -> record.cancel(1, 1, 3)),
                mutation(Clause.S6, TeardownStep.USERS, record -> record.cancel(1, 1, 3)),
                mutation(Clause.L4, TeardownStep.KILL_EXIT, record -> record.unmap(ms(101), ms(104), 0)),
                mutation(Clause.S1, TeardownStep.KILL_EXIT, record -> record.afterKill(false, false)),
                mutation(Clause.T1, TeardownStep.KILL_EXIT, record -> record.afterKill(false, false)),
                mutation(Clause.S2, TeardownStep.KILL_EXIT, record -> record.afterKill(true, true)),
                mutation(Clause.T2, TeardownStep.KILL_EXIT, record -> record.afterKill(true, true)),
                mutation(Clause.S4, TeardownStep.KILL_EXIT, record -> record.unmap(-1, -1, Integer.MIN_VALUE)),
                mutation(Clause.S5, TeardownStep.FREE, record -> record.time(ms(130))));
    }

    private static Arguments mutation(Clause clause, TeardownStep step, Consumer<EventBuilder> change) {
        return Arguments.of(clause, step, change);
    }

    @ParameterizedTest
    @MethodSource("mutations")
    void violatesClauseAfterOneChangedRecord(Clause clause, TeardownStep step, Consumer<EventBuilder> change) {
        Map<TeardownStep, EventBuilder> records = sound();
        change.accept(records.get(step));
        if (clause == Clause.R1 || clause == Clause.N1 || clause == Clause.N2) {
            records = returningEarly(records);
        }
        feed(lifecycle, records.values());
        assertViolated(clause);
    }

    /** Sorts the records by time. */
    private static Map<TeardownStep, EventBuilder> returningEarly(Map<TeardownStep, EventBuilder> records) {
        Map<TeardownStep, EventBuilder> early = new LinkedHashMap<>(records);
        EventBuilder reqs = early.remove(TeardownStep.REQS);
        EventBuilder free = early.remove(TeardownStep.FREE);
        early.put(TeardownStep.REQS, reqs);
        early.put(TeardownStep.FREE, free);
        return early;
    }

    @Test
    void violatesClauseWhenHandleZeroIsDestroyed() {
        Map<TeardownStep, EventBuilder> records = sound();
        records.get(TeardownStep.SETUP).handle(0);
        records.get(TeardownStep.KILL_ENTER).handle(0);
        records.get(TeardownStep.RETURN).handle(0);
        feed(lifecycle, records.values());
        assertViolated(Clause.P1);
    }

    @ParameterizedTest
    @EnumSource(names = {"E1", "E2", "E3", "E4", "E5", "E6", "C2", "P1", "N3", "S1", "T2"})
    void violatesClauseOnErrorOtherThanEinval(Clause clause) {
        feed(lifecycle, wrongHandles(EFAULT));
        assertViolated(clause);
    }

    @Test
    void violatesClauseWhenKernelWithAioReturnsEnosys() {
        feed(lifecycle, List.of(setup(10).kioctx(0).handle(-1).result(-ENOSYS)));
        assertViolated(Clause.C1);
    }

    @ParameterizedTest
    @EnumSource(names = {"S1", "N3"})
    void violatesClauseWhenTwoCallsDestroyOneContext(Clause clause) {
        feed(
                lifecycle,
                List.of(
                        setup(10),
                        killEnter(100),
                        killEnter(100.1).task(100, 2, "second"),
                        killExit(103),
                        killExit(103.1).enterTime(ms(100.1)).task(100, 2, "second"),
                        users(115),
                        reqs(130),
                        returned(131),
                        returned(131.1).task(100, 2, "second"),
                        free(150)));
        lifecycle.advance(ms(20_000));
        assertViolated(clause);
    }

    @ParameterizedTest
    @EnumSource(names = {"S3", "T3"})
    void violatesClauseWhenChargeIsNotReleased(Clause clause) {
        for (int i = 0; i < 3; i++) {
            assertThat(verdict(clause).state()).isEqualTo(State.NOT_OBSERVED);
            feed(lifecycle, later(10_000.0 * i, 640));
        }
        assertViolated(clause);
    }

    @ParameterizedTest
    @EnumSource(names = {"S3", "T3"})
    void ignoresChargeThatOtherCallsHide(Clause clause) {
        for (int i = 0; i < 5; i++) {
            feed(lifecycle, later(500.0 * i, 640));
        }
        assertThat(verdict(clause).state()).isEqualTo(State.NOT_OBSERVED);
    }

    @Test
    void reportsDifferenceAndFindingWhenVmMunmapFails() {
        Map<TeardownStep, EventBuilder> records = sound();
        records.get(TeardownStep.KILL_EXIT).unmap(ms(101), ms(102), -4);
        feed(lifecycle, records.values());
        assertThat(verdict(Clause.S4).state()).isEqualTo(State.DIFFERS);
        assertThat(verdict(Clause.F3).state()).isEqualTo(State.FOUND);
        assertThat(verdict(Clause.F3).evidence().values())
                .isEqualTo("vm_munmap returned EINTR, and kill_ioctx continued");
    }

    @Test
    void reportsDifferenceAndFindingWhenOtherMemoryReplacesRing() {
        Map<TeardownStep, EventBuilder> records = sound();
        records.get(TeardownStep.KILL_ENTER).ring(RingState.OTHER);
        feed(lifecycle, records.values());
        assertThat(verdict(Clause.S4).state()).isEqualTo(State.DIFFERS);
        assertThat(verdict(Clause.F4).state()).isEqualTo(State.FOUND);
    }

    @Test
    void reportsSlowStepsAsFindings() {
        Map<TeardownStep, EventBuilder> records = sound();
        records.get(TeardownStep.KILL_ENTER).callTime(ms(80));
        records.get(TeardownStep.RETURN).enterTime(ms(80)).time(ms(1200));
        records.get(TeardownStep.FREE).time(ms(2200));
        feed(lifecycle, records.values());
        assertThat(clauses(State.FOUND)).containsExactly(Clause.F1, Clause.F2, Clause.F5, Clause.F6);
    }

    @Test
    void reportsStepsMissingForTenSecondsAsFindings() {
        Map<TeardownStep, EventBuilder> records = sound();
        records.remove(TeardownStep.RETURN);
        records.remove(TeardownStep.FREE);
        feed(lifecycle, records.values());
        lifecycle.advance(ms(20_000));
        assertThat(clauses(State.FOUND)).containsExactly(Clause.F1, Clause.F5, Clause.F6);
        assertThat(clauses(State.VIOLATED)).isEmpty();
    }

    @Test
    void reportsRequestsCompletedAfterReturnAsFinding() {
        Map<TeardownStep, EventBuilder> records = sound();
        records.get(TeardownStep.RETURN).time(ms(120));
        feed(lifecycle, returningEarly(records).values());
        assertThat(verdict(Clause.F7).state()).isEqualTo(State.FOUND);
        assertThat(verdict(Clause.F7).evidence().values())
                .isEqualTo("3 requests were in flight; io_destroy returned 10.0ms before the last request completed");
    }

    @Test
    void holdsClauseWhenDestroyedHandleGetsEinval() {
        feed(lifecycle, sound().values());
        feed(lifecycle, List.of(use(200, AioCall.IO_SUBMIT, -EINVAL), use(201, AioCall.UNKNOWN, -EINVAL)));
        assertThat(verdict(Clause.N4).state()).isEqualTo(State.HOLDS);
        assertThat(verdict(Clause.N4).held()).isEqualTo(2);
        assertThat(verdict(Clause.N4).evidence().values())
                .isEqualTo("another call got EINVAL: this handle was destroyed 98.0ms ago by thread 1; its last request"
                        + " drained 27.0ms later");
        assertThat(verdict(Clause.N4).evidence().caller().tid()).isEqualTo(3);
    }

    @ParameterizedTest
    @CsvSource({"0, 'io_submit got the dead context: '", "-11, 'io_submit got EAGAIN: '"})
    void violatesClauseWhenKernelAcceptsDestroyedHandle(int result, String values) {
        feed(lifecycle, sound().values());
        feed(lifecycle, List.of(use(200, AioCall.IO_SUBMIT, result)));
        assertViolated(Clause.N4);
        assertThat(verdict(Clause.N4).evidence().values()).startsWith(values);
    }

    @Test
    void ignoresDestroyedHandleInCallThatGetsEfault() {
        feed(lifecycle, sound().values());
        feed(lifecycle, List.of(use(200, AioCall.IO_CANCEL, -EFAULT)));
        assertThat(verdict(Clause.N4).state()).isEqualTo(State.NOT_OBSERVED);
    }

    @Test
    void judgesDestroyedHandlesOnlyIfWatched() {
        Audit without = new Audit(Tier.FULL, false);
        Lifecycle fed = new Lifecycle(without, Tier.FULL, Limits.DEFAULT);
        feed(fed, sound().values());
        feed(fed, List.of(use(200, AioCall.IO_SUBMIT, -EINVAL)));
        assertThat(without.verdicts())
                .filteredOn(verdict -> verdict.clause() == Clause.N4)
                .singleElement()
                .satisfies(verdict -> assertThat(verdict.state()).isEqualTo(State.NOT_OBSERVABLE))
                .satisfies(verdict -> assertThat(verdict.reason()).contains("--watch-handles"));
    }

    /** The tests above violate every observable clause, or report its difference or finding. */
    @Test
    void coversEachCheckWithFailingTest() {
        Set<Clause> shown = EnumSet.of(Clause.R2, Clause.P1, Clause.C1, Clause.S3, Clause.T3, Clause.N3, Clause.N4);
        mutations().forEach(mutation -> shown.add((Clause) mutation.get()[0]));
        shown.addAll(EnumSet.of(Clause.E1, Clause.E2, Clause.E3, Clause.E4, Clause.E5, Clause.E6, Clause.C2));
        assertThat(shown)
                .containsExactlyInAnyOrderElementsOf(Stream.of(Clause.values())
                        .filter(clause -> clause.hiddenIn(Tier.FULL, true) == null)
                        .filter(clause -> clause.kind() != Clause.ClauseKind.FINDING)
                        .toList());
    }

    // ---- helpers ----

    private void assertViolated(Clause clause) {
        assertThat(verdict(clause).state()).isEqualTo(State.VIOLATED);
        assertThat(verdict(clause).evidence().values()).isNotEmpty();
    }

    private Verdict verdict(Clause clause) {
        return audit.verdicts().stream()
                .filter(verdict -> verdict.clause() == clause)
                .findFirst()
                .orElseThrow();
    }

    private List<Clause> clauses(State state) {
        return audit.verdicts().stream()
                .filter(verdict -> verdict.state() == state)
                .map(Verdict::clause)
                .toList();
    }

    private static void feed(Lifecycle lifecycle, Iterable<EventBuilder> records) {
        for (EventBuilder record : records) {
            ByteBuffer bytes = record.build();
            lifecycle.accept(Event.of(bytes, 0, bytes.limit()));
        }
    }

    /** A destroy that waits for three requests, one of which can be cancelled, with a SIGKILL pending. */
    private static Map<TeardownStep, EventBuilder> sound() {
        Map<TeardownStep, EventBuilder> records = new EnumMap<>(TeardownStep.class);
        records.put(TeardownStep.SETUP, setup(10));
        records.put(TeardownStep.KILL_ENTER, killEnter(100));
        records.put(TeardownStep.KILL_EXIT, killExit(103));
        records.put(TeardownStep.USERS, users(115));
        records.put(TeardownStep.REQS, reqs(130));
        records.put(TeardownStep.RETURN, returned(131));
        records.put(TeardownStep.FREE, free(150));
        return records;
    }

    /** The same later and without the setup, with this fs.aio-nr at the return of kill_ioctx. */
    private static List<EventBuilder> later(double ms, long aioNrAfter) {
        return List.of(
                killEnter(ms + 100).callTime(ms(ms + 99)),
                killExit(ms + 103)
                        .enterTime(ms(ms + 100))
                        .unmap(ms(ms + 101), ms(ms + 102), 0)
                        .aioNr(aioNrAfter),
                users(ms + 115),
                reqs(ms + 130),
                returned(ms + 131).enterTime(ms(ms + 99)),
                free(ms + 150));
    }

    /** An io_destroy for each kind of wrong handle, and a second one while the first still waits. */
    private static List<EventBuilder> wrongHandles(int errno) {
        return List.of(
                setup(10),
                failed(20, errno).handle(0),
                failed(21, errno).handle(77),
                failed(22, errno).mm(MM + 64).task(200, 200, "child").ring(RingState.PRESENT),
                failed(23, errno).kioctx(KIOCTX).ring(RingState.PRESENT),
                killEnter(100),
                killExit(103),
                failed(110, errno).task(100, 2, "second"));
    }

    private static long ms(double ms) {
        return Math.round(ms * 1_000_000);
    }

    private static EventBuilder caller(EventBuilder record, double ms) {
        return record.time(ms(ms)).kioctx(KIOCTX).mm(MM).task(100, 1, "worker");
    }

    private static EventBuilder setup(double ms) {
        return caller(EventBuilder.setup(), ms)
                .enterTime(ms(ms - 1))
                .handle(HANDLE)
                .size(128, 383);
    }

    private static EventBuilder killEnter(double ms) {
        return caller(EventBuilder.killEnter(Trigger.DESTROY), ms)
                .callTime(ms(99))
                .handle(HANDLE)
                .size(128, 383)
                .requests(3, 3, 0, 0)
                .ring(RingState.PRESENT)
                .aioNr(640);
    }

    private static EventBuilder killExit(double ms) {
        return caller(EventBuilder.killExit(), ms)
                .enterTime(ms(100))
                .unmap(ms(101), ms(102), 0)
                .aioNr(512)
                .pendingSigkill(true)
                .afterKill(true, false);
    }

    private static EventBuilder users(double ms) {
        return EventBuilder.users()
                .time(ms(ms + 1))
                .enterTime(ms(ms))
                .kioctx(KIOCTX)
                .cancel(1, 0, 3)
                .releasedBy(ReleasedBy.RCU);
    }

    private static EventBuilder reqs(double ms) {
        return EventBuilder.reqs().time(ms(ms)).kioctx(KIOCTX).releasedBy(ReleasedBy.HOLDER);
    }

    private static EventBuilder free(double ms) {
        return EventBuilder.free().time(ms(ms)).kioctx(KIOCTX);
    }

    private static EventBuilder returned(double ms) {
        return caller(EventBuilder.destroyExit(), ms)
                .kioctx(0)
                .enterTime(ms(99))
                .handle(HANDLE);
    }

    private static EventBuilder use(double ms, AioCall call, int result) {
        return caller(EventBuilder.use(call), ms)
                .task(100, 3, "user")
                .handle(HANDLE)
                .result(result);
    }

    private static EventBuilder failed(double ms, int errno) {
        return returned(ms).enterTime(ms(ms - 0.1)).result(-errno).ring(RingState.UNREADABLE);
    }
}
