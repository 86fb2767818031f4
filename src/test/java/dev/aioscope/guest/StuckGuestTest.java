package dev.aioscope.guest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import dev.aioscope.event.Operation;
import dev.aioscope.event.Trigger;
import dev.aioscope.event.WaitReason;
import dev.aioscope.guest.TestAgent.Placing;
import dev.aioscope.kernel.Host;
import dev.aioscope.kernel.KernelStack;
import dev.aioscope.lifecycle.Context;
import dev.aioscope.lifecycle.Straggler;
import dev.aioscope.lifecycle.TeardownInProgress;
import dev.aioscope.probe.Tier;
import dev.aioscope.probe.bcc.BccEngine;
import dev.aioscope.probe.bpf.Engine;
import dev.aioscope.probe.core.CoreEngine;
import dev.aioscope.probe.proc.Witness;
import java.io.IOException;
import java.nio.file.Files;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What a teardown that does not end waits for, in the tier full, against a device that is known to hold its requests. */
@Tag("guest")
class StuckGuestTest {
    @Test
    void aDestroyThatWaitsForRequestsTellsHowManyAreLeft() throws IOException {
        try (StuckDevice device = StuckDevice.make();
                TestAgent agent = new TestAgent(Tier.FULL, Placing.FENTRY);
                AioWork work = AioWork.start("destroy", "--outstanding", "10", "--device", device.path())) {
            TeardownInProgress going = StuckListener.await(agent, work.pid(), WaitReason.REQUESTS);
            assertThat(going.outstandingNow()).isEqualTo(10);
            assertThat(going.siblingsNow()).isZero();
            assertThat(going.known().outstanding()).isEqualTo(10);
            assertThat(going.known().trigger()).isEqualTo(Trigger.DESTROY);
            assertThat(going.pendingSigkill()).isFalse();
            assertThat(KernelStack.functions(going.kernelStack())).anyMatch(name -> name.contains("io_destroy"));

            assertThat(agent.probes().tellCompletions(true)).isTrue();
            device.release();
            work.finish();
            agent.readUntil("the end", () -> !agent.teardowns(work.pid()).isEmpty());
            assertThat(StuckListener.inProgress(agent, work.pid())).isEmpty();
            assertStragglers(agent, device);
            assertThat(agent.probes().tellCompletions(false)).isFalse();
        }
    }

    private static void assertStragglers(TestAgent agent, StuckDevice device) throws IOException {
        assertThat(agent.stragglers()).hasSize(10).allSatisfy(straggler -> {
            assertThat(straggler.operation()).isEqualTo(Operation.READ);
            assertThat(straggler.result()).isEqualTo(4096);
            assertThat(straggler.path()).isEqualTo(device.path().substring("/dev".length()));
            assertOnStuckDevice(straggler);
        });
        assertThat(agent.stragglers())
                .extracting(Straggler::offset)
                .containsExactlyInAnyOrderElementsOf(
                        LongStream.range(0, 10).map(i -> 4096 * i).boxed().toList());
    }

    /** Each engine with each placing, each of them with and without the function. */
    static Stream<Arguments> ways() {
        return Stream.of(
                Arguments.of(new CoreEngine(), Placing.FENTRY),
                Arguments.of(new BccEngine(), Placing.KPROBE),
                Arguments.of(new WithoutAioComplete(new CoreEngine()), Placing.KPROBE),
                Arguments.of(new WithoutAioComplete(new BccEngine()), Placing.FENTRY));
    }

    @ParameterizedTest
    @MethodSource("ways")
    void eachKindOfRequestIsNamedWithItsFile(Engine engine, Placing placing) throws IOException {
        try (StuckDevice device = StuckDevice.withFiles("data", "dirty");
                TestAgent agent = new TestAgent(Tier.FULL, placing, engine);
                AioWork work =
                        AioWork.start("operations", "--folder", device.folder().toString(), "--wait")) {
            work.await("ready");
            agent.readUntil("the context", () -> !agent.setups(work.pid()).isEmpty());
            Context context = agent.setups(work.pid()).get(0);
            // A poll that is cancelled completes at once: by the time that anything is stuck there is none.
            agent.probes().follow(Map.of(context.kioctx(), context.handle()));
            assertThat(agent.probes().tellCompletions(true)).isTrue();
            work.goOn();
            agent.readUntil("the poll", () -> !agent.stragglers().isEmpty());
            assertThat(agent.probes().tellCompletions(false)).isFalse();

            TeardownInProgress going = StuckListener.await(agent, work.pid(), WaitReason.REQUESTS);
            assertThat(going.outstandingNow()).isEqualTo(6);
            assertThat(KernelStack.functions(going.kernelStack())).anyMatch(name -> name.contains("io_destroy"));
            if (engine instanceof CoreEngine) {
                assertThat(Witness.of(work.pid()).workers())
                        .isNotEmpty()
                        .allSatisfy(worker -> assertThat(worker.stack()).contains("aio_fsync_work"));
            }
            assertThat(agent.probes().tellCompletions(true)).isTrue();
            device.release();
            work.finish();
            agent.readUntil("the end", () -> !agent.teardowns(work.pid()).isEmpty());
            assertNamed(agent.stragglers(), work, device);
        }
    }

    private static void assertNamed(List<Straggler> stragglers, AioWork work, StuckDevice device) throws IOException {
        long data = inode(device, "data");
        long dirty = inode(device, "dirty");
        assertThat(stragglers)
                .extracting(
                        Straggler::operation, Straggler::path, Straggler::inode, Straggler::offset, Straggler::result)
                .containsExactlyInAnyOrder(
                        tuple(Operation.READ, "/data", data, 8192L, 4096L),
                        tuple(Operation.WRITE, "/data", data, 16384L, 4096L),
                        tuple(Operation.READ, "/data", data, 24576L, 8192L),
                        tuple(Operation.WRITE, "/data", data, 32768L, 8192L),
                        tuple(Operation.FSYNC, "/dirty", dirty, null, 0L),
                        tuple(Operation.FDSYNC, "/dirty", dirty, null, 0L),
                        tuple(Operation.POLL, null, work.the("pipe"), null, 0L));
        assertThat(stragglers).allSatisfy(straggler -> {
            assertThat(straggler.time()).isBetween(work.the("called"), work.the("returned"));
            assertThat(straggler.age())
                    .isEqualTo(straggler.time()
                            - straggler.teardown().known().call().enterTime());
            if (straggler.path() != null) {
                assertThat(straggler.magic()).isEqualTo(0xef53);
                assertOnStuckDevice(straggler);
            }
        });
    }

    private static long inode(StuckDevice device, String name) throws IOException {
        return (long) Files.getAttribute(device.folder().resolve(name), "unix:ino");
    }

    private static void assertOnStuckDevice(Straggler straggler) throws IOException {
        assertThat(Host.read("/sys/dev/block/" + straggler.device() + "/dm/name"))
                .hasValue("aioscope-stuck");
    }

    @Test
    void aProcessThatWasKilledWaitsForRequestsInItsExit() throws IOException {
        try (StuckDevice device = StuckDevice.make();
                TestAgent agent = new TestAgent(Tier.FULL, Placing.FENTRY);
                AioWork work = AioWork.start("destroy", "--outstanding", "3", "--device", device.path(), "--wait")) {
            work.await("ready");
            work.signalKill();
            TeardownInProgress going = StuckListener.await(agent, work.pid(), WaitReason.REQUESTS);
            assertThat(going.outstandingNow()).isEqualTo(3);
            assertThat(going.known().trigger()).isEqualTo(Trigger.EXIT);
            assertThat(Command.run(Command.aioscope("explain", Integer.toString(work.pid()))))
                    .contains("waits uninterruptibly in exit_aio")
                    .contains("aioscope-stuck on dm-0")
                    .contains("SUSPENDED");
            assertThat(KernelStack.functions(going.kernelStack())).contains("exit_aio");
            device.release();
        }
    }

    @Test
    void aThreadInsideIoSubmitIsWhatIsWaitedFor() throws IOException {
        try (TestAgent agent = new TestAgent(Tier.FULL, Placing.KPROBE);
                AioWork work = AioWork.start("sibling", "--milliseconds", "1", "--wait")) {
            work.await("siblings");
            TeardownInProgress going = StuckListener.await(agent, work.pid(), WaitReason.SIBLINGS);
            assertThat(going.siblingsNow()).isEqualTo(1);
            work.goOn();
            work.finish();
        }
    }
}
