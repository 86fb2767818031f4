package dev.aioscope.guest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aioscope.event.Trigger;
import dev.aioscope.event.WaitReason;
import dev.aioscope.guest.TestAgent.Placing;
import dev.aioscope.kernel.KernelStack;
import dev.aioscope.lifecycle.TeardownInProgress;
import dev.aioscope.probe.Tier;
import dev.aioscope.probe.bcc.BccEngine;
import dev.aioscope.probe.bpf.Engine;
import dev.aioscope.probe.core.CoreEngine;
import java.io.Closeable;
import java.io.IOException;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** StuckListener teardowns on the kernel that builds aioscope, whatever it is: without any probe on a function of the kernel. */
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
    void aThreadInsideIoSubmitIsWhatIsWaitedFor(Engine engine) throws IOException {
        try (TestAgent agent = new TestAgent(Tier.SYSCALL, Placing.FENTRY, engine);
                AioWork work = AioWork.start("sibling", "--wait")) {
            work.await("siblings");
            TeardownInProgress going = StuckListener.await(agent, work.pid(), WaitReason.SIBLINGS);
            assertThat(going.siblingsNow()).isEqualTo(1);
            assertThat(going.known().context().handle()).isEqualTo(work.the("handle"));
            assertThat(going.isFoundLate()).isFalse();
            assertThat(going.pendingSigkill()).isFalse();
            assertThat(KernelStack.functions(going.kernelStack())).anyMatch(name -> name.contains("io_destroy"));

            work.goOn();
            work.finish();
            agent.readUntil("the end", () -> !agent.teardowns().isEmpty());
            assertThat(StuckListener.inProgress(agent, work.pid())).isEmpty();
        }
    }

    @Test
    void whatWasStuckBeforeIsFoundLate() throws IOException {
        try (AioWork work = AioWork.start("sibling", "--wait")) {
            work.await("siblings");
            try (TestAgent agent = new TestAgent(Tier.SAMPLE, Placing.FENTRY)) {
                assertThat(StuckListener.inProgress(agent, work.pid()))
                        .singleElement()
                        .satisfies(going -> {
                            assertThat(going.isFoundLate()).isTrue();
                            assertThat(going.waitReason())
                                    .as("nobody knows where the context is")
                                    .isNull();
                            assertThat(going.known().context().handle()).isEqualTo(work.the("handle"));
                            assertThat(KernelStack.functions(going.kernelStack()))
                                    .anyMatch(name -> name.contains("io_destroy"));
                        });
            }
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"SYSCALL", "SAMPLE"})
    void aServerThatDoesNotAnswerKeepsItsRequests(Tier tier) throws IOException {
        try (SilentServer server = SilentServer.make();
                TestAgent agent = new TestAgent(tier, Placing.FENTRY);
                AioWork destroyed =
                        AioWork.start("destroy", "--outstanding", "10", "--device", server.path(), "--wait");
                AioWork killed = AioWork.start("exit", "--outstanding", "3", "--device", server.path(), "--wait");
                Closeable first = server::release) {
            assertThat(first).isNotNull();
            destroyed.await("ready");
            killed.await("ready");
            // So that the contexts are known, whatever the tier tells.
            agent.lookAround();
            destroyed.goOn();
            killed.signalKill();

            TeardownInProgress destroy = StuckListener.await(agent, destroyed.pid(), WaitReason.REQUESTS);
            assertThat(destroy.outstandingNow()).isEqualTo(10);
            assertThat(destroy.siblingsNow()).isZero();
            assertThat(destroy.known().trigger()).isEqualTo(Trigger.DESTROY);
            assertThat(destroy.isFoundLate()).isEqualTo(tier == Tier.SAMPLE);
            TeardownInProgress exit = StuckListener.await(agent, killed.pid(), WaitReason.REQUESTS);
            assertThat(exit.outstandingNow()).isEqualTo(3);
            assertThat(exit.known().trigger()).isEqualTo(Trigger.EXIT);
            assertThat(exit.isFoundLate()).isTrue();

            server.release();
            destroyed.finish();
            agent.readUntil(
                    "both ends",
                    () -> StuckListener.inProgress(agent, killed.pid()).isEmpty()
                            && !agent.teardowns(destroyed.pid()).isEmpty());
            assertThat(StuckListener.inProgress(agent, destroyed.pid())).isEmpty();
        }
    }

    @Test
    void aContextThatALookHasFoundBeforeCanBeLookedInto() throws IOException {
        try (TestAgent agent = new TestAgent(Tier.SAMPLE, Placing.FENTRY);
                AioWork work = AioWork.start("sibling", "--wait", "--steps")) {
            work.await("ready");
            agent.lookAround();
            work.goOn();
            work.await("siblings");
            TeardownInProgress going = StuckListener.await(agent, work.pid(), WaitReason.SIBLINGS);
            assertThat(going.siblingsNow()).isEqualTo(1);
            assertThat(going.isFoundLate()).isTrue();
            work.goOn();
            work.finish();
            assertThat(StuckListener.inProgress(agent, work.pid())).isEmpty();
        }
    }

    @Test
    void explainNamesTheFileOfAServerThatDoesNotAnswer() throws IOException {
        try (SilentServer server = SilentServer.make();
                AioWork work = AioWork.start("destroy", "--outstanding", "2", "--device", server.path());
                Closeable first = server::release) {
            assertThat(first).isNotNull();
            work.await("aio_nr");
            assertThat(Command.run(Command.aioscope("explain", Integer.toString(work.pid()))))
                    .contains("It waits for requests that are not completed")
                    .contains(server.path() + " on a file system in user space (FUSE)")
                    .doesNotContain("pipe:");
        }
    }

    @Test
    void explainTellsWhoIsWaitedFor() throws IOException {
        try (AioWork work = AioWork.start("sibling", "--wait")) {
            work.await("siblings");
            assertThat(Command.run(Command.aioscope("explain", Integer.toString(work.pid()))))
                    .contains(
                            "Thread " + work.the("destroyer") + " (aiowork) waits uninterruptibly in io_destroy of the"
                                    + " context 0x" + Long.toHexString(work.the("handle")))
                    .contains("which is inside io_submit on the same context");
        }
    }

    @Test
    void ofManyNoneIsForgottenAndTheOldestIsTheFirst() throws IOException {
        int count = 500;
        try (TestAgent agent = new TestAgent(Tier.SYSCALL, Placing.FENTRY);
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
            // The calls begun last are still in their grace period when the first look comes.
            agent.readUntil(
                    "the end of all grace periods",
                    () -> StuckListener.inProgress(agent, work.pid()).stream()
                            .allMatch(one -> one.waitReason() == WaitReason.SIBLINGS));
            List<TeardownInProgress> going = StuckListener.inProgress(agent, work.pid());
            assertThat(going).hasSize(count).allMatch(one -> one.waitReason() == WaitReason.SIBLINGS);
            assertThat(going).extracting(TeardownInProgress::seenSince).isSorted();
            assertThat(going)
                    .extracting(one -> one.known().context().handle())
                    .containsExactlyElementsOf(work.all("handle"));

            work.goOn();
            work.finish();
            agent.readUntil("all ends", () -> agent.teardowns(work.pid()).size() == count);
            assertThat(StuckListener.inProgress(agent, work.pid())).isEmpty();
            assertThat(agent.lifecycle().contextsInTeardown()).isEmpty();
        }
    }
}
