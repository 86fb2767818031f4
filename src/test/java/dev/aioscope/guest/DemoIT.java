package dev.aioscope.guest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aioscope.testing.Aioscope;
import dev.aioscope.testing.Commands;
import dev.aioscope.testing.JsonLines;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/** The demo as a user sees it, with the best tier of the kernel: here that of the build machine. */
class DemoIT {
    private static List<JsonNode> json(String... arguments) throws IOException {
        return JsonLines.parse(Commands.run(Aioscope.command(arguments)));
    }

    @Test
    void observesEverythingTheDemoDoes() throws IOException {
        String tier = json("doctor", "--json").get(0).path("command_tier").asString();
        List<JsonNode> objects = json("demo", "--watch", "--json");

        assertThat(JsonLines.ofType(objects, "demo")).singleElement().satisfies(demo -> {
            assertThat(demo.path("tier").asString()).isEqualTo(tier).isIn("full", "syscall");
            assertThat(demo.path("observed")).isEqualTo(demo.path("expected"));
            assertThat(demo.path("expected").path("destroys").asInt()).isEqualTo(7);
        });
        assertThat(JsonLines.ofType(objects, "refusal"))
                .singleElement()
                .satisfies(refusal -> assertThat(refusal.path("max_reqs").asLong())
                        .isGreaterThan(refusal.path("aio_max_nr").asLong()));
        assertThat(JsonLines.ofType(objects, "failed_call"))
                .extracting(call -> call.path("errno").asString())
                .containsExactly("EINVAL", "EINVAL");
        assertThat(JsonLines.ofType(objects, "teardown"))
                .filteredOn(teardown -> teardown.path("trigger").asString().equals("destroy"))
                .hasSize(7)
                .allSatisfy(teardown -> {
                    assertThat(teardown.path("result").asInt(-1)).isZero();
                    // Values that only kernel probes observe are null without them, never 0.
                    assertThat(teardown.path("drain_ns").isNull()).isEqualTo(!tier.equals("full"));
                });
    }

    @Test
    void printsLinesOfStepBelowIt() throws IOException {
        List<String> lines = Commands.run(Aioscope.command("demo", "--watch"))
                .lines()
                .filter(line -> line.startsWith("▶") || line.contains(" destroy ") || line.contains(" io_"))
                .map(line -> line.startsWith("▶") ? "▶" : "line")
                .toList();

        // Idle destroys, an fdatasync, a poll, a reader, wrong handles (and the context of one), a refusal, the exit.
        assertThat(lines)
                .startsWith("▶", "line", "line", "line", "▶", "line", "▶", "line", "▶", "line")
                .containsSubsequence("▶", "line", "line", "line", "▶", "line", "▶");
    }
}
