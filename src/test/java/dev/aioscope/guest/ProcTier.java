package dev.aioscope.guest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aioscope.event.Trigger;
import dev.aioscope.event.WaitReason;
import dev.aioscope.inventory.Inventory;
import dev.aioscope.inventory.LiveContext;
import dev.aioscope.kernel.KernelStack;
import dev.aioscope.probe.proc.ProcProbes;
import java.io.Closeable;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The looks at /proc, against what aiowork is known to hold. */
abstract class ProcTier extends ScanTests {
    ProcTier() {
        super(new TestAgent(ProcProbes.open()));
    }

    @Override
    @Nullable Integer charge(int given) {
        return null;
    }

    final List<LiveContext> contexts(long pid) {
        return Inventory.take(agent.probes()).contexts().stream()
                .filter(context -> context.owner().pid() == pid)
                .toList();
    }

    @Test
    void aRingTellsWhatStandsInIt() throws IOException {
        try (AioWork work = AioWork.start("half-reaped", "--charge", "128", "--wait")) {
            work.await("ready");

            assertThat(contexts(work.pid())).singleElement().satisfies(context -> {
                assertThat(context.handle()).isEqualTo(work.the("handle"));
                assertThat((long) context.unreaped()).isEqualTo(work.the("unreaped"));
                assertThat(context.nrEvents()).isGreaterThan(128);
                assertThat(context.charge()).isNull();
                assertThat(context.outstanding()).isNull();
                assertThat(context.owner().comm()).isEqualTo("aiowork");
            });
        }
    }

    @Test
    void aForkedChildHoldsNothing() throws IOException {
        try (AioWork work = AioWork.start("forked", "--wait")) {
            work.await("ready");

            assertThat(contexts(work.pid())).hasSize(1);
            assertThat(contexts(work.the("child"))).isEmpty();
            work.goOn();
            work.finish();
        }
    }

    @Test
    void aProcessWhoseFirstThreadHasEndedIsFound() throws IOException {
        try (AioWork work = AioWork.start("leaderless", "--wait")) {
            work.await("ready");

            assertThat(contexts(work.pid()))
                    .singleElement()
                    .satisfies(context -> assertThat(context.handle()).isEqualTo(work.the("handle")));
        }
    }

    /** What hangs is found late in this tier, with what the threads of the process show. */
    @ParameterizedTest
    @ValueSource(strings = {"sibling", "reaping"})
    void aThreadInsideACallOnTheSameContextIsWhatIsWaitedFor(String situation) throws IOException {
        try (AioWork work = AioWork.start(situation, "--wait")) {
            work.await("ready");
            assertThat(StuckListener.inProgress(agent, work.pid()))
                    .singleElement()
                    .satisfies(going -> {
                        assertThat(going.waitReason()).isEqualTo(WaitReason.SIBLINGS);
                        assertThat(going.siblingsNow()).isEqualTo(1);
                        assertThat(going.outstandingNow()).isNull();
                        assertThat(going.isFoundLate()).isTrue();
                        assertThat(going.pendingSigkill()).isFalse();
                        assertThat(going.known().context().handle()).isEqualTo(work.the("handle"));
                        assertThat(KernelStack.functions(going.kernelStack()))
                                .anyMatch(name -> name.contains("io_destroy"));
                    });
            work.goOn();
            work.finish();
            assertThat(StuckListener.inProgress(agent, work.pid())).isEmpty();
        }
    }

    @Test
    void whoWaitsForAServerThatDoesNotAnswerIsFound() throws IOException {
        try (SilentServer server = SilentServer.make();
                AioWork destroyed = AioWork.start("destroy", "--outstanding", "2", "--device", server.path());
                AioWork killed = AioWork.start("exit", "--outstanding", "3", "--device", server.path(), "--wait");
                Closeable first = server::release) {
            assertThat(first).isNotNull();
            destroyed.await("aio_nr");
            killed.await("ready");
            killed.signalKill();
            for (AioWork work : List.of(destroyed, killed)) {
                boolean isKilled = work == killed;
                agent.readUntil(
                        "it hangs",
                        () -> StuckListener.inProgress(agent, work.pid()).size() == 1);
                assertThat(StuckListener.inProgress(agent, work.pid()))
                        .singleElement()
                        .satisfies(going -> {
                            assertThat(going.known().trigger()).isEqualTo(isKilled ? Trigger.EXIT : Trigger.DESTROY);
                            assertThat(going.waitReason())
                                    .as("requests do not show")
                                    .isNull();
                            assertThat(going.isFoundLate()).isTrue();
                            assertThat(KernelStack.functions(going.kernelStack()))
                                    .anyMatch(name -> name.contains(isKilled ? "exit_aio" : "io_destroy"));
                        });
            }
            server.release();
            destroyed.finish();
            agent.readUntil(
                    "the end of both",
                    () -> StuckListener.inProgress(agent, destroyed.pid()).isEmpty()
                            && StuckListener.inProgress(agent, killed.pid()).isEmpty());
        }
    }
}
