package dev.aioscope.guest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aioscope.kernel.Host;
import dev.aioscope.testing.Aioscope;
import dev.aioscope.testing.CommandResult;
import dev.aioscope.testing.Commands;
import dev.aioscope.testing.JsonLines;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** The commands for the quota. */
class ContextsCommandIT {
    @BeforeAll
    static void compile() throws Exception {
        AioWork.compile();
    }

    private static List<JsonNode> json(String... arguments) throws IOException {
        return JsonLines.parse(Commands.run(Aioscope.command(arguments)));
    }

    @Test
    void namesHolderInContexts() throws IOException {
        try (AioWork work = AioWork.start("many", "--count", "4", "--charge", "25", "--wait")) {
            work.await("aio_nr");
            List<JsonNode> objects = json("contexts", "--json");

            assertThat(objects)
                    .filteredOn(line -> line.path("pid").asInt() == work.pid())
                    .singleElement()
                    .satisfies(holder -> {
                        assertThat(holder.path("charge").asInt()).isEqualTo(100);
                        assertThat(holder.path("contexts").asInt()).isEqualTo(4);
                        assertThat(holder.path("command").asString()).contains("aiowork many");
                    });
            JsonNode quota = objects.get(objects.size() - 1);
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

    /** A scan does not show which thread set up a context. */
    @Test
    void selectsByNameOfMainThreadAsTraceDoes(@TempDir Path folder) throws Exception {
        Path log = folder.resolve("trace.log");
        Process trace = Commands.start(
                log, Aioscope.command("trace", "--tier", "syscall", "--json", "--comm", "a-database", "--count", "1"));
        try (AioWork work = AioWork.start("named-threads", "--wait")) {
            Commands.awaitText(trace, log, "Tier syscall");
            work.await("ready");
            assertThat(JsonLines.ofType(json("contexts", "--comm", "a-database", "--json"), "holder"))
                    .singleElement()
                    .satisfies(holder -> assertThat(holder.path("pid").asInt()).isEqualTo(work.pid()));
            assertThat(JsonLines.ofType(json("contexts", "--comm", "an-io-thread", "--json"), "holder"))
                    .isEmpty();
            work.proceed();
            work.finish();
            Commands.awaitText(trace, log, "\"comm\":\"an-io-thread\"");
        } finally {
            trace.destroyForcibly();
        }
    }

    @Test
    void printsChangesUntilInterruptedInContextsWatch(@TempDir Path folder) throws Exception {
        Path output = folder.resolve("contexts.log");
        // As when the tests run in the background of a script.
        String[] ignoring = {"sh", "-c", "trap '' HUP INT; exec \"$0\" \"$@\""};
        Process watch = Commands.start(
                output,
                Stream.of(ignoring, Aioscope.command("contexts", "--watch", "100ms", "--json"))
                        .flatMap(Stream::of)
                        .toArray(String[]::new));
        Commands.awaitText(watch, output, "\"type\":\"quota\"");
        try (AioWork work = AioWork.start("many", "--count", "1", "--charge", "31", "--wait")) {
            work.await("aio_nr");
            Commands.awaitText(watch, output, "\"pid\":" + work.pid() + ",");
        }
        Commands.stop(watch, "INT", 130, output);
    }

    @Test
    void computesLimitForMoreInPlan() throws IOException {
        try (AioWork work = AioWork.start("many", "--count", "4", "--charge", "25", "--wait")) {
            work.await("aio_nr");
            long limit = Host.aioMaxNr().orElseThrow().longValueExact();
            List<JsonNode> objects = json("plan", "--more", "aiowork=" + limit / 100, "--json");

            JsonNode plan = objects.get(objects.size() - 1);
            assertThat(plan.path("needed").asLong())
                    .isEqualTo(plan.path("aio_nr").asLong() + limit / 100 * 100);
            assertThat(objects)
                    .filteredOn(line -> line.path("program").asString().equals("aiowork"))
                    .singleElement()
                    .satisfies(kind -> {
                        assertThat(kind.path("largest_charge").asInt()).isEqualTo(100);
                        assertThat(kind.path("fits").asLong())
                                .isEqualTo(plan.path("headroom").asLong() / 100);
                    });
            assertThat(Commands.run(Aioscope.command("plan", "--more", "aiowork=" + limit)))
                    .contains("sysctl -w fs.aio-max-nr=");
        }
    }

    @Test
    void rejectsUnknownProgramInPlan() throws IOException {
        CommandResult plan = Commands.execute(Aioscope.command("plan", "--more", "nobody=3"));

        assertThat(plan.status()).isEqualTo(2);
        assertThat(plan.output())
                .contains("no process named 'nobody' holds a context now")
                .contains("--help");
    }
}
