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

/** Compares scans of /proc with what aiowork holds. */
abstract class ProcTierTests extends ScanTests {
    ProcTierTests() {
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
    void readsContextFromRing() throws IOException {
        try (AioWork work = AioWork.start("half-reaped", "--charge", "128", "--wait")) {
            work.await("ready");

            assertThat(contexts(work.pid())).singleElement().satisfies(context -> {
                assertThat(context.handle()).isEqualTo(work.value("handle"));
                assertThat((long) context.unreaped()).isEqualTo(work.value("unreaped"));
                assertThat(context.nrEvents()).isGreaterThan(128);
                assertThat(context.charge()).isNull();
                assertThat(context.outstanding()).isNull();
                assertThat(context.owner().comm()).isEqualTo("aiowork");
            });
        }
    }

    @Test
    void findsNoContextInForkedChild() throws IOException {
        try (AioWork work = AioWork.start("forked", "--wait")) {
            work.await("ready");

            assertThat(contexts(work.pid())).hasSize(1);
            assertThat(contexts(work.value("child"))).isEmpty();
            work.proceed();
            work.finish();
        }
    }

    @Test
    void findsProcessWhoseFirstThreadHasExited() throws IOException {
        try (AioWork work = AioWork.start("leaderless", "--wait")) {
            work.await("ready");

            assertThat(contexts(work.pid()))
                    .singleElement()
                    .satisfies(context -> assertThat(context.handle()).isEqualTo(work.value("handle")));
        }
    }

    /** This tier finds teardowns late, with what the threads of the process show. */
    @ParameterizedTest
    @ValueSource(strings = {"sibling", "reaping"})
    void reportsThreadInsideCallAsWaitReason(String situation) throws IOException {
        try (AioWork work = AioWork.start(situation, "--wait")) {
            work.await("ready");
            awaitInProgress(work.pid());
            assertThat(StuckTeardowns.inProgress(agent, work.pid()))
                    .singleElement()
                    .satisfies(inProgress -> {
                        assertThat(inProgress.waitReason()).isEqualTo(WaitReason.SIBLINGS);
                        assertThat(inProgress.siblingsNow()).isEqualTo(1);
                        assertThat(inProgress.outstandingNow()).isNull();
                        assertThat(inProgress.isFoundLate()).isTrue();
                        assertThat(inProgress.pendingSigkill()).isFalse();
                        assertThat(inProgress.known().context().handle()).isEqualTo(work.value("handle"));
                        assertThat(KernelStack.functions(inProgress.kernelStack()))
                                .anyMatch(name -> name.contains("io_destroy"));
                    });
            work.proceed();
            work.finish();
            assertThat(StuckTeardowns.inProgress(agent, work.pid())).isEmpty();
        }
    }

    @Test
    void findsTeardownsThatWaitForUnresponsiveServer() throws IOException {
        try (BlockingFileSystem server = BlockingFileSystem.mount();
                AioWork destroyed = AioWork.start("destroy", "--outstanding", "2", "--device", server.path());
                AioWork killed = AioWork.start("exit", "--outstanding", "3", "--device", server.path(), "--wait");
                Closeable first = server::release) {
            assertThat(first).isNotNull();
            destroyed.await("aio_nr");
            killed.await("ready");
            killed.killWithoutWaiting();
            for (AioWork work : List.of(destroyed, killed)) {
                boolean isKilled = work == killed;
                agent.readUntil(
                        "the teardown in progress",
                        () -> StuckTeardowns.inProgress(agent, work.pid()).size() == 1);
                assertThat(StuckTeardowns.inProgress(agent, work.pid()))
                        .singleElement()
                        .satisfies(inProgress -> {
                            assertThat(inProgress.known().trigger())
                                    .isEqualTo(isKilled ? Trigger.EXIT : Trigger.DESTROY);
                            assertThat(inProgress.waitReason())
                                    .as("requests do not show")
                                    .isNull();
                            assertThat(inProgress.isFoundLate()).isTrue();
                            assertThat(KernelStack.functions(inProgress.kernelStack()))
                                    .anyMatch(name -> name.contains(isKilled ? "exit_aio" : "io_destroy"));
                        });
            }
            server.release();
            destroyed.finish();
            agent.readUntil(
                    "the end of both",
                    () -> StuckTeardowns.inProgress(agent, destroyed.pid()).isEmpty()
                            && StuckTeardowns.inProgress(agent, killed.pid()).isEmpty());
        }
    }
}
