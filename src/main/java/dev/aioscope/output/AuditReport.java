package dev.aioscope.output;

import dev.aioscope.audit.Clause;
import dev.aioscope.audit.Observation;
import dev.aioscope.audit.Verdict;
import dev.aioscope.audit.Verdict.State;
import dev.aioscope.host.Printable;
import dev.aioscope.kernel.Units;
import dev.aioscope.kernel.WallClock;
import dev.aioscope.lifecycle.Task;
import dev.aioscope.probe.Tier;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The verdicts of an audit as text, Markdown and JSON. */
public final class AuditReport {
    private static final String ROW = "%-6s  %-12s %7s  ";
    private static final int MARGIN = 30;

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

    /** The observable clauses, the reasons why others are not observable, the violations again, and the counts. */
    public String text(Screen screen) {
        StringBuilder text = new StringBuilder(ROW.formatted("CLAUSE", "VERDICT", "N"))
                .append("CLAUSE TEXT → EVIDENCE")
                .append(System.lineSeparator());
        Map<String, List<String>> notObservable = new LinkedHashMap<>();
        for (Verdict verdict : verdicts) {
            if (verdict.state() == State.NOT_OBSERVABLE) {
                notObservable
                        .computeIfAbsent(String.valueOf(verdict.reason()), reason -> new ArrayList<>())
                        .add(verdict.clause().name());
            } else {
                text.append(screen.wrap(row(verdict), MARGIN, description(verdict)));
            }
        }
        text.append(System.lineSeparator());
        notObservable.forEach((reason, clauses) ->
                text.append(screen.wrap("NOT OBSERVABLE  ", 16, String.join(" ", clauses) + ": " + reason)));
        text.append(System.lineSeparator());
        for (Verdict verdict : verdicts) {
            if (verdict.state() == State.VIOLATED) {
                text.append(screen.wrap(verdict.clause() + " VIOLATED: ", 4, description(verdict)));
            }
        }
        return text.append(screen.wrap("", 4, counts())).toString();
    }

    private static String row(Verdict verdict) {
        return ROW.formatted(
                verdict.clause(),
                name(verdict.state()),
                verdict.observations() == 0 ? Units.ABSENT : verdict.observations());
    }

    private static String description(Verdict verdict) {
        String evidence = evidence(verdict);
        return verdict.clause().text() + (evidence == null ? "" : " → " + Printable.of(evidence));
    }

    private String counts() {
        return "Linux " + kernel + ", tier " + tier.label() + ": "
                + List.of(State.values()).stream()
                        .map(state -> count(state) + " " + name(state))
                        .collect(Collectors.joining(", "));
    }

    private long count(State state) {
        return verdicts.stream().filter(verdict -> verdict.state() == state).count();
    }

    private static String name(State state) {
        return state.name().replace('_', ' ');
    }

    /** The observation behind the verdict, or else its reason; null if it has neither. */
    private static @Nullable String evidence(Verdict verdict) {
        Observation evidence = verdict.evidence();
        if (evidence == null) {
            return verdict.reason();
        }
        String caller = evidence.caller() == null
                ? ""
                : " (" + evidence.caller().comm() + ", thread "
                        + evidence.caller().tid()
                        + (evidence.context() == null ? "" : ", context " + evidence.context()) + ")";
        return evidence.values() + caller;
    }

    /** A Markdown table with all clauses. */
    public List<String> markdown() {
        List<String> lines = new ArrayList<>(List.of(
                "# io_destroy on Linux " + kernel + ", tier " + tier.label(),
                "",
                "| clause | verdict | n | clause text | evidence |",
                "| --- | --- | --- | --- | --- |"));
        for (Verdict verdict : verdicts) {
            String evidence = evidence(verdict);
            lines.add("| %s | %s | %s | %s | %s |"
                    .formatted(
                            verdict.clause(),
                            name(verdict.state()),
                            verdict.observations() == 0 ? Units.ABSENT : verdict.observations(),
                            verdict.clause().text(),
                            evidence == null
                                    ? Units.ABSENT
                                    : evidence.replaceAll("\\p{Cntrl}", "?").replace("|", "\\|")));
        }
        return lines;
    }

    /** One object for each clause, and one with the counts. */
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

    /** One object for each clause. */
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
            json.put("held_count", verdict.held());
            json.put("deviated_count", verdict.deviated());
            json.put("violated_count", verdict.violated());
            json.put("reason", verdict.reason());
            evidence(json, verdict.evidence());
        });
    }

    private void evidence(Json json, @Nullable Observation evidence) {
        Task caller = evidence == null ? null : evidence.caller();
        json.put("time", evidence == null ? null : (Long) clock.epochNanos(evidence.time()));
        json.put("pid", caller == null ? null : (Integer) caller.pid());
        json.put("tid", caller == null ? null : (Integer) caller.tid());
        json.put("comm", caller == null ? null : caller.comm());
        json.put("context_id", evidence == null ? null : evidence.context());
        json.put("evidence", evidence == null ? null : evidence.values());
    }
}
