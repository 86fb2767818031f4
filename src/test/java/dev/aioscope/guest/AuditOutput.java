package dev.aioscope.guest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aioscope.audit.Clause;
import dev.aioscope.audit.Verdict.State;
import dev.aioscope.testing.Aioscope;
import dev.aioscope.testing.Commands;
import dev.aioscope.testing.JsonLines;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import tools.jackson.databind.JsonNode;

/** The output of {@code aioscope audit --workload --json}. */
record AuditOutput(List<String> lines) {
    /** Runs the audit and asserts that it succeeds. */
    static AuditOutput of(String... options) throws IOException {
        List<String> arguments = new ArrayList<>(List.of("audit", "--workload", "--json"));
        arguments.addAll(Arrays.asList(options));
        return new AuditOutput(Commands.run(Aioscope.command(arguments.toArray(String[]::new)))
                .lines()
                .filter(line -> line.startsWith("{"))
                .toList());
    }

    private List<JsonNode> ofType(String type) {
        return JsonLines.ofType(JsonLines.parse(String.join("\n", lines)), type);
    }

    String tier() {
        assertThat(ofType("audit")).hasSize(1);
        return ofType("audit").get(0).path("tier").asString();
    }

    /** The verdict object of each clause. */
    Map<Clause, JsonNode> verdicts() {
        Map<Clause, JsonNode> verdicts = new EnumMap<>(Clause.class);
        ofType("verdict")
                .forEach(verdict ->
                        verdicts.put(Clause.valueOf(verdict.path("clause").asString()), verdict));
        assertThat(verdicts).hasSameSizeAs(Clause.values());
        return verdicts;
    }

    /** The verdict on each clause. */
    Map<Clause, State> states() {
        Map<Clause, State> states = new EnumMap<>(Clause.class);
        verdicts()
                .forEach((clause, verdict) -> states.put(
                        clause, State.valueOf(verdict.path("verdict").asString().toUpperCase(Locale.ROOT))));
        return states;
    }
}
