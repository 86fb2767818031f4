package dev.aioscope.output;

import dev.aioscope.diagnosis.Diagnosis;
import dev.aioscope.diagnosis.Diagnosis.Check;
import dev.aioscope.diagnosis.Diagnosis.TierTrial;
import dev.aioscope.probe.AttachPoint;
import dev.aioscope.probe.AttachPoint.Rejection;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A diagnosis for people. Attach points with the same result share their lines, and so do tiers. */
public final class DiagnosisText {
    private static final int MARGIN = 21;
    private static final String GREEN = "\u001b[32m";
    private static final String RED = "\u001b[31m";
    private static final String NO_COLOUR = "\u001b[0m";

    private final StringBuilder text = new StringBuilder();
    private final Screen screen;

    private DiagnosisText(Screen screen) {
        this.screen = screen;
    }

    public static String of(Diagnosis diagnosis, Screen screen) {
        DiagnosisText text = new DiagnosisText(screen);
        text.section("Tiers");
        TierTrial first = null;
        for (TierTrial trial : diagnosis.tiers()) {
            if (first != null && first.failsLike(trial)) {
                text.entry(
                        false, trial.tier().label(), "same as " + first.tier().label(), null);
            } else {
                text.tier(trial);
                first = trial;
            }
        }
        text.section("Host");
        diagnosis.checks().forEach(text::check);
        text.section("Summary");
        text.text.append(screen.wrap("  ", 2, diagnosis.summary()));
        return text.text.toString();
    }

    private void section(String title) {
        text.append(System.lineSeparator()).append(title).append(System.lineSeparator());
    }

    private void tier(TierTrial trial) {
        String reason = trial.reason();
        String result = !trial.works() ? String.valueOf(reason) : reason == null ? "works" : "works, but " + reason;
        entry(trial.works(), trial.tier().label(), result, trial.hint());
        for (Map.Entry<PointResult, List<String>> group : byResult(trial).entrySet()) {
            PointResult points = group.getKey();
            text.append(screen.wrap(
                    " ".repeat(MARGIN), MARGIN + 2, points.outcome() + ": " + String.join(", ", group.getValue())));
            for (Rejection rejection : points.rejections()) {
                text.append(screen.wrap(
                        " ".repeat(MARGIN + 2),
                        MARGIN + 4,
                        rejection.mode().label() + " rejected: " + rejection.reason()));
                text.append(screen.wrap(" ".repeat(MARGIN + 4) + "hint: ", MARGIN + 6, rejection.hint()));
            }
        }
    }

    /** The result of attaching a point. */
    private record PointResult(String outcome, List<Rejection> rejections) {}

    private static Map<PointResult, List<String>> byResult(TierTrial trial) {
        Map<PointResult, List<String>> groups = new LinkedHashMap<>();
        for (AttachPoint point : trial.points()) {
            String outcome = point.mode() == null
                    ? "unavailable"
                    : trial.works() ? point.mode().label() : "not fully tried";
            groups.computeIfAbsent(new PointResult(outcome, point.rejections()), result -> new ArrayList<>())
                    .add(point.name());
        }
        return groups;
    }

    private void check(Check check) {
        entry(check.ok(), check.name(), check.value(), check.hint());
    }

    private void entry(@Nullable Boolean good, String name, String value, @Nullable String hint) {
        String mark = good == null ? "  " : good ? "ok" : "NO";
        String lines = screen.wrap(String.format(Locale.ROOT, "  %s %-15s ", mark, name), MARGIN, value);
        if (screen.colours() && good != null) {
            lines = lines.replaceFirst(mark, (good ? GREEN : RED) + mark + NO_COLOUR);
        }
        text.append(lines);
        if (hint != null) {
            text.append(screen.wrap(" ".repeat(MARGIN) + "hint: ", MARGIN + 2, hint));
        }
    }
}
