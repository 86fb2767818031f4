package dev.aioscope.guest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import dev.aioscope.event.Operation;
import dev.aioscope.event.Trigger;
import dev.aioscope.event.WaitReason;
import dev.aioscope.guest.TestAgent.AttachMethod;
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
import dev.aioscope.testing.Aioscope;
import dev.aioscope.testing.Commands;
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

/** Reports about stuck teardowns in the tier full, on a device that is known to block requests. */
@Tag("guest")
class StuckGuestTest {
    @Test
    void countsOutstandingRequestsOfStuckDestroy() throws IOException {
        try (BlockingDevice device = BlockingDevice.suspended();
                TestAgent agent = new TestAgent(Tier.FULL, AttachMethod.FENTRY);
                AioWork work = AioWork.start("destroy", "--outstanding", "10", "--device", device.path())) {
            TeardownInProgress inProgress = StuckTeardowns.await(agent, work.pid(), WaitReason.REQUESTS);
            assertThat(inProgress.outstandingNow()).isEqualTo(10);
            assertThat(inProgress.siblingsNow()).isZero();
            assertThat(inProgress.known().outstanding()).isEqualTo(10);
            assertThat(inProgress.known().trigger()).isEqualTo(Trigger.DESTROY);
            assertThat(inProgress.pendingSigkill()).isFalse();
            assertThat(KernelStack.functions(inProgress.kernelStack())).anyMatch(name -> name.contains("io_destroy"));

            assertThat(agent.probes().reportCompletions(true)).isTrue();
            device.release();
            work.finish();
            agent.readUntil("the end", () -> !agent.teardowns(work.pid()).isEmpty());
            assertThat(StuckTeardowns.inProgress(agent, work.pid())).isEmpty();
            assertStragglers(agent, device);
            assertThat(agent.probes().reportCompletions(false)).isFalse();
        }
    }

    private static void assertStragglers(TestAgent agent, BlockingDevice device) throws IOException {
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

    /** Each engine with one attach method, with and without the function aio_complete. */
    static Stream<Arguments> enginesAndAttachMethods() {
        return Stream.of(
                Arguments.of(new CoreEngine(), AttachMethod.FENTRY),
                Arguments.of(new BccEngine(), AttachMethod.KPROBE),
                Arguments.of(new EngineWithoutAioComplete(new CoreEngine()), AttachMethod.KPROBE),
                Arguments.of(new EngineWithoutAioComplete(new BccEngine()), AttachMethod.FENTRY));
    }

    @ParameterizedTest
    @MethodSource("enginesAndAttachMethods")
    void namesFileOfEachKindOfRequest(Engine engine, AttachMethod attachMethod) throws IOException {
        try (BlockingDevice device = BlockingDevice.withFiles("data", "dirty");
                TestAgent agent = new TestAgent(Tier.FULL, attachMethod, engine);
                AioWork work = AioWork.start(
                        "operations", "--directory", device.folder().toString(), "--wait")) {
            work.await("ready");
            agent.readUntil("the context", () -> !agent.setups(work.pid()).isEmpty());
            Context context = agent.setups(work.pid()).get(0);
            // A canceled poll completes at once: by the time a teardown is stuck, there is none.
            agent.probes().follow(Map.of(context.kioctx(), context.handle()));
            assertThat(agent.probes().reportCompletions(true)).isTrue();
            work.proceed();
            agent.readUntil("the poll", () -> !agent.stragglers().isEmpty());
            assertThat(agent.probes().reportCompletions(false)).isFalse();

            TeardownInProgress inProgress = StuckTeardowns.await(agent, work.pid(), WaitReason.REQUESTS);
            assertThat(inProgress.outstandingNow()).isEqualTo(6);
            assertThat(KernelStack.functions(inProgress.kernelStack())).anyMatch(name -> name.contains("io_destroy"));
            if (engine instanceof CoreEngine) {
                assertThat(Witness.of(work.pid()).workers())
                        .isNotEmpty()
                        .allSatisfy(worker -> assertThat(worker.stack()).contains("aio_fsync_work"));
            }
            assertThat(agent.probes().reportCompletions(true)).isTrue();
            device.release();
            work.finish();
            agent.readUntil("the end", () -> !agent.teardowns(work.pid()).isEmpty());
            assertNamed(agent.stragglers(), work, device);
        }
    }

    private static void assertNamed(List<Straggler> stragglers, AioWork work, BlockingDevice device)
            throws IOException {
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
                        tuple(Operation.POLL, null, work.value("pipe"), null, 0L));
        assertThat(stragglers).allSatisfy(straggler -> {
            assertThat(straggler.time()).isBetween(work.value("called"), work.value("returned"));
            assertThat(straggler.age())
                    .isEqualTo(straggler.time()
                            - straggler.teardown().known().call().enterTime());
            if (straggler.path() != null) {
                assertThat(straggler.magic()).isEqualTo(0xef53);
                assertOnStuckDevice(straggler);
            }
        });
    }

    private static long inode(BlockingDevice device, String name) throws IOException {
        return (long) Files.getAttribute(device.folder().resolve(name), "unix:ino");
    }

    private static void assertOnStuckDevice(Straggler straggler) throws IOException {
        assertThat(Host.read("/sys/dev/block/" + straggler.device() + "/dm/name"))
                .hasValue("aioscope-stuck");
    }

    @Test
    void reportsRequestsOfKilledProcessInExit() throws IOException {
        try (BlockingDevice device = BlockingDevice.suspended();
                TestAgent agent = new TestAgent(Tier.FULL, AttachMethod.FENTRY);
                AioWork work = AioWork.start("destroy", "--outstanding", "3", "--device", device.path(), "--wait")) {
            work.await("ready");
            work.killWithoutWaiting();
            TeardownInProgress inProgress = StuckTeardowns.await(agent, work.pid(), WaitReason.REQUESTS);
            assertThat(inProgress.outstandingNow()).isEqualTo(3);
            assertThat(inProgress.known().trigger()).isEqualTo(Trigger.EXIT);
            assertThat(Commands.run(Aioscope.command("explain", Integer.toString(work.pid()))))
                    .contains("waits uninterruptibly in exit_aio")
                    .contains("aioscope-stuck on dm-0")
                    .contains("SUSPENDED");
            assertThat(KernelStack.functions(inProgress.kernelStack())).contains("exit_aio");
            device.release();
        }
    }

    @Test
    void reportsThreadInsideIoSubmitAsWaitReason() throws IOException {
        try (TestAgent agent = new TestAgent(Tier.FULL, AttachMethod.KPROBE);
                AioWork work = AioWork.start("sibling", "--milliseconds", "1", "--wait")) {
            work.await("siblings");
            TeardownInProgress inProgress = StuckTeardowns.await(agent, work.pid(), WaitReason.SIBLINGS);
            assertThat(inProgress.siblingsNow()).isEqualTo(1);
            work.proceed();
            work.finish();
        }
    }
}
