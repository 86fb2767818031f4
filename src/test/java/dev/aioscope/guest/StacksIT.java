package dev.aioscope.guest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aioscope.guest.TestAgent.AttachMethod;
import dev.aioscope.lifecycle.Teardown;
import dev.aioscope.lifecycle.UserStack;
import dev.aioscope.probe.Tier;
import dev.aioscope.probe.bcc.BccEngine;
import dev.aioscope.probe.bcc.UserSymbols;
import dev.aioscope.probe.bpf.ProbeSettings;
import dev.aioscope.probe.core.CoreEngine;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Function names in the stacks of io_setup and io_destroy, also of a process that has exited. */
class StacksIT {
    @BeforeAll
    static void compile() throws Exception {
        AioWork.compile();
    }

    /** The tier that the kernel supports. */
    Tier tier() {
        return Tier.SYSCALL;
    }

    private static List<String> names(UserSymbols symbols, UserStack stack)
            throws ExecutionException, InterruptedException, TimeoutException {
        return symbols.resolve(stack.pid(), stack.addresses()).get(60, TimeUnit.SECONDS);
    }

    @ParameterizedTest
    @EnumSource(
            value = AttachMethod.class,
            names = {"FENTRY", "KPROBE"})
    void namesFunctionsInStacksOfContext(AttachMethod attachMethod) throws Exception {
        try (UserSymbols symbols = UserSymbols.start();
                TestAgent agent = new TestAgent(
                        tier(),
                        attachMethod,
                        attachMethod == AttachMethod.FENTRY ? new CoreEngine() : new BccEngine(),
                        new ProbeSettings(true, false));
                AioWork work = AioWork.start("destroy", "--wait")) {
            work.await("ready");
            agent.readUntil("the setup", () -> !agent.setups(work.pid()).isEmpty());
            UserStack setup = agent.setups(work.pid()).get(0).setupStack();
            assertThat(setup).isNotNull().isSameAs(agent.stacks(work.pid()).get(0));
            assertThat(String.join("\n", names(symbols, setup)))
                    .startsWith("syscall+0x")
                    .contains(" (libc.so.6)", "set_up+0x", "destroy+0x", "main+0x", " (aiowork)");
            work.proceed();
            work.finish();

            agent.readUntil("the teardown", () -> !agent.teardowns(work.pid()).isEmpty());
            Teardown teardown = agent.teardowns(work.pid()).get(0);
            assertThat(teardown.context().setupStack()).isSameAs(setup);
            assertThat(teardown.call().stack()).isNotNull();
            assertThat(String.join("\n", names(symbols, teardown.call().stack())))
                    .startsWith("syscall+0x")
                    .contains("destroy_and_report+0x", "destroy+0x", "main+0x", " (aiowork)")
                    .doesNotContain("set_up+");
        }
    }

    @Test
    void returnsNoNamesForProcessThatHasExited() throws Exception {
        try (UserSymbols symbols = UserSymbols.start()) {
            int pid = AioWork.run("refused", "--charge", "0").pid();
            assertThat(names(symbols, new UserStack(pid, new long[] {0x55000000})))
                    .isEmpty();
        }
    }

    @Test
    void recordsNoStacksByDefault() throws IOException {
        try (TestAgent agent = new TestAgent(tier(), AttachMethod.FENTRY)) {
            AioWork work = AioWork.run("destroy");
            agent.readUntil("the teardown", () -> !agent.teardowns(work.pid()).isEmpty());
            assertThat(agent.stacks(work.pid())).isEmpty();
            assertThat(agent.teardowns(work.pid()).get(0).call().stack()).isNull();
        }
    }
}
