package dev.aioscope.guest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aioscope.kernel.Errno;
import dev.aioscope.kernel.Host;
import dev.aioscope.testing.Aioscope;
import dev.aioscope.testing.Await;
import dev.aioscope.testing.Commands;
import dev.aioscope.testing.JsonLines;
import dev.aioscope.testing.SeccompFilter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/** Reports of {@code trace} about refusals in the tier {@code syscall}, on any host. Uses half of the quota. */
class RefusalsIT {
    @TempDir
    private Path folder;

    @BeforeAll
    static void compile() throws Exception {
        AioWork.compile();
    }

    private static List<JsonNode> read(Path output, String type) throws IOException {
        return JsonLines.ofType(JsonLines.parse(Files.readString(output)), type);
    }

    private static List<JsonNode> all(AioWork work, Path output, String type) throws IOException {
        return read(output, type).stream()
                .filter(event -> event.path("pid").asInt() == work.pid())
                .toList();
    }

    private static JsonNode of(AioWork work, Path output, String type) throws IOException {
        return Await.value("a " + type, () -> all(work, output, type), events -> !events.isEmpty())
                .get(0);
    }

    private static boolean namesArgumentsOfHolder(JsonNode refusal) {
        return refusal.path("largest_holders")
                .path(0)
                .path("command")
                .asString("")
                .contains("aiowork many");
    }

    @Test
    void namesRefusedHolderAndReleaser() throws Exception {
        long half = Host.aioMaxNr().orElseThrow().longValueExact() / 2;
        Path output = folder.resolve("trace.log");
        try (AioWork holder = AioWork.start("many", "--count", "1", "--charge", "" + (half + 1), "--wait")) {
            holder.await("aio_nr");
            Process trace = Commands.start(
                    output, Aioscope.command("trace", "--tier", "syscall", "--json", "--comm", "aiowork"));
            // The first scan finds the holder, and its arguments are read later.
            Await.until("the holder's arguments", () -> {
                AioWork.run("refused", "--charge", "" + half);
                return read(output, "refusal").stream().anyMatch(RefusalsIT::namesArgumentsOfHolder);
            });
            try (AioWork refused = AioWork.start("persist", "--charge", "" + half)) {
                refused.await("refused");
                JsonNode refusal = of(refused, output, "refusal");
                holder.kill();
                refused.finish();
                JsonNode outcome = of(refused, output, "refusal_outcome");
                Commands.stop(trace, "INT", 130, output);

                assertThat(refusal.path("executable").asString()).isEqualTo(AioWork.PROGRAM.toString());
                assertThat(refusal.path("command").asString()).endsWith("aiowork persist --charge " + half);
                assertThat(refusal.path("user").asString()).isEqualTo("root");
                // Some kernels do not let programs read fs.aio-nr.
                JsonNode aioNr = refusal.path("aio_nr");
                assertThat(refusal.path("needed_aio_max_nr").isNull()).isEqualTo(aioNr.isNull());
                assertThat(refusal.path("needed_aio_max_nr").asLong(aioNr.asLong(0) + half))
                        .isEqualTo(aioNr.asLong(0) + half);
                JsonNode largest = refusal.path("largest_holders").get(0);
                assertThat(largest.path("pid").asInt()).isEqualTo(holder.pid());
                assertThat(namesArgumentsOfHolder(refusal)).isTrue();
                assertThat(largest.path("charge").asLong()).isEqualTo(half + 1);

                assertThat(outcome.path("outcome").asString()).isEqualTo("transient");
                assertThat(outcome.path("succeeded").asBoolean()).isTrue();
                assertThat(outcome.path("cause").asString()).isEqualTo("teardown");
                assertThat(outcome.path("releaser_pid").asInt()).isEqualTo(holder.pid());
                assertThat(outcome.path("releaser_command").asString()).contains("aiowork many");
                assertThat(outcome.path("refusal_time")).isEqualTo(refusal.path("time"));
                assertThat(all(refused, output, "refusal"))
                        .as("retries are counted, not reported")
                        .hasSize(1);
                assertThat(outcome.path("retries").asLong()).isEqualTo(refused.value("tries") - 2);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {Errno.EPERM, Errno.ENOSYS})
    void reportsRefusalByFilterWithItsError(int errno) throws Exception {
        Path output = folder.resolve("trace.log");
        Process trace =
                Commands.start(output, Aioscope.command("trace", "--tier", "syscall", "--json", "--comm", "aiowork"));
        Commands.awaitText(trace, output, "syscall");
        Commands.execute(SeccompFilter.command(
                SeccompFilter.IO_SETUP, errno, AioWork.PROGRAM.toString(), "persist", "--charge", "128"));
        Commands.awaitText(trace, output, "\"type\":\"refusal\"");
        Commands.stop(trace, "INT", 130, output);

        JsonNode refusal = read(output, "refusal").get(0);
        assertThat(refusal.path("errno").asString()).isEqualTo(Errno.name(errno));
        assertThat(refusal.path("cause").asString()).isEqualTo("filter");
        assertThat(refusal.path("command").asString()).endsWith("aiowork persist --charge 128");
        assertThat(refusal.path("max_reqs").asInt()).isEqualTo(128);
        assertThat(refusal.path("needed_aio_max_nr").isNull()).isTrue();
        assertThat(refusal.path("largest_holders").isEmpty()).isTrue();
        JsonNode summary = read(output, "summary").get(0);
        assertThat(summary.path("refusals").asInt()).isEqualTo(1);
        assertThat(summary.path("failed_calls").asInt()).isZero();
        assertThat(read(output, "refusal_outcome")).isEmpty();
    }

    @Test
    void reportsLastingRefusalAboveLimitAndHidesArguments() throws Exception {
        long limit = Host.aioMaxNr().orElseThrow().longValueExact();
        Path output = folder.resolve("trace.log");
        Process trace = Commands.start(
                output,
                Aioscope.command("trace", "--tier", "syscall", "--json", "--hide-arguments", "--comm", "aiowork"));
        Commands.awaitText(trace, output, "syscall");
        try (AioWork refused = AioWork.start("persist", "--charge", "" + (limit + 1))) {
            refused.await("refused");
            Commands.awaitText(trace, output, "\"outcome\":\"lasting\"");
            Commands.stop(trace, "INT", 130, output);
            JsonNode outcome = read(output, "refusal_outcome").get(0);
            assertThat(outcome.path("pid").asInt()).isEqualTo(refused.pid());
            assertThat(outcome.path("duration_ns").asLong()).isGreaterThanOrEqualTo(10_000_000_000L);
            assertThat(outcome.path("cause").isNull()).isTrue();
            assertThat(outcome.path("command").asString()).isEqualTo(AioWork.PROGRAM.toString());
            assertThat(Files.readString(output)).doesNotContain("--charge");
        }
    }
}
