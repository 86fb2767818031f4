package dev.aioscope.guest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aioscope.event.Trigger;
import dev.aioscope.event.WaitsFor;
import dev.aioscope.inventory.LiveContext;
import dev.aioscope.inventory.Snapshot;
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
abstract class ProcTier extends Looks {
    ProcTier() {
        super(new Agent(ProcProbes.open()));
    }

    @Override
    @Nullable Integer charge(int given) {
        return null;
    }

    final List<LiveContext> contexts(long pid) {
        return Snapshot.take(agent.probes()).contexts().stream()
                .filter(context -> context.owner().pid() == pid)
                .toList();
    }

    @Test
    void aRingTellsWhatStandsInIt() throws IOException {
        try (Work work = Work.start("half-reaped", "--charge", "128", "--wait")) {
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
        try (Work work = Work.start("forked", "--wait")) {
            work.await("ready");

            assertThat(contexts(work.pid())).hasSize(1);
            assertThat(contexts(work.the("child"))).isEmpty();
            work.goOn();
            work.finish();
        }
    }

    @Test
    void aProcessWhoseFirstThreadHasEndedIsFound() throws IOException {
        try (Work work = Work.start("leaderless", "--wait")) {
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
        try (Work work = Work.start(situation, "--wait")) {
            work.await("ready");
            assertThat(Stuck.inProgress(agent, work.pid())).singleElement().satisfies(going -> {
                assertThat(going.waitsFor()).isEqualTo(WaitsFor.SIBLINGS);
                assertThat(going.siblingsLeft()).isEqualTo(1);
                assertThat(going.requestsLeft()).isNull();
                assertThat(going.isFoundLate()).isTrue();
                assertThat(going.pendingSigkill()).isFalse();
                assertThat(going.known().context().handle()).isEqualTo(work.the("handle"));
                assertThat(KernelStack.functions(going.kernelStack())).anyMatch(name -> name.contains("io_destroy"));
            });
            work.goOn();
            work.finish();
            assertThat(Stuck.inProgress(agent, work.pid())).isEmpty();
        }
    }

    @Test
    void whoWaitsForAServerThatDoesNotAnswerIsFound() throws IOException {
        try (SilentServer server = SilentServer.make();
                Work destroyed = Work.start("destroy", "--outstanding", "2", "--device", server.path());
                Work killed = Work.start("exit", "--outstanding", "3", "--device", server.path(), "--wait");
                Closeable first = server::release) {
            assertThat(first).isNotNull();
            destroyed.await("aio_nr");
            killed.await("ready");
            killed.signalKill();
            for (Work work : List.of(destroyed, killed)) {
                boolean isKilled = work == killed;
                agent.readUntil(
                        "it hangs", () -> Stuck.inProgress(agent, work.pid()).size() == 1);
                assertThat(Stuck.inProgress(agent, work.pid())).singleElement().satisfies(going -> {
                    assertThat(going.known().trigger()).isEqualTo(isKilled ? Trigger.EXIT : Trigger.DESTROY);
                    assertThat(going.waitsFor()).as("requests do not show").isNull();
                    assertThat(going.isFoundLate()).isTrue();
                    assertThat(KernelStack.functions(going.kernelStack()))
                            .anyMatch(name -> name.contains(isKilled ? "exit_aio" : "io_destroy"));
                });
            }
            server.release();
            destroyed.finish();
            agent.readUntil(
                    "the end of both",
                    () -> Stuck.inProgress(agent, destroyed.pid()).isEmpty()
                            && Stuck.inProgress(agent, killed.pid()).isEmpty());
        }
    }
}
