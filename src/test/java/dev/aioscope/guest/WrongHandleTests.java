package dev.aioscope.guest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aioscope.event.AioCall;
import dev.aioscope.event.RingState;
import dev.aioscope.guest.TestAgent.AttachMethod;
import dev.aioscope.kernel.Errno;
import dev.aioscope.lifecycle.FailedCall;
import dev.aioscope.lifecycle.HandleUse;
import dev.aioscope.lifecycle.Teardown;
import dev.aioscope.lifecycle.WrongHandle;
import dev.aioscope.lifecycle.WrongHandle.Cause;
import dev.aioscope.probe.Tier;
import dev.aioscope.probe.bpf.Engine;
import dev.aioscope.probe.bpf.ProbeSettings;
import dev.aioscope.probe.core.CoreEngine;
import java.io.IOException;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** Reports the cause of each kind of wrong handle in io_destroy. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class WrongHandleTests {
    final Tier tier;
    TestAgent agent;
    private final Engine engine;

    WrongHandleTests(Tier tier) {
        this(tier, new CoreEngine());
    }

    WrongHandleTests(Tier tier, Engine engine) {
        this.tier = tier;
        this.engine = engine;
    }

    @BeforeAll
    void open() throws Exception {
        agent = new TestAgent(tier, AttachMethod.FENTRY, engine, new ProbeSettings(false, true));
    }

    @AfterAll
    void close() {
        if (agent != null) {
            agent.close();
        }
    }

    /** Waits for the report of this process's failed io_destroy of this handle. */
    final FailedCall awaitFailure(int pid, long handle) {
        agent.readUntil(
                "a failed io_destroy of " + Long.toHexString(handle),
                () -> agent.failedCalls(pid).stream().anyMatch(call -> Objects.equals(call.handle(), handle)));
        FailedCall failed = agent.failedCalls(pid).stream()
                .filter(call -> Objects.equals(call.handle(), handle))
                .findFirst()
                .orElseThrow();
        assertThat(failed.errno()).isEqualTo(Errno.EINVAL);
        return failed;
    }

    final WrongHandle await(int pid, long handle, Cause cause) {
        WrongHandle wrong = awaitFailure(pid, handle).wrongHandle();
        assertThat(wrong).isNotNull();
        assertThat(wrong.cause()).isEqualTo(cause);
        return wrong;
    }

    @Test
    void reportsInvalidHandles() throws IOException {
        AioWork work = AioWork.run("wrong-handles");
        int child = (int) work.value("child");

        await(work.pid(), 0, Cause.ZERO);
        await(work.pid(), work.value("junk"), Cause.NEVER_VALID);
        WrongHandle destroyed = await(work.pid(), work.value("destroyed"), Cause.ALREADY_DESTROYED);
        assertThat(destroyed.isIoInFlight()).isFalse();
        assertThat(destroyed.drainedTime()).isNotNull();
        assertThat(destroyed.destroyer().tid()).isEqualTo(work.pid());
        WrongHandle inherited = await(child, work.value("inherited"), Cause.OTHER_PROCESS);
        assertThat(inherited.context().owner().pid()).isEqualTo(work.pid());
    }

    @Test
    void reportsSpoiledRings() throws IOException {
        AioWork work = AioWork.run("spoiled-rings", "--charge", "9");

        assertThat(await(work.pid(), work.value("corrupted"), Cause.RING_CORRUPTED)
                        .context()
                        .maxReqs())
                .isEqualTo(9);
        await(work.pid(), work.value("moved"), Cause.RING_MOVED);
        assertThat(await(work.pid(), work.value("unmapped"), Cause.RING_UNMAPPED)
                        .context()
                        .handle())
                .isEqualTo(work.value("unmapped"));
        if (tier == Tier.FULL) {
            assertThat(awaitTeardown(work.pid(), work.value("moved_to"))
                            .context()
                            .setupTime())
                    .isNotNull();
            assertThat(agent.teardowns(work.pid()))
                    .extracting(teardown -> teardown.context().handle())
                    .doesNotContain(work.value("moved"));
            assertThat(awaitTeardown(work.pid(), work.value("covered")).kernel().ring())
                    .isEqualTo(RingState.OTHER);
            Teardown teardown = awaitTeardown(work.pid(), work.value("corrupted"));
            assertThat(teardown.kernel().ring()).isEqualTo(RingState.PRESENT);
            assertThat(teardown.kernel().dead()).isTrue();
            assertThat(teardown.kernel().inTable()).isFalse();
            assertThat(teardown.counts().unreaped()).isZero();
            assertThat(awaitTeardown(work.pid(), work.value("cleared")).counts().unreaped())
                    .isNull();
        }
    }

    /** In the tier full the exit reports each of them. */
    @Test
    void findsContextWithCorruptedRingAmongManyOthers() throws IOException {
        String count = tier == Tier.FULL ? "1500" : "2000";
        AioWork work = AioWork.run("corrupted-last", "--count", count, "--charge", "1");

        WrongHandle wrong = await(work.pid(), work.value("corrupted"), Cause.RING_CORRUPTED);
        assertThat(wrong.context().handle()).isEqualTo(work.value("corrupted"));
    }

    @Test
    void reportsUseOfDestroyedHandles() throws IOException {
        AioWork work = AioWork.run("used-handles");
        await(work.pid(), work.value("junk"), Cause.NEVER_VALID);

        for (String call : List.of("submit", "getevents", "pgetevents", "cancel", "moved_and_destroyed")) {
            assertThat(work.value(call)).as(call).isEqualTo(Errno.EINVAL);
        }
        assertThat(work.value("moved")).isZero();
        assertThat(work.values("again"))
                .as("the handle of another context, and errno")
                .endsWith(0L);
        assertThat(agent.uses(work.pid()))
                .extracting(HandleUse::call)
                .containsExactly(
                        AioCall.IO_SUBMIT,
                        AioCall.IO_GETEVENTS,
                        AioCall.IO_PGETEVENTS,
                        AioCall.IO_CANCEL,
                        AioCall.IO_SUBMIT);
        assertThat(agent.uses(work.pid())).allSatisfy(use -> {
            assertThat(use.isRefused()).isTrue();
            assertThat(use.destroyed().cause()).isEqualTo(Cause.ALREADY_DESTROYED);
            assertThat(use.destroyed().context().handle()).isEqualTo(work.value("destroyed"));
            assertThat(use.destroyed().drainedTime()).isNotNull();
        });
    }

    private Teardown awaitTeardown(int pid, long handle) {
        agent.readUntil(
                "the teardown of " + Long.toHexString(handle),
                () -> agent.teardowns(pid).stream()
                        .anyMatch(teardown -> teardown.context().handle() == handle));
        return agent.teardowns(pid).stream()
                .filter(teardown -> teardown.context().handle() == handle)
                .findFirst()
                .orElseThrow();
    }

    @Test
    void reportsLostRace() throws IOException {
        AioWork work = lostRace();
        WrongHandle lost = await(work.pid(), work.value("handle"), Cause.LOST_RACE);

        assertThat(lost.destroyer().tid()).isEqualTo((int) work.value("winner"));
        assertThat(agent.failedCalls(work.pid()))
                .singleElement()
                .satisfies(call -> assertThat(call.caller().tid()).isEqualTo((int) work.value("loser")));
    }

    /** Runs a race of which no event is lost: a preempted task can make the kernel skip a program for another task. */
    private AioWork lostRace() throws IOException {
        for (int attempt = 0; attempt < 10; attempt++) {
            long missed = agent.missed();
            AioWork work = AioWork.run("lost-race");
            agent.readUntil(
                    "a failed io_destroy", () -> !agent.failedCalls(work.pid()).isEmpty() || agent.missed() > missed);
            if (agent.missed() == missed) {
                return work;
            }
        }
        throw new AssertionError("the kernel skipped a probe program in each of ten races");
    }
}
