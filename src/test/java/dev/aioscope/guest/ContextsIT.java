package dev.aioscope.guest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aioscope.guest.TestAgent.AttachMethod;
import dev.aioscope.host.Identity;
import dev.aioscope.host.Processes;
import dev.aioscope.host.Processes.IdentityKey;
import dev.aioscope.inventory.Holder;
import dev.aioscope.inventory.Inventory;
import dev.aioscope.inventory.LiveContext;
import dev.aioscope.kernel.Host;
import dev.aioscope.lifecycle.Task;
import dev.aioscope.probe.Tier;
import dev.aioscope.testing.Await;
import java.io.IOException;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Compares the inventory with what aiowork holds and with fs.aio-nr. */
class ContextsIT {
    private final TestAgent agent = new TestAgent(Tier.SAMPLE, AttachMethod.FENTRY);

    @BeforeAll
    static void compile() throws Exception {
        AioWork.compile();
    }

    /** The charge of other processes on this host, after earlier tests have released theirs. */
    private long others;

    @BeforeEach
    void awaitEndOfEarlierTests() {
        others = Await.value(
                        "no unattributed charge",
                        this::take,
                        inventory -> inventory.unattributed().signum() == 0)
                .charge();
    }

    @AfterEach
    void close() {
        agent.close();
    }

    private Inventory take() {
        return Inventory.take(agent.probes());
    }

    private static List<LiveContext> of(Inventory inventory, int pid) {
        return inventory.contexts().stream()
                .filter(context -> context.owner().pid() == pid)
                .toList();
    }

    @Test
    void findsExistingContextsWithCharge() throws IOException {
        try (AioWork many = AioWork.start("many", "--count", "600", "--charge", "3", "--wait");
                AioWork one = AioWork.start("destroy", "--charge", "77", "--wait")) {
            many.await("aio_nr");
            one.await("ready");
            Inventory inventory = take();

            assertThat(of(inventory, many.pid()))
                    .hasSize(600)
                    .allSatisfy(context -> assertThat(context.charge()).isEqualTo(3));
            assertThat(of(inventory, one.pid())).singleElement().satisfies(context -> {
                assertThat(context.handle()).isEqualTo(one.value("handle"));
                assertThat(context.charge()).isEqualTo(77);
                assertThat(context.outstanding()).isZero();
                assertThat(context.nrEvents()).isGreaterThanOrEqualTo(77);
            });
            assertThat(Holder.group(
                            inventory.contexts(), context -> context.owner().pid() + ""))
                    .extracting(Holder::charge)
                    .containsExactly(1800L, 77L);
            assertThat(inventory.quota().aioNr()).isEqualTo(others + 1877);
            assertThat(inventory.unattributed()).isZero();
            assertThat(inventory.quota().headroom())
                    .isEqualTo(Host.aioMaxNr().orElseThrow().longValueExact() - others - 1877);
        }
    }

    @Test
    void findsNoContextInForkedChild() throws IOException {
        try (AioWork work = AioWork.start("forked", "--charge", "5", "--wait")) {
            work.await("child");
            Inventory inventory = take();

            assertThat(of(inventory, work.pid())).hasSize(1);
            assertThat(of(inventory, (int) work.value("child"))).isEmpty();
            assertThat(inventory.unattributed()).isZero();
            work.proceed();
            work.finish();
        }
    }

    @Test
    void findsProcessWhoseFirstThreadHasExited() throws IOException {
        try (AioWork work = AioWork.start("leaderless", "--charge", "5", "--wait")) {
            work.await("ready");

            LiveContext context = of(take(), work.pid()).get(0);
            assertThat(context.charge()).isEqualTo(5);
            Identity identity = read(context);
            assertThat(identity.executable()).isEqualTo(AioWork.PROGRAM.toString());
            assertThat(identity.arguments()).contains("leaderless");
            assertThat(identity.cgroup()).isNotNull();
        }
    }

    /** From /proc alone. */
    private static Identity read(LiveContext context) {
        try (Processes processes = Processes.ofThisHost(false, Processes.DEFAULT_CAPACITY)) {
            processes.read(IdentityKey.of(context.owner(), context.mm()));
            processes.await(Duration.ofMinutes(1));
            return processes.of(context.owner());
        }
    }

    @Test
    @Timeout(300)
    void sumsToAioNrWhileContextsComeAndGo() throws Exception {
        try (AioWork churn = AioWork.start("churn", "--count", "20", "--charge", "3", "--milliseconds", "300000");
                AioWork still = AioWork.start("many", "--count", "50", "--charge", "7", "--wait")) {
            still.await("aio_nr");
            Set<Integer> children = new HashSet<>();
            for (int i = 0; i < 100 || children.size() < 5; i++) {
                Inventory inventory = take();
                assertThat(inventory.charge() + inventory.unattributed().longValueExact())
                        .isEqualTo(inventory.quota().aioNr().longValueExact());
                assertThat(of(inventory, still.pid())).hasSize(50);
                // Only contexts of churn's children can be in setup or teardown; a slow scan meets several of them.
                assertThat(inventory.unattributed().longValueExact()).isBetween(-600L, 600L);
                inventory
                        .contexts()
                        .forEach(context -> children.add(context.owner().pid()));
                children.remove(still.pid());
            }
            assertThat(children).as("only children churn").doesNotContain(churn.pid());
        }
    }

    private static Task startedLater(Task task) {
        return new Task(task.pid(), task.tid(), task.comm(), task.cgroup(), task.processStart() + 1_000_000_000L);
    }

    @Test
    void identifiesProcessAlsoAfterExit() throws IOException {
        try (Processes processes = Processes.ofThisHost(false, Processes.DEFAULT_CAPACITY);
                AioWork work = AioWork.start("many", "--count", "1", "--charge", "5", "--wait")) {
            work.await("aio_nr");
            LiveContext context = of(take(), work.pid()).get(0);
            processes.read(IdentityKey.of(context.owner(), context.mm()));
            processes.await(Duration.ofMinutes(1));
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
