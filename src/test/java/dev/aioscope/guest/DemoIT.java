package dev.aioscope.guest;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The demonstration as a user sees it, with the best tier that the kernel gives: here that of the build machine. */
class DemoIT {
    private static List<JsonNode> json(String... arguments) throws IOException {
        return Command.run(Command.aioscope(arguments))
                .lines()
                .filter(line -> line.startsWith("{"))
                .map(JsonMapper.shared()::readTree)
                .toList();
    }

    private static List<JsonNode> ofType(List<JsonNode> objects, String type) {
        return objects.stream()
                .filter(object -> object.path("type").asString().equals(type))
                .toList();
    }

    @Test
    void everythingThatIsDoneIsSeen() throws IOException {
        String tier = json("doctor", "--json").get(0).path("command_tier").asString();
        List<JsonNode> told = json("demo", "--watch", "--json");

        assertThat(ofType(told, "demo")).singleElement().satisfies(demo -> {
            assertThat(demo.path("tier").asString()).isEqualTo(tier).isIn("full", "syscall");
            assertThat(demo.path("observed")).isEqualTo(demo.path("expected"));
            assertThat(demo.path("expected").path("destroys").asInt()).isEqualTo(7);
        });
        assertThat(ofType(told, "refusal"))
                .singleElement()
                .satisfies(refusal -> assertThat(refusal.path("max_reqs").asLong())
                        .isGreaterThan(refusal.path("aio_max_nr").asLong()));
        assertThat(ofType(told, "failed_call"))
                .extracting(call -> call.path("errno").asString())
                .containsExactly("EINVAL", "EINVAL");
        assertThat(ofType(told, "teardown"))
                .filteredOn(teardown -> teardown.path("trigger").asString().equals("destroy"))
                .hasSize(7)
                .allSatisfy(teardown -> {
                    assertThat(teardown.path("result").asInt(-1)).isZero();
                    // What only the probes inside the kernel see is null without them, and never 0.
                    assertThat(teardown.path("drain_ns").isNull()).isEqualTo(!tier.equals("full"));
                });
    }

    @Test
    @Tag("once")
    void theLinesOfAStepStandBelowIt() throws IOException {
        List<String> said = Command.run(Command.aioscope("demo", "--watch"))
                .lines()
                .filter(line -> line.startsWith("▶") || line.contains(" destroy ") || line.contains(" io_"))
                .map(line -> line.startsWith("▶") ? "▶" : "seen")
                .toList();

        // Idle ones, an fdatasync, a poll, a reader, wrong handles (and the context that had one), a refusal, the exit.
        assertThat(said)
                .startsWith("▶", "seen", "seen", "seen", "▶", "seen", "▶", "seen", "▶", "seen")
                .containsSubsequence("▶", "seen", "seen", "seen", "▶", "seen", "▶");
    }
}
