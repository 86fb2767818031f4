package dev.aioscope.guest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aioscope.guest.TestAgent.Placing;
import dev.aioscope.host.Identity;
import dev.aioscope.host.Processes;
import dev.aioscope.inventory.Holder;
import dev.aioscope.inventory.Inventory;
import dev.aioscope.inventory.LiveContext;
import dev.aioscope.kernel.Host;
import dev.aioscope.lifecycle.Task;
import dev.aioscope.probe.Tier;
import java.io.IOException;
import java.nio.file.Files;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Who holds what, against what aiowork is known to hold and what fs.aio-nr says. */
class ContextsIT {
    private final TestAgent agent = new TestAgent(Tier.SAMPLE, Placing.FENTRY);

    @BeforeAll
    static void compile() throws Exception {
        // Guests have no compiler: there it has been done.
        if (!Files.exists(AioWork.PROGRAM)) {
            AioWork.compile();
        }
    }

    /** What others on this host hold, once what earlier tests held is given back. */
    private long others;

    @BeforeEach
    void awaitTheEndOfEarlierOnes() {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        Inventory snapshot = take();
        while (snapshot.unattributed() != 0 && System.nanoTime() < deadline) {
            Command.pause();
            snapshot = take();
        }
        assertThat(snapshot.unattributed()).isZero();
        others = snapshot.charge();
    }

    @AfterEach
    void close() {
        agent.close();
    }

    private Inventory take() {
        return Inventory.take(agent.probes());
    }

    private static List<LiveContext> of(Inventory snapshot, int pid) {
        return snapshot.contexts().stream()
                .filter(context -> context.owner().pid() == pid)
                .toList();
    }

    @Test
    void whatWasThereBeforeIsFoundWithItsCharge() throws IOException {
        try (AioWork many = AioWork.start("many", "--count", "600", "--charge", "3", "--wait");
                AioWork one = AioWork.start("destroy", "--charge", "77", "--wait")) {
            many.await("aio_nr");
            one.await("ready");
            Inventory snapshot = take();

            assertThat(of(snapshot, many.pid()))
                    .hasSize(600)
                    .allSatisfy(context -> assertThat(context.charge()).isEqualTo(3));
            assertThat(of(snapshot, one.pid())).singleElement().satisfies(context -> {
                assertThat(context.handle()).isEqualTo(one.the("handle"));
                assertThat(context.charge()).isEqualTo(77);
                assertThat(context.outstanding()).isZero();
                assertThat(context.nrEvents()).isGreaterThanOrEqualTo(77);
            });
            assertThat(Holder.group(
                            snapshot.contexts(), context -> context.owner().pid() + ""))
                    .extracting(Holder::charge)
                    .containsExactly(1800L, 77L);
            assertThat(snapshot.aioNr()).isEqualTo(others + 1877);
            assertThat(snapshot.unattributed()).isZero();
            assertThat(snapshot.headroom()).isEqualTo(Host.aioMaxNr().orElseThrow() - others - 1877);
        }
    }

    @Test
    void aForkedChildHoldsNothing() throws IOException {
        try (AioWork work = AioWork.start("forked", "--charge", "5", "--wait")) {
            work.await("child");
            Inventory snapshot = take();

            assertThat(of(snapshot, work.pid())).hasSize(1);
            assertThat(of(snapshot, (int) work.the("child"))).isEmpty();
            assertThat(snapshot.unattributed()).isZero();
            work.goOn();
            work.finish();
        }
    }

    @Test
    void aProcessWhoseFirstThreadHasEndedIsFound() throws IOException {
        try (AioWork work = AioWork.start("leaderless", "--charge", "5", "--wait")) {
            work.await("ready");

            assertThat(of(take(), work.pid()))
                    .singleElement()
                    .satisfies(context -> assertThat(context.charge()).isEqualTo(5));
        }
    }

    @Test
    @Timeout(300)
    void theSumIsFsAioNrWhileContextsComeAndGo() throws Exception {
        try (AioWork churn = AioWork.start("churn", "--count", "20", "--charge", "3", "--milliseconds", "300000");
                AioWork still = AioWork.start("many", "--count", "50", "--charge", "7", "--wait")) {
            still.await("aio_nr");
            Set<Integer> children = new HashSet<>();
            for (int i = 0; i < 100 || children.size() < 5; i++) {
                Inventory snapshot = take();
                assertThat(snapshot.charge() + snapshot.unattributed()).isEqualTo(snapshot.aioNr());
                assertThat(of(snapshot, still.pid())).hasSize(50);
                // Only what the children of the churn hold is on its way in or out; a slow look meets several of them.
                assertThat(snapshot.unattributed()).isBetween(-600L, 600L);
                snapshot.contexts()
                        .forEach(context -> children.add(context.owner().pid()));
                children.remove(still.pid());
            }
            assertThat(children).as("a child, which does not churn").doesNotContain(churn.pid());
        }
    }

    private static Task startedLater(Task task) {
        return new Task(task.pid(), task.tid(), task.comm(), task.cgroup(), task.processStart() + 1_000_000_000L);
    }

    @Test
    void processesAreNamedAlsoAfterTheirEnd() throws IOException {
        try (Processes processes = Processes.unlimited(false);
                AioWork work = AioWork.start("many", "--count", "1", "--charge", "5", "--wait")) {
            work.await("aio_nr");
            LiveContext context = of(take(), work.pid()).get(0);
            Identity identity = processes.of(context.owner());

            assertThat(identity.executable()).isEqualTo(AioWork.PROGRAM.toString());
            assertThat(identity.arguments())
                    .containsExactly(AioWork.PROGRAM.toString(), "many", "--count", "1", "--charge", "5", "--wait");
            assertThat(identity.user()).isEqualTo("root");
            assertThat(identity.cgroup()).startsWith("/");
            assertThat(processes.of(startedLater(context.owner())))
                    .as("another process with this number")
                    .isEqualTo(Identity.UNKNOWN);
            work.kill();
            assertThat(processes.of(context.owner())).isEqualTo(identity);
        }
    }
}
