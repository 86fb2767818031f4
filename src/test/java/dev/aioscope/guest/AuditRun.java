package dev.aioscope.guest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aioscope.audit.Clause;
import dev.aioscope.audit.Verdict.State;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A run of {@code aioscope audit --workload --json}. */
record AuditRun(List<String> lines) {
    /** Runs it to its end, which must be a good one. */
    static AuditRun of(String... options) throws IOException {
        List<String> arguments = new ArrayList<>(List.of("audit", "--workload", "--json"));
        arguments.addAll(Arrays.asList(options));
        return new AuditRun(Command.run(Command.aioscope(arguments.toArray(String[]::new)))
                .lines()
                .filter(line -> line.startsWith("{"))
                .toList());
    }

    private List<JsonNode> ofType(String type) {
        return lines.stream()
                .map(JsonMapper.shared()::readTree)
                .filter(object -> object.path("type").asString().equals(type))
                .toList();
    }

    String tier() {
        assertThat(ofType("audit")).hasSize(1);
        return ofType("audit").get(0).path("tier").asString();
    }

    /** What is said of each clause. */
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
