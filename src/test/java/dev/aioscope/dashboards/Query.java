package dev.aioscope.dashboards;

import java.util.Map;

/** A query in PromQL, and the legend of its series. */
public record Query(String expression, String legend) {
    /**
     * The shortest step: the default interval of a push. Grafana then chooses a rate interval of four minutes or more, in
     * which a counter has several values, however it arrives.
     */
    static final String MIN_STEP = "1m";

    Map<String, Object> json(String refId, Panel.Kind kind) {
        return Json.object(
                "refId",
                refId,
                "datasource",
                Json.prometheus(),
                "expr",
                expression,
                "legendFormat",
                legend,
                "instant",
                kind.isInstant,
                "range",
                !kind.isInstant,
                "interval",
                MIN_STEP,
                "exemplar",
                kind == Panel.Kind.HEATMAP,
                "format",
                kind.format);
    }
}
