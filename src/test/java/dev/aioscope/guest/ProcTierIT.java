package dev.aioscope.guest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aioscope.inventory.Inventory;
import dev.aioscope.probe.proc.ProcProbes;
import dev.aioscope.testing.Aioscope;
import dev.aioscope.testing.Await;
import dev.aioscope.testing.CommandResult;
import dev.aioscope.testing.Commands;
import dev.aioscope.testing.JsonLines;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** Scans of /proc on the kernel of the build machine, and the commands that use them. */
class ProcTierIT extends ProcTierTests {
    /** Root without capabilities: it can read only processes that have no more capabilities. */
    private static final List<String> POWERLESS = List.of("setpriv", "--bounding-set=-all", "--inh-caps=-all");

    @BeforeAll
    static void compile() throws Exception {
        AioWork.compile();
    }

    private static String[] powerless(String... arguments) {
        List<String> command = new ArrayList<>(POWERLESS);
        command.addAll(List.of(Aioscope.command(arguments)));
        return command.toArray(String[]::new);
    }

    @Test
    void findsManyContextsOfManyProcesses() throws IOException {
        List<AioWork> all = new ArrayList<>();
        try {
            for (int i = 0; i < 20; i++) {
                all.add(AioWork.start("many", "--count", "200", "--charge", "1", "--wait"));
            }
            for (AioWork work : all) {
                work.await("ready");
            }
            Inventory inventory = Inventory.take(agent.probes());

            for (AioWork work : all) {
                assertThat(inventory.contexts())
                        .filteredOn(context -> context.owner().pid() == work.pid())
                        .hasSize(200)
                        .doesNotHaveDuplicates();
            }
        } finally {
            all.forEach(AioWork::close);
        }
    }

    /**
     * The child keeps the ring mapped as long as it lives, but the kernel truncates the ring's file when it frees the
     * context.
     */
    @Test
    void findsNoContextInChildThatOutlivesParent() throws IOException {
        try (AioWork work = AioWork.start("forked", "--wait")) {
            work.await("ready");
            long child = work.value("child");
            try {
                work.kill();
                // These probes never saw the parent and have only the ring.
                try (ProcProbes later = ProcProbes.open()) {
                    Await.until("no holder " + child, () -> !isHolder(later, child));
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
    void reportsUnobservedValuesAsNullInContexts() throws IOException {
        try (AioWork work = AioWork.start("many", "--count", "4", "--charge", "25", "--wait")) {
            work.await("ready");
            List<JsonNode> objects =
                    JsonLines.parse(Commands.run(Aioscope.command("contexts", "--tier", "proc", "--json")));

            assertThat(objects)
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
            JsonNode quota = objects.get(objects.size() - 1);
            assertThat(quota.path("tier").asString()).isEqualTo("proc");
            assertThat(quota.path("aio_nr").asLong()).isGreaterThanOrEqualTo(100);
            assertThat(quota.path("charge").isNull()).isTrue();
            assertThat(quota.path("unattributed").isNull()).isTrue();
            assertThat(quota.path("partial_processes").asInt()).isZero();
            assertThat(Commands.run(Aioscope.command("contexts", "--tier", "proc")))
                    .contains("charge –, unattributed –")
                    .contains("The tier proc observes neither charges nor outstanding requests");
        }
    }

    @Test
    void omitsFittingProgramsInPlan() throws IOException {
        try (AioWork work = AioWork.start("many", "--count", "4", "--wait")) {
            work.await("ready");
            CommandResult plan = Commands.execute(Aioscope.command("plan", "--tier", "proc", "--json"));
            CommandResult more = Commands.execute(Aioscope.command("plan", "--tier", "proc", "--more", "aiowork=3"));

            assertThat(plan.status()).isZero();
            assertThat(JsonLines.parse(plan.output()))
                    .filteredOn(line -> line.path("program").asString().equals("aiowork"))
                    .singleElement()
                    .satisfies(kind -> {
                        assertThat(kind.path("contexts").asInt()).isEqualTo(4);
                        assertThat(kind.path("largest_charge").isNull()).isTrue();
                        assertThat(kind.path("fits").isNull()).isTrue();
                    });
            assertThat(more.status()).isEqualTo(3);
            assertThat(more.output())
                    .contains("the tier proc does not show charges")
                    .contains("hint: ")
                    .doesNotContain("\tat ");
        }
    }

    @Test
    void showsOwnProcessesWithoutPrivileges() throws IOException {
        try (AioWork others = AioWork.start("many", "--count", "1", "--wait");
                AioWork own = AioWork.startThrough(POWERLESS, "many", "--count", "3", "--wait")) {
            others.await("ready");
            own.await("ready");
            CommandResult contexts = Commands.execute(powerless("contexts", "--json"));

            assertThat(contexts.status()).as(contexts.output()).isZero();
            List<JsonNode> objects = JsonLines.parse(contexts.output());
            assertThat(objects)
                    .filteredOn(line -> line.path("pid").asInt() == own.pid())
                    .singleElement()
                    .satisfies(holder ->
                            assertThat(holder.path("contexts").asInt()).isEqualTo(3));
            assertThat(objects)
                    .filteredOn(line -> line.path("pid").asInt() == others.pid())
                    .isEmpty();
            assertThat(objects.get(objects.size() - 1)
                            .path("unreadable_processes")
                            .asInt())
                    .isPositive();
            assertThat(contexts.output()).contains("cannot use tier sample: ").contains("hint: ");
            assertThat(Commands.run(powerless("contexts")))
                    .contains("(hint: run aioscope as root, or give it CAP_SYS_PTRACE)");
        }
    }

    @Test
    void reportsVanishedContextsInTrace(@TempDir Path folder) throws IOException {
        Path output = folder.resolve("trace.log");
        try (AioWork churn = AioWork.start("churn", "--count", "5", "--charge", "3", "--milliseconds", "300000")) {
            churn.await("pid");
            Process trace = Commands.start(
                    output,
                    Aioscope.command(
                            "trace", "--tier", "proc", "--scan-interval", "50ms", "--comm", "aiowork", "--json"));
            // trace also reports exits whose contexts no scan has found: on a busy machine, those of many processes.
            JsonNode teardown = Await.value(
                            "a vanished context",
                            () -> JsonLines.parse(Files.readString(output)),
                            lines -> lines.stream().anyMatch(ProcTierIT::isFoundBefore))
                    .stream()
                    .filter(ProcTierIT::isFoundBefore)
                    .findFirst()
                    .orElseThrow();
            Commands.stop(trace, "INT", 130, output);

            assertThat(Files.readString(output)).contains("Tier proc, engine none, probes: none");
            assertThat(teardown.path("end").asString()).isEqualTo("vanished");
            assertThat(teardown.path("owner_comm").asString()).isEqualTo("aiowork");
            assertThat(teardown.path("nr_events").asInt()).isGreaterThan(3);
            assertThat(teardown.path("max_reqs").isNull()).isTrue();
        }
    }

    private static boolean isFoundBefore(JsonNode teardown) {
        return teardown.path("nr_events").isNumber();
    }
}
