package dev.aioscope.guest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aioscope.inventory.Inventory;
import dev.aioscope.probe.proc.ProcProbes;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The looks at /proc on the kernel that builds aioscope, and what the commands say of them. */
class ProcTierIT extends ProcTier {
    /** Root, but nothing that makes root mighty: only what has no more capabilities can be read. */
    private static final List<String> POWERLESS = List.of("setpriv", "--bounding-set=-all", "--inh-caps=-all");

    @BeforeAll
    static void compile() throws Exception {
        AioWork.compile();
    }

    private static String[] powerless(String... arguments) {
        List<String> command = new ArrayList<>(POWERLESS);
        command.addAll(List.of(Command.aioscope(arguments)));
        return command.toArray(String[]::new);
    }

    private static List<JsonNode> json(String output) {
        return output.lines()
                .filter(line -> line.startsWith("{"))
                .map(JsonMapper.shared()::readTree)
                .toList();
    }

    @Test
    void manyContextsOfManyProcessesAreFound() throws IOException {
        List<AioWork> all = new ArrayList<>();
        try {
            for (int i = 0; i < 20; i++) {
                all.add(AioWork.start("many", "--count", "200", "--charge", "1", "--wait"));
            }
            for (AioWork work : all) {
                work.await("ready");
            }
            Inventory snapshot = Inventory.take(agent.probes());

            for (AioWork work : all) {
                assertThat(snapshot.contexts())
                        .filteredOn(context -> context.owner().pid() == work.pid())
                        .hasSize(200)
                        .doesNotHaveDuplicates();
            }
        } finally {
            all.forEach(AioWork::close);
        }
    }

    /** The child shows the ring for as long as it lives, but its file is empty once the context was freed. */
    @Test
    void aChildThatOutlivesItsParentHoldsNothing() throws IOException {
        try (AioWork work = AioWork.start("forked", "--wait")) {
            work.await("ready");
            long child = work.the("child");
            try {
                work.kill();
                // Who never saw the parent has nothing but the ring to go by.
                try (ProcProbes later = ProcProbes.open()) {
                    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
                    while (isHolder(later, child) && System.nanoTime() < deadline) {
                        Command.pause();
                    }
                    assertThat(isHolder(later, child)).isFalse();
                }
            } finally {
                ProcessHandle.of(child).ifPresent(ProcessHandle::destroyForcibly);
            }
        }
    }

    private static boolean isHolder(ProcProbes probes, long pid) {
        return Inventory.take(probes).contexts().stream()
                .anyMatch(context -> context.owner().pid() == pid);
    }

    @Test
    void contextsSaysWhatIsNotSeen() throws IOException {
        try (AioWork work = AioWork.start("many", "--count", "4", "--charge", "25", "--wait")) {
            work.await("ready");
            List<JsonNode> told = json(Command.run(Command.aioscope("contexts", "--tier", "proc", "--json")));

            assertThat(told)
                    .filteredOn(line -> line.path("pid").asInt() == work.pid())
                    .singleElement()
                    .satisfies(holder -> {
                        assertThat(holder.path("contexts").asInt()).isEqualTo(4);
                        assertThat(holder.path("nr_events").asInt()).isGreaterThan(100);
                        assertThat(holder.path("charge").isNull()).isTrue();
                        assertThat(holder.path("outstanding").isNull()).isTrue();
                        assertThat(holder.path("unreaped").asInt()).isZero();
                        assertThat(holder.path("command").asString()).contains("aiowork many");
                    });
            JsonNode quota = told.get(told.size() - 1);
            assertThat(quota.path("tier").asString()).isEqualTo("proc");
            assertThat(quota.path("aio_nr").asLong()).isGreaterThanOrEqualTo(100);
            assertThat(quota.path("charge").isNull()).isTrue();
            assertThat(quota.path("unattributed").isNull()).isTrue();
            assertThat(quota.path("partial_processes").asInt()).isZero();
            assertThat(Command.run(Command.aioscope("contexts", "--tier", "proc")))
                    .contains("charge –, unattributed –")
                    .contains("The tier proc sees neither charges nor requests outstanding");
        }
    }

    @Test
    void planCannotTellWhatFits() throws IOException {
        try (AioWork work = AioWork.start("many", "--count", "4", "--wait")) {
            work.await("ready");
            Command plan = Command.runs(Command.aioscope("plan", "--tier", "proc", "--json"));
            Command more = Command.runs(Command.aioscope("plan", "--tier", "proc", "--more", "aiowork=3"));

            assertThat(plan.status()).isZero();
            assertThat(json(plan.output()))
                    .filteredOn(line -> line.path("comm").asString().equals("aiowork"))
                    .singleElement()
                    .satisfies(kind -> {
                        assertThat(kind.path("contexts").asInt()).isEqualTo(4);
                        assertThat(kind.path("largest_charge").isNull()).isTrue();
                        assertThat(kind.path("fits").isNull()).isTrue();
                    });
            assertThat(more.status()).isEqualTo(3);
            assertThat(more.output())
                    .contains("what a context charges is not seen in the tier proc")
                    .contains("hint: ")
                    .doesNotContain("\tat ");
        }
    }

    @Test
    void withoutPrivilegesOnesOwnProcessesAreShown() throws IOException {
        try (AioWork others = AioWork.start("many", "--count", "1", "--wait");
                AioWork own = AioWork.startBy(POWERLESS, "many", "--count", "3", "--wait")) {
            others.await("ready");
            own.await("ready");
            Command contexts = Command.runs(powerless("contexts", "--json"));

            assertThat(contexts.status()).as(contexts.output()).isZero();
            List<JsonNode> told = json(contexts.output());
            assertThat(told)
                    .filteredOn(line -> line.path("pid").asInt() == own.pid())
                    .singleElement()
                    .satisfies(holder ->
                            assertThat(holder.path("contexts").asInt()).isEqualTo(3));
            assertThat(told)
                    .filteredOn(line -> line.path("pid").asInt() == others.pid())
                    .isEmpty();
            assertThat(told.get(told.size() - 1).path("unreadable_processes").asInt())
                    .isPositive();
            assertThat(contexts.output()).contains("Not sample: ").contains("hint: ");
            assertThat(Command.run(powerless("contexts")))
                    .contains("may not be read: run aioscope as root, or give it CAP_SYS_PTRACE");
        }
    }

    @Test
    void traceTellsWhatVanishes() throws IOException {
        try (AioWork churn = AioWork.start("churn", "--count", "5", "--charge", "3", "--milliseconds", "300000")) {
            churn.await("pid");
            String told = Command.run(Command.aioscope(
                    "trace",
                    "--tier",
                    "proc",
                    "--scan-interval",
                    "50ms",
                    "--comm",
                    "aiowork",
                    "--count",
                    "10",
                    "--json"));

            assertThat(told).contains("Tier proc, engine none, probes: none");
            // Also told are exits whose contexts no look has found before.
            assertThat(json(told)).anySatisfy(teardown -> {
                assertThat(teardown.path("end").asString()).isEqualTo("vanished");
                assertThat(teardown.path("owner_comm").asString()).isEqualTo("aiowork");
                assertThat(teardown.path("nr_events").asInt()).isGreaterThan(3);
                assertThat(teardown.path("max_reqs").isNull()).isTrue();
            });
        }
    }
}
