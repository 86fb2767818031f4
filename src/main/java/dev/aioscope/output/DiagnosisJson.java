package dev.aioscope.output;

import dev.aioscope.diagnosis.Diagnosis;
import dev.aioscope.diagnosis.Diagnosis.TierTrial;
import dev.aioscope.diagnosis.Versions;
import dev.aioscope.probe.AttachPoint;
import dev.aioscope.probe.Tier;
import org.jspecify.annotations.Nullable;

/** A diagnosis as a JSON object; {@code agent/json.md} documents the names. */
public final class DiagnosisJson {
    private DiagnosisJson() {}

    public static String of(Diagnosis diagnosis) {
        return Json.line(
                "doctor",
                json -> json.put("aioscope", Versions.aioscope())
                        .put("summary", diagnosis.summary())
                        .put("command_tier", label(diagnosis.commandTier()))
                        .put("daemon_tier", label(diagnosis.daemonTier()))
                        .array("tiers", diagnosis.tiers(), DiagnosisJson::tier)
                        .array(
                                "checks",
                                diagnosis.checks(),
                                (object, fact) -> object.put("name", fact.name())
                                        .put("ok", fact.ok())
                                        .put("value", fact.value())
                                        .put("hint", fact.hint())));
    }

    private static void tier(Json json, TierTrial trial) {
        json.put("tier", trial.tier().label())
                .put("works", trial.works())
                .put("reason", trial.reason())
                .put("hint", trial.hint())
                .array("attach_points", trial.points(), (object, point) -> point(object, point, trial.works()));
    }

    private static void point(Json json, AttachPoint point, boolean attached) {
        json.put("name", point.name())
                .put("mode", attached && point.mode() != null ? point.mode().label() : null)
                .array(
                        "rejections",
                        point.rejections(),
                        (object, rejection) -> object.put(
                                        "mode", rejection.mode().label())
                                .put("reason", rejection.reason())
                                .put("hint", rejection.hint()));
    }

    private static @Nullable String label(@Nullable Tier tier) {
        return tier == null ? null : tier.label();
    }
}
