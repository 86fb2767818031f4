package dev.aioscope.dashboards;

import dev.aioscope.telemetry.Metric;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * A dashboard.
 *
 * @param uid the name in URLs, and of the file
 * @param isOfHost whether it shows one host, which a variable selects
 */
public record Dashboard(String uid, String title, String description, boolean isOfHost, List<Panel> panels) {
    private static final int COLUMNS = 24;
    /** The metric that each agent always has. */
    static final Metric ALWAYS = Metric.TIER_LEVEL;

    /** The link to the dashboard of the host in a row of a table or a series of a graph. */
    static Map<String, Object> linkToHost() {
        return Json.object(
                "title",
                "Dashboard of this host",
                "url",
                "/d/aioscope-host?${datasource:queryparam}&${cluster:queryparam}&${job:queryparam}"
                        + "&var-instance=${__data.fields.instance}&${__url_time_range}");
    }

    /** The dashboard as a JSON object. */
    Map<String, Object> json() {
        return Json.object(
                "uid",
                uid,
                "title",
                title,
                "description",
                description,
                "tags",
                List.of("aioscope"),
                "schemaVersion",
                41,
                "editable",
                true,
                "graphTooltip",
                1,
                "timezone",
                "browser",
                "refresh",
                "1m",
                "time",
                Json.object("from", "now-6h", "to", "now"),
                "annotations",
                Json.object("list", isOfHost ? List.of(refusals(), restarts()) : List.of()),
                "links",
                List.of(linkToOthers()),
                "templating",
                Json.object("list", variables()),
                "panels",
                placed());
    }

    private List<Object> placed() {
        List<Object> placed = new ArrayList<>();
        int x = 0;
        int y = 0;
        for (Panel panel : panels) {
            placed.add(panel.json(placed.size() + 1, x, y));
            x += panel.width();
            if (x >= COLUMNS) {
                x = 0;
                y += panel.kind().height;
            }
        }
        return placed;
    }

    private static Map<String, Object> linkToOthers() {
        return Json.object(
                "type",
                "dashboards",
                "title",
                "aioscope",
                "icon",
                "external link",
                "tooltip",
                "",
                "tags",
                List.of("aioscope"),
                "asDropdown",
                false,
                "targetBlank",
                false,
                "includeVars",
                true,
                "keepTime",
                true);
    }

    private static Map<String, Object> refusals() {
        return annotation(
                "Refusals",
                "red",
                "sum by (instance) (increase(" + HostDashboard.refusals() + "[$__rate_interval])) > 0",
                "io_setup refused");
    }

    private static Map<String, Object> restarts() {
        return annotation(
                "Agent restarts",
                "blue",
                "changes(" + HostDashboard.on(Metric.START_TIME) + "[$__rate_interval]) > 0",
                "agent restarted");
    }

    private static Map<String, Object> annotation(String name, String color, String expression, String title) {
        return Json.object(
                "name",
                name,
                "datasource",
                Json.prometheus(),
                "enable",
                true,
                "iconColor",
                color,
                "expr",
                expression,
                "step",
                Query.MIN_STEP,
                "titleFormat",
                title,
                "textFormat",
                "{{instance}}");
    }

    private List<Object> variables() {
        List<Object> variables = new ArrayList<>();
        variables.add(datasource("datasource", "Prometheus", "prometheus"));
        variables.add(all("cluster", "Cluster", ""));
        variables.add(all("job", "Job", "{cluster=~\"$cluster\"}"));
        if (isOfHost) {
            Map<String, Object> host = label("instance", "Host", "{cluster=~\"$cluster\",job=~\"$job\"}");
            host.put("multi", false);
            host.put("includeAll", false);
            variables.add(host);
            variables.add(datasource("tempo", "Tempo", "tempo"));
            variables.add(datasource("jaeger", "Jaeger", "jaeger"));
        }
        return variables;
    }

    private static Map<String, Object> datasource(String name, String label, String type) {
        return Json.object("name", name, "label", label, "type", "datasource", "query", type);
    }

    /** A variable with several values. "All" also matches a missing label. */
    private static Map<String, Object> all(String name, String label, String matchers) {
        Map<String, Object> variable = label(name, label, matchers);
        variable.put("multi", true);
        variable.put("includeAll", true);
        variable.put("allValue", ".*");
        variable.put("current", Json.object("selected", true, "text", "All", "value", "$__all"));
        return variable;
    }

    private static Map<String, Object> label(String name, String label, String matchers) {
        return Json.object(
                "name",
                name,
                "label",
                label,
                "type",
                "query",
                "datasource",
                Json.prometheus(),
                "query",
                "label_values(" + ALWAYS.prometheusName() + matchers + ", " + name + ")",
                "refresh",
                2,
                "sort",
                1);
    }
}
