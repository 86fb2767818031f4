package dev.aioscope.guest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aioscope.event.Trigger;
import dev.aioscope.event.WaitReason;
import dev.aioscope.guest.TestAgent.AttachMethod;
import dev.aioscope.kernel.KernelStack;
import dev.aioscope.lifecycle.TeardownInProgress;
import dev.aioscope.probe.Tier;
import dev.aioscope.probe.bcc.BccEngine;
import dev.aioscope.probe.bpf.Engine;
import dev.aioscope.probe.core.CoreEngine;
import dev.aioscope.testing.Aioscope;
import dev.aioscope.testing.Commands;
import java.io.Closeable;
import java.io.IOException;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Stuck teardowns on the kernel of the build machine, without probes on kernel functions. */
class StuckIT {
    @BeforeAll
    static void compile() throws Exception {
        AioWork.compile();
    }

    static Stream<Engine> engines() {
        return Stream.of(new CoreEngine(), new BccEngine());
    }

    @ParameterizedTest
    @MethodSource("engines")
    void reportsThreadInsideIoSubmitAsWaitReason(Engine engine) throws IOException {
        try (TestAgent agent = new TestAgent(Tier.SYSCALL, AttachMethod.FENTRY, engine);
                AioWork work = AioWork.start("sibling", "--wait")) {
            work.await("siblings");
            TeardownInProgress inProgress = StuckTeardowns.await(agent, work.pid(), WaitReason.SIBLINGS);
            assertThat(inProgress.siblingsNow()).isEqualTo(1);
            assertThat(inProgress.known().context().handle()).isEqualTo(work.value("handle"));
            assertThat(inProgress.isFoundLate()).isFalse();
            assertThat(inProgress.pendingSigkill()).isFalse();
            assertThat(KernelStack.functions(inProgress.kernelStack())).anyMatch(name -> name.contains("io_destroy"));

            work.proceed();
            work.finish();
            agent.readUntil("the end", () -> !agent.teardowns().isEmpty());
            assertThat(StuckTeardowns.inProgress(agent, work.pid())).isEmpty();
        }
    }

    @Test
    void reportsTeardownStuckBeforeStartAsFoundLate() throws IOException {
        try (AioWork work = AioWork.start("sibling", "--wait")) {
            work.await("siblings");
            try (TestAgent agent = new TestAgent(Tier.SAMPLE, AttachMethod.FENTRY)) {
                assertThat(StuckTeardowns.inProgress(agent, work.pid()))
                        .singleElement()
                        .satisfies(inProgress -> {
                            assertThat(inProgress.isFoundLate()).isTrue();
                            assertThat(inProgress.waitReason())
                                    .as("the address of the context is unknown")
                                    .isNull();
                            assertThat(inProgress.known().context().handle()).isEqualTo(work.value("handle"));
                            assertThat(KernelStack.functions(inProgress.kernelStack()))
                                    .anyMatch(name -> name.contains("io_destroy"));
                        });
            }
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"SYSCALL", "SAMPLE"})
    void countsRequestsOfUnresponsiveServer(Tier tier) throws IOException {
        try (BlockingFileSystem server = BlockingFileSystem.mount();
                TestAgent agent = new TestAgent(tier, AttachMethod.FENTRY);
                AioWork destroyed =
                        AioWork.start("destroy", "--outstanding", "10", "--device", server.path(), "--wait");
                AioWork killed = AioWork.start("exit", "--outstanding", "3", "--device", server.path(), "--wait");
                Closeable first = server::release) {
            assertThat(first).isNotNull();
            destroyed.await("ready");
            killed.await("ready");
            // Finds the contexts in every tier.
            agent.scan();
            destroyed.proceed();
            killed.killWithoutWaiting();

            TeardownInProgress destroy = StuckTeardowns.await(agent, destroyed.pid(), WaitReason.REQUESTS);
            assertThat(destroy.outstandingNow()).isEqualTo(10);
            assertThat(destroy.siblingsNow()).isZero();
            assertThat(destroy.known().trigger()).isEqualTo(Trigger.DESTROY);
            assertThat(destroy.isFoundLate()).isEqualTo(tier == Tier.SAMPLE);
            TeardownInProgress exit = StuckTeardowns.await(agent, killed.pid(), WaitReason.REQUESTS);
            assertThat(exit.outstandingNow()).isEqualTo(3);
            assertThat(exit.known().trigger()).isEqualTo(Trigger.EXIT);
            assertThat(exit.isFoundLate()).isTrue();

            server.release();
            destroyed.finish();
            agent.readUntil(
                    "the end of both",
                    () -> StuckTeardowns.inProgress(agent, killed.pid()).isEmpty()
                            && !agent.teardowns(destroyed.pid()).isEmpty());
            assertThat(StuckTeardowns.inProgress(agent, destroyed.pid())).isEmpty();
        }
    }

    @Test
    void inspectsContextFoundByEarlierScan() throws IOException {
        try (TestAgent agent = new TestAgent(Tier.SAMPLE, AttachMethod.FENTRY);
                AioWork work = AioWork.start("sibling", "--wait", "--steps")) {
            work.await("ready");
            agent.scan();
            work.proceed();
            work.await("siblings");
            TeardownInProgress inProgress = StuckTeardowns.await(agent, work.pid(), WaitReason.SIBLINGS);
            assertThat(inProgress.siblingsNow()).isEqualTo(1);
            assertThat(inProgress.isFoundLate()).isTrue();
            work.proceed();
            work.finish();
            assertThat(StuckTeardowns.inProgress(agent, work.pid())).isEmpty();
        }
    }

    @Test
    void namesFileOfUnresponsiveServerInExplain() throws IOException {
        try (BlockingFileSystem server = BlockingFileSystem.mount();
                AioWork work = AioWork.start("destroy", "--outstanding", "2", "--device", server.path());
                Closeable first = server::release) {
            assertThat(first).isNotNull();
            work.await("aio_nr");
            assertThat(Commands.run(Aioscope.command("explain", Integer.toString(work.pid()))))
                    .contains("It waits for outstanding requests or for an RCU grace period")
                    .contains(server.path() + " on a FUSE file system")
                    .doesNotContain("pipe:");
        }
    }

    @Test
    void namesThreadInsideCallInExplain() throws IOException {
        try (AioWork work = AioWork.start("sibling", "--wait")) {
            work.await("siblings");
            assertThat(Commands.run(Aioscope.command("explain", Integer.toString(work.pid()))))
                    .contains("Thread " + work.value("destroyer")
                            + " (aiowork) waits uninterruptibly in io_destroy of the" + " context 0x"
                            + Long.toHexString(work.value("handle")))
                    .contains("which is inside io_submit on the same context");
        }
    }

    @Test
    void keepsAllOfManyStuckTeardownsOldestFirst() throws IOException {
        int count = 500;
        try (TestAgent agent = new TestAgent(Tier.SYSCALL, AttachMethod.FENTRY);
                AioWork work = AioWork.start(
                        "sibling",
                        "--count",
                        Integer.toString(count),
                        "--charge",
                        "1",
                        "--milliseconds",
                        "1",
                        "--wait")) {
            work.await("siblings");
            agent.readUntil(
                    "all calls", () -> agent.lifecycle().contextsInTeardown().size() == count);
            // The latest calls are still in their grace period at the first scan.
            agent.readUntil(
                    "the end of all grace periods",
                    () -> StuckTeardowns.inProgress(agent, work.pid()).stream()
                            .allMatch(one -> one.waitReason() == WaitReason.SIBLINGS));
            List<TeardownInProgress> inProgress = StuckTeardowns.inProgress(agent, work.pid());
            assertThat(inProgress).hasSize(count).allMatch(one -> one.waitReason() == WaitReason.SIBLINGS);
            assertThat(inProgress).extracting(TeardownInProgress::seenSince).isSorted();
            assertThat(inProgress)
                    .extracting(one -> one.known().context().handle())
                    .containsExactlyElementsOf(work.values("handle"));

            work.proceed();
            work.finish();
            agent.readUntil("the end of all", () -> agent.teardowns(work.pid()).size() == count);
            assertThat(StuckTeardowns.inProgress(agent, work.pid())).isEmpty();
            assertThat(agent.lifecycle().contextsInTeardown()).isEmpty();
        }
    }
}
