package dev.aioscope.guest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aioscope.kernel.Host;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What the commands say of the quota. */
class ContextsCommandIT {
    @BeforeAll
    static void compile() throws Exception {
        AioWork.compile();
    }

    private static List<JsonNode> json(String... arguments) throws IOException {
        return Command.run(Command.aioscope(arguments))
                .lines()
                .filter(line -> line.startsWith("{"))
                .map(JsonMapper.shared()::readTree)
                .toList();
    }

    @Test
    void contextsNamesTheHolder() throws IOException {
        try (AioWork work = AioWork.start("many", "--count", "4", "--charge", "25", "--wait")) {
            work.await("aio_nr");
            List<JsonNode> told = json("contexts", "--json");

            assertThat(told)
                    .filteredOn(line -> line.path("pid").asInt() == work.pid())
                    .singleElement()
                    .satisfies(holder -> {
                        assertThat(holder.path("charge").asInt()).isEqualTo(100);
                        assertThat(holder.path("contexts").asInt()).isEqualTo(4);
                        assertThat(holder.path("command").asString()).contains("aiowork many");
                    });
            JsonNode quota = told.get(told.size() - 1);
            assertThat(quota.path("charge").asLong()
                            + quota.path("unattributed").asLong())
                    .isEqualTo(quota.path("aio_nr").asLong());
            assertThat(json("contexts", "--all", "--pid", "" + work.pid(), "--json"))
                    .filteredOn(line -> line.path("type").asString().equals("context"))
                    .hasSize(4)
                    .allSatisfy(context ->
                            assertThat(context.path("charge").asInt()).isEqualTo(25));
        }
    }

    @Test
    void watchingShowsWhatChangesUntilItIsToldToEnd(@TempDir Path folder) throws Exception {
        Path output = folder.resolve("contexts.log");
        Process watch = Command.start(output, Command.aioscope("contexts", "--watch", "100ms", "--json"));
        Command.awaitText(output, "\"type\":\"quota\"");
        try (AioWork work = AioWork.start("many", "--count", "1", "--charge", "31", "--wait")) {
            work.await("aio_nr");
            Command.awaitText(output, "\"pid\":" + work.pid() + ",");
        }
        Command.run("kill", "-INT", "" + watch.pid());
        assertThat(watch.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(watch.exitValue()).isEqualTo(130);
        assertThat(Files.readString(output)).doesNotContain("\tat ");
    }

    @Test
    void planTellsTheLimitForMore() throws IOException {
        try (AioWork work = AioWork.start("many", "--count", "4", "--charge", "25", "--wait")) {
            work.await("aio_nr");
            long limit = Host.aioMaxNr().orElseThrow();
            List<JsonNode> told = json("plan", "--more", "aiowork=" + limit / 100, "--json");

            JsonNode plan = told.get(told.size() - 1);
            assertThat(plan.path("needed").asLong())
                    .isEqualTo(plan.path("aio_nr").asLong() + limit / 100 * 100);
            assertThat(told)
                    .filteredOn(line -> line.path("comm").asString().equals("aiowork"))
                    .singleElement()
                    .satisfies(kind -> {
                        assertThat(kind.path("largest_charge").asInt()).isEqualTo(100);
                        assertThat(kind.path("fits").asLong())
                                .isEqualTo(plan.path("headroom").asLong() / 100);
                    });
            assertThat(Command.run(Command.aioscope("plan", "--more", "aiowork=" + limit)))
                    .contains("sysctl -w fs.aio-max-nr=");
        }
    }

    @Test
    void planOfWhatIsNotThereIsAnError() throws IOException {
        Command plan = Command.runs(Command.aioscope("plan", "--more", "nobody=3"));

        assertThat(plan.status()).isEqualTo(2);
        assertThat(plan.output())
                .contains("no process named 'nobody' holds a context now")
                .contains("--help");
    }
}
