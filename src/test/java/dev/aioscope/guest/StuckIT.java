package dev.aioscope.guest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aioscope.event.WaitsFor;
import dev.aioscope.guest.Agent.Placing;
import dev.aioscope.kernel.KernelStack;
import dev.aioscope.lifecycle.TeardownInProgress;
import dev.aioscope.probe.Tier;
import dev.aioscope.probe.bcc.BccEngine;
import dev.aioscope.probe.bpf.Engine;
import dev.aioscope.probe.core.CoreEngine;
import java.io.IOException;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Stuck teardowns on the kernel that builds aioscope, whatever it is: without any probe on a function of the kernel. */
class StuckIT {
    @BeforeAll
    static void compile() throws Exception {
        Work.compile();
    }

    static Stream<Engine> engines() {
        return Stream.of(new CoreEngine(), new BccEngine());
    }

    @ParameterizedTest
    @MethodSource("engines")
    void aThreadInsideIoSubmitIsWhatIsWaitedFor(Engine engine) throws IOException {
        try (Agent agent = new Agent(Tier.SYSCALL, Placing.FENTRY, engine);
                Work work = Work.start("sibling", "--wait")) {
            work.await("siblings");
            TeardownInProgress going = Stuck.await(agent, work.pid(), WaitsFor.SIBLINGS);
            assertThat(going.siblingsLeft()).isEqualTo(1);
            assertThat(going.known().context().handle()).isEqualTo(work.the("handle"));
            assertThat(going.isFoundLate()).isFalse();
            assertThat(going.pendingSigkill()).isFalse();
            assertThat(KernelStack.functions(going.kernelStack())).anyMatch(name -> name.contains("io_destroy"));

            work.goOn();
            work.finish();
            agent.readUntil("the end", () -> !agent.teardowns().isEmpty());
            assertThat(Stuck.inProgress(agent, work.pid())).isEmpty();
        }
    }

    @Test
    void whatWasStuckBeforeIsFoundLate() throws IOException {
        try (Work work = Work.start("sibling", "--wait")) {
            work.await("siblings");
            try (Agent agent = new Agent(Tier.SAMPLE, Placing.FENTRY)) {
                assertThat(Stuck.inProgress(agent, work.pid())).singleElement().satisfies(going -> {
                    assertThat(going.isFoundLate()).isTrue();
                    assertThat(going.waitsFor())
                            .as("nobody knows where the context is")
                            .isNull();
                    assertThat(going.known().context().handle()).isEqualTo(work.the("handle"));
                    assertThat(KernelStack.functions(going.kernelStack()))
                            .anyMatch(name -> name.contains("io_destroy"));
                });
            }
        }
    }

    @Test
    void explainTellsWhoIsWaitedFor() throws IOException {
        try (Work work = Work.start("sibling", "--wait")) {
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
        try (Agent agent = new Agent(Tier.SYSCALL, Placing.FENTRY);
                Work work = Work.start(
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
                    () -> Stuck.inProgress(agent, work.pid()).stream()
                            .allMatch(one -> one.waitsFor() == WaitsFor.SIBLINGS));
            List<TeardownInProgress> going = Stuck.inProgress(agent, work.pid());
            assertThat(going).hasSize(count).allMatch(one -> one.waitsFor() == WaitsFor.SIBLINGS);
            assertThat(going).extracting(TeardownInProgress::seenSince).isSorted();
            assertThat(going)
                    .extracting(one -> one.known().context().handle())
                    .containsExactlyElementsOf(work.all("handle"));

            work.goOn();
            work.finish();
            agent.readUntil("all ends", () -> agent.teardowns().size() == count);
            assertThat(Stuck.inProgress(agent, work.pid())).isEmpty();
            assertThat(agent.lifecycle().contextsInTeardown()).isEmpty();
        }
    }
}
