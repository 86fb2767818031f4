package dev.aioscope.output;

import dev.aioscope.audit.Clause;
import dev.aioscope.audit.Observation;
import dev.aioscope.audit.Verdict;
import dev.aioscope.audit.Verdict.State;
import dev.aioscope.host.Printable;
import dev.aioscope.kernel.Units;
import dev.aioscope.kernel.WallClock;
import dev.aioscope.probe.Tier;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The verdicts as a table for people, as Markdown and as JSON. */
public final class AuditReport {
    private static final String ROW = "%-6s  %-8s %7s  ";
    private static final int MARGIN = 26;

    private final List<Verdict> verdicts;
    private final Tier tier;
    private final String kernel;
    private final WallClock clock;

    public AuditReport(List<Verdict> verdicts, Tier tier, String kernel, WallClock clock) {
        this.verdicts = verdicts;
        this.tier = tier;
        this.kernel = kernel;
        this.clock = clock;
    }

    public boolean isViolated() {
        return verdicts.stream().anyMatch(verdict -> verdict.state() == State.VIOLATED);
    }

    /** The clauses that can be observed, why the others cannot, and the violations once more. */
    public String text(Screen screen) {
        StringBuilder text = new StringBuilder(ROW.formatted("CLAUSE", "VERDICT", "N"))
                .append("SAYS → SEEN")
                .append(System.lineSeparator());
        Map<String, List<String>> hidden = new LinkedHashMap<>();
        for (Verdict verdict : verdicts) {
            if (verdict.state() == State.NOT_OBSERVABLE) {
                hidden.computeIfAbsent(String.valueOf(verdict.reason()), reason -> new ArrayList<>())
                        .add(verdict.clause().name());
            } else {
                text.append(screen.wrap(row(verdict), MARGIN, words(verdict)));
            }
        }
        text.append(System.lineSeparator());
        hidden.forEach((reason, clauses) ->
                text.append(screen.wrap("NOT OBSERVABLE  ", 16, String.join(" ", clauses) + ": " + reason)));
        text.append(System.lineSeparator());
        for (Verdict verdict : verdicts) {
            if (verdict.state() == State.VIOLATED) {
                text.append(screen.wrap(verdict.clause() + " VIOLATED: ", 4, words(verdict)));
            }
        }
        return text.append(screen.wrap("", 4, counts())).toString();
    }

    private static String row(Verdict verdict) {
        return ROW.formatted(
                verdict.clause(),
                words(verdict.state()),
                verdict.observations() == 0 ? Units.ABSENT : verdict.observations());
    }

    /** What the clause says, and what was seen; whoever was seen has chosen its name. */
    private static String words(Verdict verdict) {
        String seen = seen(verdict);
        return verdict.clause().text() + (seen == null ? "" : " → " + Printable.of(seen));
    }

    private String counts() {
        return "Linux " + kernel + ", tier " + tier.label() + ": "
                + List.of(State.values()).stream()
                        .map(state -> count(state) + " " + words(state))
                        .collect(Collectors.joining(", "));
    }

    private long count(State state) {
        return verdicts.stream().filter(verdict -> verdict.state() == state).count();
    }

    private static String words(State state) {
        return state.name().replace('_', ' ');
    }

    /** What the verdict rests on; null if on nothing. */
    private static @Nullable String seen(Verdict verdict) {
        Observation evidence = verdict.evidence();
        if (evidence == null) {
            return verdict.reason();
        }
        String who = evidence.caller() == null
                ? ""
                : " (" + evidence.caller().comm() + ", thread "
                        + evidence.caller().tid()
                        + (evidence.context() == null ? "" : ", context " + evidence.context()) + ")";
        return evidence.values() + who;
    }

    /** The same as a table in Markdown, to keep. */
    public List<String> markdown() {
        List<String> lines = new ArrayList<>(List.of(
                "# io_destroy on Linux " + kernel + ", tier " + tier.label(),
                "",
                "| clause | verdict | n | says | seen |",
                "| --- | --- | --- | --- | --- |"));
        for (Verdict verdict : verdicts) {
            String seen = seen(verdict);
            lines.add("| %s | %s | %s | %s | %s |"
                    .formatted(
                            verdict.clause(),
                            words(verdict.state()),
                            verdict.observations() == 0 ? Units.ABSENT : verdict.observations(),
                            verdict.clause().text(),
                            seen == null
                                    ? Units.ABSENT
                                    : seen.replaceAll("\\p{Cntrl}", "?").replace("|", "\\|")));
        }
        return lines;
    }

    /** An object for each clause, and one for all. */
    public List<String> json(TraceSummary summary) {
        List<String> lines = new ArrayList<>(jsonOfVerdicts());
        lines.add(Json.line("audit", json -> {
            json.put("kernel", kernel);
            json.put("tier", tier.label());
            for (State state : State.values()) {
                json.put(state.label(), count(state));
            }
            json.object("lost", lost -> summary.lost().forEach(lost::put));
        }));
        return lines;
    }

    /** An object for each clause. */
    public List<String> jsonOfVerdicts() {
        return verdicts.stream().map(this::json).toList();
    }

    private String json(Verdict verdict) {
        Clause clause = verdict.clause();
        return Json.line("verdict", json -> {
            json.put("clause", clause.name());
            json.put("kind", clause.kind().label());
            json.put("clause_text", clause.text());
            json.put("observation", clause.observed());
            json.put("verdict", verdict.state().label());
            json.put("held_count", verdict.kept());
            json.put("deviated_count", verdict.otherwise());
            json.put("violated_count", verdict.broken());
            json.put("reason", verdict.reason());
            evidence(json, verdict.evidence());
        });
    }

    private void evidence(Json json, @Nullable Observation seen) {
        json.put("time", seen == null ? null : (Long) clock.epochNanos(seen.time()));
        json.put(
                "pid",
                seen == null || seen.caller() == null
                        ? null
                        : (Integer) seen.caller().pid());
        json.put(
                "tid",
                seen == null || seen.caller() == null
                        ? null
                        : (Integer) seen.caller().tid());
        json.put(
                "comm",
                seen == null || seen.caller() == null ? null : seen.caller().comm());
        json.put("context_id", seen == null ? null : seen.context());
        json.put("evidence", seen == null ? null : seen.values());
    }
}
