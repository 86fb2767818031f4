package dev.aioscope.guest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import com.sun.jna.Memory;
import com.sun.jna.Pointer;
import dev.aioscope.event.AioCall;
import dev.aioscope.guest.TestAgent.AttachMethod;
import dev.aioscope.kernel.Errno;
import dev.aioscope.kernel.Host;
import dev.aioscope.kernel.Libc;
import dev.aioscope.lifecycle.FailedCall;
import dev.aioscope.lifecycle.FailedCall.SystemCall;
import dev.aioscope.lifecycle.HandleUse;
import dev.aioscope.probe.AttachPoint.Mode;
import dev.aioscope.probe.Tier;
import dev.aioscope.probe.bpf.AttachTarget;
import dev.aioscope.probe.bpf.Engine;
import dev.aioscope.probe.bpf.ProbeSettings;
import dev.aioscope.probe.bpf.Programs;
import dev.aioscope.probe.core.CoreEngine;
import java.io.IOException;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** On the kernel of the build machine, without probes inside the kernel. */
class WrongHandleIT extends WrongHandleTests {
    private static final boolean IS_X86 = Host.architecture().equals("x86_64");
    private static final int IO_SETUP = IS_X86 ? 206 : 0;
    private static final int IO_DESTROY = IS_X86 ? 207 : 1;
    private static final int IO_SUBMIT = IS_X86 ? 209 : 2;

    WrongHandleIT() {
        super(Tier.SYSCALL);
    }

    @BeforeAll
    static void compile() throws Exception {
        AioWork.compile();
    }

    /** The kernel runs the tracepoint at the return of such a call, and not that at its entry. */
    @Test
    void reportsCallsThatFilterRefuses() throws IOException {
        AioWork work = AioWork.run("filtered", "--count", "3", "--charge", "7");

        agent.readUntil(
                "four refused calls", () -> agent.failedCalls(work.pid()).size() == 4);
        FailedCall setup = agent.failedCalls(work.pid()).get(0);
        assertThat(setup.errno()).isEqualTo(Errno.EPERM);
        assertThat(setup.maxReqs()).isEqualTo(7);
        assertThat(setup.enterTime()).isNull();
        assertThat(agent.failedCalls(work.pid()))
                .extracting(FailedCall::call, FailedCall::handle)
                .containsExactly(
                        tuple(SystemCall.IO_SETUP, null),
                        tuple(SystemCall.IO_SETUP, null),
                        tuple(SystemCall.IO_SETUP, null),
                        tuple(SystemCall.IO_DESTROY, 4096L));
        assertThat(agent.failedCalls(work.pid()).get(3).wrongHandle())
                .as("the filter does not read the handle")
                .isNull();
    }

    @Test
    void findsEachOfManyContexts() throws IOException {
        try (AioWork work = AioWork.start("many", "--count", "1500", "--charge", "1", "--wait")) {
            work.await("aio_nr");
            agent.readUntil("1,500 contexts", () -> agent.setups(work.pid()).size() == 1500);

            assertThat(agent.setups(work.pid())).allSatisfy(context -> {
                assertThat(context.kioctx()).isNotZero();
                assertThat(context.nrEvents()).isNotNull();
            });
        }
    }

    @Test
    void reportsUseAfterMissedReturnOfCall() {
        CapturingEngine engine = new CapturingEngine();
        int pid = (int) ProcessHandle.current().pid();
        try (TestAgent own = new TestAgent(Tier.SYSCALL, AttachMethod.FENTRY, engine, new ProbeSettings(false, true));
                Memory context = new Memory(8)) {
            context.clear();
            assertThat(Libc.syscall(IO_SETUP, 1, Pointer.nativeValue(context), 0, 0, 0))
                    .isZero();
            long destroyed = context.getLong(0);
            assertThat(Libc.syscall(IO_DESTROY, destroyed, 0, 0, 0, 0)).isZero();

            Programs programs = Objects.requireNonNull(engine.programs);
            programs.detach(AttachTarget.SYS_EXIT_IO_SETUP);
            assertThat(Libc.syscall(IO_SETUP, 0, Pointer.nativeValue(context), 0, 0, 0))
                    .as("an invalid argument")
                    .isEqualTo(-1);
            assertThat(programs.attach(AttachTarget.SYS_EXIT_IO_SETUP, Mode.TRACEPOINT))
                    .isNull();
            assertThat(Libc.syscall(IO_SUBMIT, destroyed, 0, 0, 0, 0)).isEqualTo(-1);

            own.readUntil("the use", () -> !own.uses(pid).isEmpty());
            assertThat(own.uses(pid)).extracting(HandleUse::call).containsExactly(AioCall.IO_SUBMIT);
        }
    }

    private static final class CapturingEngine implements Engine {
        private @Nullable Programs programs;

        @Override
        public String label() {
            return "core";
        }

        @Override
        public Programs open(ProbeSettings settings) {
            programs = new CoreEngine().open(settings);
            return programs;
        }
    }
}
