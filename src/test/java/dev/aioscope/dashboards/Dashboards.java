package dev.aioscope.dashboards;

import static dev.aioscope.telemetry.Metric.CONTEXT_ACTIVE;
import static dev.aioscope.telemetry.Metric.CPU_TIME;
import static dev.aioscope.telemetry.Metric.DESTROY_DURATION;
import static dev.aioscope.telemetry.Metric.DESTROY_ERRORS;
import static dev.aioscope.telemetry.Metric.DRAIN_DURATION;
import static dev.aioscope.telemetry.Metric.EVENT_LIMIT;
import static dev.aioscope.telemetry.Metric.EVENT_LOST;
import static dev.aioscope.telemetry.Metric.EVENT_ORPHAN;
import static dev.aioscope.telemetry.Metric.EVENT_READ;
import static dev.aioscope.telemetry.Metric.EVENT_UNATTRIBUTED;
import static dev.aioscope.telemetry.Metric.EVENT_USAGE;
import static dev.aioscope.telemetry.Metric.EVENT_UTILIZATION;
import static dev.aioscope.telemetry.Metric.GRACE_DURATION;
import static dev.aioscope.telemetry.Metric.HOLDER_USAGE;
import static dev.aioscope.telemetry.Metric.IO_DURATION;
import static dev.aioscope.telemetry.Metric.KILL_DURATION;
import static dev.aioscope.telemetry.Metric.LEAKED;
import static dev.aioscope.telemetry.Metric.LOOKUP_DURATION;
import static dev.aioscope.telemetry.Metric.LOOK_AGE;
import static dev.aioscope.telemetry.Metric.LOOK_UNSEEN;
import static dev.aioscope.telemetry.Metric.MEMORY_USAGE;
import static dev.aioscope.telemetry.Metric.OUTSTANDING;
import static dev.aioscope.telemetry.Metric.PROBE_ATTACHED;
import static dev.aioscope.telemetry.Metric.SETUP;
import static dev.aioscope.telemetry.Metric.SETUP_DURATION;
import static dev.aioscope.telemetry.Metric.SIBLINGS_DURATION;
import static dev.aioscope.telemetry.Metric.SNAPSHOT;
import static dev.aioscope.telemetry.Metric.SPAN;
import static dev.aioscope.telemetry.Metric.SPAN_WAITING;
import static dev.aioscope.telemetry.Metric.SPEC_OBSERVATION;
import static dev.aioscope.telemetry.Metric.TEARDOWN;
import static dev.aioscope.telemetry.Metric.TEARDOWN_STUCK;
import static dev.aioscope.telemetry.Metric.TIER_LEVEL;
import static dev.aioscope.telemetry.Metric.UNIDENTIFIED;
import static dev.aioscope.telemetry.Metric.UNINTERRUPTIBLE_ACTIVE;
import static dev.aioscope.telemetry.Metric.UNINTERRUPTIBLE_OLDEST;
import static dev.aioscope.telemetry.Metric.UNINTERRUPTIBLE_TIME;
import static dev.aioscope.telemetry.Metric.WAKE_DURATION;

import dev.aioscope.telemetry.Metric;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The Grafana dashboards as code: queries name metrics by {@link Metric}, so that one that there is not does not compile.
 * {@link DashboardsTest} keeps the files in {@code dashboards/grafana} equal to this.
 */
public final class Dashboards {
    private static final String ON_HOST = "{instance=~\"$instance\"}";

    private Dashboards() {}

    /**
     * A dashboard.
     *
     * @param uid its name in URLs and of its file
     * @param hasInstance whether it has the variable that chooses hosts
     */
    public record Dashboard(String uid, String title, String description, boolean hasInstance, List<Panel> panels) {}

    /**
     * A panel.
     *
     * @param description for somebody who has never heard of AIO contexts
     * @param kind of Grafana
     * @param unit of Grafana
     * @param warn from where on it is yellow; NaN for nowhere
     * @param bad from where on it is red; NaN for nowhere
     * @param width of 24
     */
    public record Panel(
            String title,
            String description,
            String kind,
            String unit,
            double warn,
            double bad,
            int width,
            List<Query> queries) {}

    /** A query in PromQL, and how its series are called. */
    public record Query(String expression, String legend) {}

    public static List<Dashboard> all() {
        return List.of(fleet(), host(), agent());
    }

    private static Dashboard fleet() {
        return new Dashboard(
                "aioscope-fleet",
                "AIO contexts: fleet",
                "Which hosts are near fs.aio-max-nr, which refuse contexts, and where threads wait for the end of one.",
                false,
                List.of(
                        stat(
                                "Hosts",
                                "Hosts whose agent answers.",
                                "none",
                                q("count(" + EVENT_USAGE.prometheusName() + ")", "")),
                        stat(
                                "Highest share of the quota",
                                "Every AIO context charges a counter of the host, fs.aio-nr; at fs.aio-max-nr programs are refused.",
                                "percentunit",
                                0.7,
                                0.9,
                                q("max(" + EVENT_UTILIZATION.prometheusName() + ")", "")),
                        stat(
                                "Refusals, 24 h",
                                "Calls of io_setup that got EAGAIN because the quota was used up. Many programs do not start then.",
                                "none",
                                Double.NaN,
                                1,
                                q(
                                        "round(sum(increase(" + SETUP.prometheusName()
                                                + "{error_type=\"EAGAIN\"}[24h])))",
                                        "")),
                        stat(
                                "Threads waiting now",
                                "Threads in state D that wait for the end of a context. Some tens of milliseconds are normal.",
                                "none",
                                q("sum(" + UNINTERRUPTIBLE_ACTIVE.prometheusName() + ")", "")),
                        panel(
                                "Hosts nearest to their limit",
                                "Share of fs.aio-max-nr that is used; the twenty highest. The name of a host leads to its dashboard.",
                                "bargauge",
                                "percentunit",
                                0.7,
                                0.9,
                                12,
                                q("topk(20, " + EVENT_UTILIZATION.prometheusName() + ")", "{{instance}}")),
                        panel(
                                "Oldest wait by host",
                                "How long the oldest teardown in progress has lasted. From 30 s on look at the device; from 120 s on"
                                        + " the kernel reports a hung task, and kill -9 does not help.",
                                "timeseries",
                                "s",
                                30,
                                120,
                                12,
                                q(
                                        "max by (instance, aio_trigger) (" + UNINTERRUPTIBLE_OLDEST.prometheusName()
                                                + ")",
                                        "{{instance}} {{aio_trigger}}")),
                        panel(
                                "Share of the quota over time",
                                "The ten hosts that use most of theirs. A slope that never falls is a leak.",
                                "timeseries",
                                "percentunit",
                                0.7,
                                0.9,
                                12,
                                q("topk(10, " + EVENT_UTILIZATION.prometheusName() + ")", "{{instance}}")),
                        panel(
                                "Refusals by host",
                                "Calls of io_setup that got EAGAIN.",
                                "timeseries",
                                "none",
                                Double.NaN,
                                1,
                                12,
                                q(
                                        "round(sum by (instance) (increase(" + SETUP.prometheusName()
                                                + "{error_type=\"EAGAIN\"}[$__rate_interval])))",
                                        "{{instance}}")),
                        panel(
                                "What agents see",
                                "3 is everything (tier full), 2 calls only, 1 looks at an interval.",
                                "timeseries",
                                "none",
                                Double.NaN,
                                Double.NaN,
                                12,
                                q(
                                        "count by (aioscope_tier) (" + TIER_LEVEL.prometheusName() + ")",
                                        "{{aioscope_tier}}")),
                        panel(
                                "Agents that lose events",
                                "Events lost by host: its numbers are too small then.",
                                "timeseries",
                                "none",
                                1,
                                Double.NaN,
                                12,
                                q(
                                        "sum by (instance) (increase(" + EVENT_LOST.prometheusName()
                                                + "[$__rate_interval]))",
                                        "{{instance}}"))));
    }

    private static Dashboard host() {
        return new Dashboard(
                "aioscope-host",
                "AIO contexts: host",
                "Who holds the quota of a host, and what the ends of its contexts wait for. Points in the heat maps lead to traces.",
                true,
                List.of(
                        stat(
                                "Share of the quota",
                                "fs.aio-nr divided by fs.aio-max-nr.",
                                "percentunit",
                                0.7,
                                0.9,
                                q(EVENT_UTILIZATION.prometheusName() + ON_HOST, "{{instance}}")),
                        stat(
                                "Unattributed",
                                "What of fs.aio-nr no context accounts for: mostly processes that are inside exit_aio.",
                                "none",
                                q(EVENT_UNATTRIBUTED.prometheusName() + ON_HOST, "{{instance}}")),
                        stat(
                                "Threads waiting now",
                                "Threads that sit in io_destroy or in exit_aio, in state D.",
                                "none",
                                q(UNINTERRUPTIBLE_ACTIVE.prometheusName() + ON_HOST, "{{aio_trigger}}")),
                        stat(
                                "Oldest wait",
                                "How long the oldest of them has lasted; empty if nobody waits.",
                                "s",
                                30,
                                120,
                                q(UNINTERRUPTIBLE_OLDEST.prometheusName() + ON_HOST, "{{aio_trigger}}")),
                        stat(
                                "Stuck teardowns",
                                "Teardowns that have lasted for a second or more, by what they wait for; empty if there is none."
                                        + " 'aioscope explain PID' on the host tells the whole story.",
                                "none",
                                q(TEARDOWN_STUCK.prometheusName() + ON_HOST, "{{aio_waits_for}}")),
                        panel(
                                "Quota",
                                "What all contexts charge, and the limit. A context charges what was given to io_setup, whether it is"
                                        + " used or not.",
                                "timeseries",
                                "none",
                                Double.NaN,
                                Double.NaN,
                                12,
                                q(EVENT_USAGE.prometheusName() + ON_HOST, "fs.aio-nr"),
                                q(EVENT_LIMIT.prometheusName() + ON_HOST, "fs.aio-max-nr")),
                        panel(
                                "Quota by holder",
                                "Executables and their containers or units; the smaller ones together are 'other'.",
                                "stacked",
                                "none",
                                Double.NaN,
                                Double.NaN,
                                12,
                                q(
                                        HOLDER_USAGE.prometheusName() + ON_HOST,
                                        "{{process_executable_name}} {{container_id}}")),
                        panel(
                                "Contexts by holder",
                                "Live contexts.",
                                "stacked",
                                "none",
                                Double.NaN,
                                Double.NaN,
                                12,
                                q(
                                        CONTEXT_ACTIVE.prometheusName() + ON_HOST,
                                        "{{process_executable_name}} {{container_id}}")),
                        panel(
                                "Set-ups and failed calls",
                                "Calls per second. EAGAIN is a refusal; EINVAL from io_destroy is a wrong handle, with what is wrong.",
                                "timeseries",
                                "ops",
                                Double.NaN,
                                Double.NaN,
                                12,
                                q(
                                        "sum by (error_type) (rate(" + SETUP.prometheusName() + ON_HOST
                                                + "[$__rate_interval]))",
                                        "io_setup {{error_type}}"),
                                q(
                                        "sum by (error_type, aio_destroy_error_cause) (rate("
                                                + DESTROY_ERRORS.prometheusName() + ON_HOST
                                                + "[$__rate_interval]))",
                                        "io_destroy {{error_type}} {{aio_destroy_error_cause}}")),
                        heatmap(
                                "How long set-ups took",
                                "The whole io_setup, failed ones too: tens of microseconds. Longer ones waited for memory or for the lock of"
                                        + " the address space.",
                                "s",
                                SETUP_DURATION),
                        panel(
                                "Contexts that ended",
                                "Per second: by io_destroy, by the exit of their process, or taken back by io_setup. Contexts that only"
                                        + " an exit ends were not given back by the program.",
                                "timeseries",
                                "ops",
                                Double.NaN,
                                Double.NaN,
                                12,
                                q(
                                        "sum by (aio_trigger, aio_teardown_end) (rate(" + TEARDOWN.prometheusName()
                                                + ON_HOST + "[$__rate_interval]))",
                                        "{{aio_trigger}} {{aio_teardown_end}}")),
                        panel(
                                "Left to their exit, by executable",
                                "Contexts per second that the program itself did not destroy.",
                                "timeseries",
                                "ops",
                                Double.NaN,
                                Double.NaN,
                                12,
                                q(
                                        "sum by (process_executable_name) (rate(" + LEAKED.prometheusName() + ON_HOST
                                                + "[$__rate_interval]))",
                                        "{{process_executable_name}}")),
                        heatmap(
                                "How long callers were held",
                                "The whole io_destroy, or the drain in an exit. Some 30 ms are two RCU grace periods, which is normal;"
                                        + " what exceeds it waited for requests or for another thread.",
                                "s",
                                DESTROY_DURATION),
                        heatmap(
                                "Drain",
                                "The uninterruptible wait inside: from the return of kill_ioctx until no request is left.",
                                "s",
                                DRAIN_DURATION),
                        panel(
                                "What teardowns wait for",
                                "Callers in each phase, on average: grace is RCU and normal, io is requests that were left, siblings is"
                                        + " another thread inside an AIO call.",
                                "stacked",
                                "none",
                                Double.NaN,
                                Double.NaN,
                                12,
                                phase("lookup", LOOKUP_DURATION),
                                phase("kill", KILL_DURATION),
                                phase("grace", GRACE_DURATION),
                                phase("io", IO_DURATION),
                                phase("siblings", SIBLINGS_DURATION),
                                phase("wake", WAKE_DURATION)),
                        heatmap(
                                "Requests outstanding at destroy",
                                "Submitted and not completed when the end of the context began. Programs that wait for their requests"
                                        + " first have none.",
                                "none",
                                OUTSTANDING),
                        panel(
                                "Clauses of the specification that were broken",
                                "How often the kernel did not keep a clause of the specification of io_destroy. None is expected; each has a"
                                        + " trace with the event aio.spec.violation, and /api/audit tells what was seen.",
                                "timeseries",
                                "none",
                                Double.NaN,
                                1,
                                12,
                                q(
                                        "sum by (aio_spec_clause) (increase(" + SPEC_OBSERVATION.prometheusName()
                                                + "{instance=~\"$instance\",aio_spec_verdict=\"broken\"}[$__rate_interval]))",
                                        "{{aio_spec_clause}}")),
                        panel(
                                "Callers in uninterruptible sleep",
                                "Callers in state D for the end of a context, on average; counted when the end is there.",
                                "timeseries",
                                "none",
                                Double.NaN,
                                Double.NaN,
                                12,
                                q(
                                        "sum by (aio_trigger) (rate(" + UNINTERRUPTIBLE_TIME.prometheusName() + ON_HOST
                                                + "[$__rate_interval]))",
                                        "{{aio_trigger}}"))));
    }

    private static Dashboard agent() {
        return new Dashboard(
                "aioscope-agent",
                "AIO contexts: the agent",
                "What aioscope itself sees, loses and costs.",
                true,
                List.of(
                        stat(
                                "Tier",
                                "3 full: everything. 2 syscall: calls, no phases. 1 sample: looks at an interval."
                                        + " 0 proc: the same without BPF.",
                                "none",
                                q(TIER_LEVEL.prometheusName() + ON_HOST, "{{aioscope_tier}}, {{aioscope_engine}}")),
                        stat(
                                "Probes not attached",
                                "Probe points of this tier that the kernel refused.",
                                "none",
                                1,
                                Double.NaN,
                                q("count(" + PROBE_ATTACHED.prometheusName() + ON_HOST + " == 0) or vector(0)", "")),
                        stat(
                                "Age of the latest look",
                                "Contexts and waits are those of the latest look at the host's tasks.",
                                "s",
                                30,
                                60,
                                q(LOOK_AGE.prometheusName() + ON_HOST, "{{instance}}")),
                        stat(
                                "Memory",
                                "Resident memory.",
                                "bytes",
                                q(MEMORY_USAGE.prometheusName() + ON_HOST, "{{instance}}")),
                        panel(
                                "Events lost",
                                "By reason; anything but zero makes numbers too small.",
                                "timeseries",
                                "none",
                                1,
                                Double.NaN,
                                12,
                                q(
                                        "sum by (aioscope_reason) (increase(" + EVENT_LOST.prometheusName() + ON_HOST
                                                + "[$__rate_interval]))",
                                        "{{aioscope_reason}}")),
                        panel(
                                "Events",
                                "Records per second from the probes, and those that belonged to nothing known.",
                                "timeseries",
                                "ops",
                                Double.NaN,
                                Double.NaN,
                                12,
                                q("rate(" + EVENT_READ.prometheusName() + ON_HOST + "[$__rate_interval])", "read"),
                                q("rate(" + EVENT_ORPHAN.prometheusName() + ON_HOST + "[$__rate_interval])", "orphan")),
                        panel(
                                "Spans",
                                "Per second: taken by the trace back end, refused by it, dropped for want of room.",
                                "timeseries",
                                "ops",
                                Double.NaN,
                                Double.NaN,
                                12,
                                q(
                                        "sum by (aioscope_outcome) (rate(" + SPAN.prometheusName() + ON_HOST
                                                + "[$__rate_interval]))",
                                        "{{aioscope_outcome}}")),
                        panel(
                                "Spans waiting",
                                "Still to be sent: the back end is slow or away if they become more and more.",
                                "timeseries",
                                "none",
                                Double.NaN,
                                Double.NaN,
                                12,
                                q(SPAN_WAITING.prometheusName() + ON_HOST, "{{instance}}")),
                        panel(
                                "Processor",
                                "What the agent takes of one processor.",
                                "timeseries",
                                "percentunit",
                                Double.NaN,
                                Double.NaN,
                                12,
                                q(
                                        "rate(" + CPU_TIME.prometheusName() + ON_HOST + "[$__rate_interval])",
                                        "{{instance}}")),
                        panel(
                                "Probes by mode",
                                "fentry and fexit are cheapest.",
                                "timeseries",
                                "none",
                                Double.NaN,
                                Double.NaN,
                                12,
                                q(
                                        "count by (aioscope_probe_mode) (" + PROBE_ATTACHED.prometheusName() + ON_HOST
                                                + ")",
                                        "{{aioscope_probe_mode}}")),
                        panel(
                                "Processes not seen",
                                "By reason; what they hold is missing from the latest look.",
                                "timeseries",
                                "none",
                                1,
                                Double.NaN,
                                12,
                                q(LOOK_UNSEEN.prometheusName() + ON_HOST, "{{aioscope_reason}}")),
                        panel(
                                "Processes not identified",
                                "How often a process had ended before its name and container were read, or there were too many at"
                                        + " once. They go by the names of their threads.",
                                "timeseries",
                                "none",
                                Double.NaN,
                                Double.NaN,
                                12,
                                q(
                                        "increase(" + UNIDENTIFIED.prometheusName() + ON_HOST + "[$__rate_interval])",
                                        "{{instance}}")),
                        panel(
                                "Snapshots",
                                "How often the flight recorder set aside what it held: at a teardown that is stuck, or a"
                                        + " refusal.",
                                "timeseries",
                                "none",
                                Double.NaN,
                                Double.NaN,
                                12,
                                q(
                                        "increase(" + SNAPSHOT.prometheusName() + ON_HOST + "[$__rate_interval])",
                                        "snapshots"))));
    }

    private static Query q(String expression, String legend) {
        return new Query(expression, legend);
    }

    private static Query phase(String name, Metric metric) {
        return q("sum(rate(" + metric.prometheusName() + "_sum" + ON_HOST + "[$__rate_interval]))", name);
    }

    private static Panel stat(String title, String description, String unit, Query... queries) {
        return stat(title, description, unit, Double.NaN, Double.NaN, queries);
    }

    private static Panel stat(
            String title, String description, String unit, double warn, double bad, Query... queries) {
        return panel(title, description, "stat", unit, warn, bad, 6, queries);
    }

    private static Panel heatmap(String title, String description, String unit, Metric metric) {
        String expression =
                "sum by (le) (increase(" + metric.prometheusName() + "_bucket" + ON_HOST + "[$__rate_interval]))";
        return panel(title, description, "heatmap", unit, Double.NaN, Double.NaN, 12, q(expression, "{{le}}"));
    }

    private static Panel panel(
            String title,
            String description,
            String kind,
            String unit,
            double warn,
            double bad,
            int width,
            Query... queries) {
        return new Panel(title, description, kind, unit, warn, bad, width, List.of(queries));
    }

    // ---- as Grafana reads it ----

    /** The dashboard as the value of a JSON object. */
    static Map<String, Object> json(Dashboard dashboard) {
        List<Object> panels = new ArrayList<>();
        int x = 0;
        int y = 0;
        int below = 0;
        for (Panel panel : dashboard.panels) {
            int height = panel.kind.equals("stat") ? 4 : 8;
            if (x + panel.width > 24) {
                x = 0;
                y += below;
            }
            below = height;
            panels.add(json(panel, panels.size() + 1, Map.of("x", x, "y", y, "w", panel.width, "h", height)));
            x += panel.width;
        }
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("uid", dashboard.uid);
        json.put("title", dashboard.title);
        json.put("description", dashboard.description);
        json.put("tags", List.of("aioscope"));
        json.put("schemaVersion", 38);
        json.put("timezone", "browser");
        json.put("refresh", "30s");
        json.put("time", ordered("from", "now-6h", "to", "now"));
        json.put(
                "links",
                List.of(ordered(
                        "type",
                        "dashboards",
                        "title",
                        "aioscope",
                        "tags",
                        List.of("aioscope"),
                        "asDropdown",
                        false,
                        "includeVars",
                        true,
                        "keepTime",
                        true)));
        json.put("templating", ordered("list", variables(dashboard)));
        json.put("panels", panels);
        return json;
    }

    private static List<Object> variables(Dashboard dashboard) {
        List<Object> variables = new ArrayList<>();
        variables.add(
                ordered("name", "datasource", "label", "Prometheus", "type", "datasource", "query", "prometheus"));
        if (dashboard.hasInstance) {
            variables.add(ordered(
                    "name",
                    "instance",
                    "label",
                    "Host",
                    "type",
                    "query",
                    "datasource",
                    source(),
                    "query",
                    "label_values(" + TIER_LEVEL.prometheusName() + ", instance)",
                    "refresh",
                    2,
                    "sort",
                    1,
                    "multi",
                    true,
                    "includeAll",
                    true,
                    "allValue",
                    ".*"));
        }
        return variables;
    }

    private static Map<String, Object> json(Panel panel, int id, Map<String, Object> place) {
        Map<String, Object> defaults = ordered("unit", panel.unit, "thresholds", thresholds(panel));
        if (panel.kind.equals("stacked")) {
            defaults.put("custom", ordered("fillOpacity", 30, "stacking", ordered("mode", "normal", "group", "A")));
        }
        if (panel.title.equals("Hosts nearest to their limit")) {
            defaults.put(
                    "links",
                    List.of(ordered(
                            "title",
                            "the host",
                            "url",
                            "/d/aioscope-host?var-instance=${__field.labels.instance}&${__url_time_range}")));
        }
        List<Object> targets = new ArrayList<>();
        for (Query query : panel.queries) {
            targets.add(ordered(
                    "refId",
                    String.valueOf((char) ('A' + targets.size())),
                    "datasource",
                    source(),
                    "expr",
                    query.expression,
                    "legendFormat",
                    query.legend,
                    "instant",
                    panel.kind.equals("stat") || panel.kind.equals("bargauge"),
                    "exemplar",
                    panel.kind.equals("heatmap"),
                    "format",
                    panel.kind.equals("heatmap") ? "heatmap" : "time_series"));
        }
        Map<String, Object> json = ordered(
                "id",
                id,
                "title",
                panel.title,
                "description",
                panel.description,
                "type",
                panel.kind.equals("stacked") ? "timeseries" : panel.kind,
                "datasource",
                source(),
                "gridPos",
                new java.util.TreeMap<>(place),
                "fieldConfig",
                ordered("defaults", defaults, "overrides", List.of()),
                "targets",
                targets);
        if (panel.kind.equals("heatmap")) {
            json.put("options", ordered("calculate", false, "yAxis", ordered("unit", panel.unit)));
        }
        return json;
    }

    private static Map<String, Object> thresholds(Panel panel) {
        List<Object> steps = new ArrayList<>();
        Map<String, Object> base = ordered("color", "green");
        base.put("value", null);
        steps.add(base);
        if (!Double.isNaN(panel.warn)) {
            steps.add(ordered("color", "yellow", "value", panel.warn));
        }
        if (!Double.isNaN(panel.bad)) {
            steps.add(ordered("color", "red", "value", panel.bad));
        }
        return ordered("mode", "absolute", "steps", steps);
    }

    private static Map<String, Object> source() {
        return ordered("type", "prometheus", "uid", "${datasource}");
    }

    private static Map<String, Object> ordered(Object... namesAndValues) {
        Map<String, Object> map = new LinkedHashMap<>();
        for (int i = 0; i < namesAndValues.length; i += 2) {
            map.put((String) namesAndValues[i], namesAndValues[i + 1]);
        }
        return map;
    }
}
