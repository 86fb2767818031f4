package dev.aioscope.dashboards;

import static dev.aioscope.telemetry.Metric.CONTEXT_ACTIVE;
import static dev.aioscope.telemetry.Metric.CPU_TIME;
import static dev.aioscope.telemetry.Metric.DESTROY_DURATION;
import static dev.aioscope.telemetry.Metric.DRAIN_DURATION;
import static dev.aioscope.telemetry.Metric.EVENT_LIMIT;
import static dev.aioscope.telemetry.Metric.EVENT_LOST;
import static dev.aioscope.telemetry.Metric.EVENT_ORPHAN;
import static dev.aioscope.telemetry.Metric.EVENT_READ;
import static dev.aioscope.telemetry.Metric.EVENT_UNATTRIBUTED;
import static dev.aioscope.telemetry.Metric.EVENT_USAGE;
import static dev.aioscope.telemetry.Metric.EVENT_UTILIZATION;
import static dev.aioscope.telemetry.Metric.GRACE_DURATION;
import static dev.aioscope.telemetry.Metric.HELPER_FAILURE;
import static dev.aioscope.telemetry.Metric.HOLDER_USAGE;
import static dev.aioscope.telemetry.Metric.IO_DURATION;
import static dev.aioscope.telemetry.Metric.KILL_DURATION;
import static dev.aioscope.telemetry.Metric.LEAKED;
import static dev.aioscope.telemetry.Metric.LOOKUP_DURATION;
import static dev.aioscope.telemetry.Metric.MEMORY_USAGE;
import static dev.aioscope.telemetry.Metric.OUTSTANDING;
import static dev.aioscope.telemetry.Metric.PROBE_ATTACHED;
import static dev.aioscope.telemetry.Metric.PROBE_SILENT;
import static dev.aioscope.telemetry.Metric.SCAN_AGE;
import static dev.aioscope.telemetry.Metric.SCAN_SKIPPED;
import static dev.aioscope.telemetry.Metric.SETUP;
import static dev.aioscope.telemetry.Metric.SETUP_DURATION;
import static dev.aioscope.telemetry.Metric.SIBLINGS_DURATION;
import static dev.aioscope.telemetry.Metric.SNAPSHOT;
import static dev.aioscope.telemetry.Metric.SPAN;
import static dev.aioscope.telemetry.Metric.SPAN_QUEUED;
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
 * The Grafana dashboards as code. Queries refer to {@link Metric}, so an unknown metric does not compile. {@link
 * DashboardsTest} compares the files in {@code dashboards/grafana}.
 */
public final class Dashboards {
    private static final String ON_HOST = "{instance=~\"$instance\"}";

    private Dashboards() {}

    /**
     * A dashboard.
     *
     * @param uid the name in URLs, and of the file
     * @param hasInstance whether it has a variable for the host
     */
    public record Dashboard(String uid, String title, String description, boolean hasInstance, List<Panel> panels) {}

    /**
     * A panel.
     *
     * @param description for readers who do not know AIO contexts
     * @param kind the panel type in Grafana
     * @param unit the unit in Grafana
     * @param warn yellow threshold; NaN for none
     * @param bad red threshold; NaN for none
     * @param width in columns of 24
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

    /** A query in PromQL, and the legend of its series. */
    public record Query(String expression, String legend) {}

    public static List<Dashboard> all() {
        return List.of(fleet(), host(), agent());
    }

    private static Dashboard fleet() {
        return new Dashboard(
                "aioscope-fleet",
                "AIO contexts: fleet",
                "Shows which hosts are near fs.aio-max-nr, which refuse contexts, and where threads wait for a teardown.",
                false,
                List.of(
                        stat(
                                "Hosts",
                                "Hosts with a running agent.",
                                "none",
                                q("count(" + EVENT_USAGE.prometheusName() + ")", "")),
                        stat(
                                "Highest quota usage",
                                "Each AIO context charges fs.aio-nr, one counter per host. At fs.aio-max-nr, io_setup fails.",
                                "percentunit",
                                0.7,
                                0.9,
                                q("max(" + EVENT_UTILIZATION.prometheusName() + ")", "")),
                        stat(
                                "Refusals, 24 h",
                                "Calls of io_setup that returned EAGAIN because the quota did not suffice. Many programs then fail to start.",
                                "none",
                                Double.NaN,
                                1,
                                q(
                                        "round(sum(increase(" + SETUP.prometheusName()
                                                + "{error_type=\"EAGAIN\"}[24h])))",
                                        "")),
                        stat(
                                "Waiting threads",
                                "Threads in state D that wait for a teardown. Some tens of milliseconds are normal.",
                                "none",
                                q("sum(" + UNINTERRUPTIBLE_ACTIVE.prometheusName() + ")", "")),
                        panel(
                                "Highest quota usage by host",
                                "fs.aio-nr divided by fs.aio-max-nr, for the twenty highest hosts. Each host links to its dashboard.",
                                "bargauge",
                                "percentunit",
                                0.7,
                                0.9,
                                12,
                                q("topk(20, " + EVENT_UTILIZATION.prometheusName() + ")", "{{instance}}")),
                        panel(
                                "Oldest wait by host",
                                "Age of the oldest teardown in progress. After 30 s, check the device. After 120 s, the kernel"
                                        + " reports a hung task; kill -9 does not end the wait.",
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
                                "Quota usage over time",
                                "The ten hosts with the highest usage. Steady growth is a leak.",
                                "timeseries",
                                "percentunit",
                                0.7,
                                0.9,
                                12,
                                q("topk(10, " + EVENT_UTILIZATION.prometheusName() + ")", "{{instance}}")),
                        panel(
                                "Refusals by host",
                                "Calls of io_setup that returned EAGAIN.",
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
                                "Agents by tier",
                                "full: everything; syscall: calls without phases; sample: periodic scans; proc: scans without BPF.",
                                "timeseries",
                                "none",
                                Double.NaN,
                                Double.NaN,
                                12,
                                q(
                                        "count by (aioscope_tier) (" + TIER_LEVEL.prometheusName() + ")",
                                        "{{aioscope_tier}}")),
                        panel(
                                "Lost events by host",
                                "If an agent loses events, its counts are too small.",
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
                "Shows who holds the quota of a host, and what its teardowns wait for. Points in the heat maps link to traces.",
                true,
                List.of(
                        stat(
                                "Quota usage",
                                "fs.aio-nr divided by fs.aio-max-nr.",
                                "percentunit",
                                0.7,
                                0.9,
                                q(EVENT_UTILIZATION.prometheusName() + ON_HOST, "{{instance}}")),
                        stat(
                                "Unattributed",
                                "Part of fs.aio-nr that no context accounts for: mostly processes inside exit_aio.",
                                "none",
                                q(EVENT_UNATTRIBUTED.prometheusName() + ON_HOST, "{{instance}}")),
                        stat(
                                "Waiting threads",
                                "Threads in state D inside io_destroy or exit_aio.",
                                "none",
                                q(UNINTERRUPTIBLE_ACTIVE.prometheusName() + ON_HOST, "{{aio_trigger}}")),
                        stat(
                                "Oldest wait",
                                "Age of the oldest of these waits; empty if no thread waits.",
                                "s",
                                30,
                                120,
                                q(UNINTERRUPTIBLE_OLDEST.prometheusName() + ON_HOST, "{{aio_trigger}}")),
                        stat(
                                "Stuck teardowns",
                                "Teardowns in progress for a second or longer, by what they wait for; empty if there is none."
                                        + " Run 'aioscope explain PID' on the host for details.",
                                "none",
                                q(TEARDOWN_STUCK.prometheusName() + ON_HOST, "{{aio_waits_for}}")),
                        panel(
                                "Quota",
                                "Charge of all contexts, and the limit. A context charges the argument of io_setup, used or"
                                        + " not.",
                                "timeseries",
                                "none",
                                Double.NaN,
                                Double.NaN,
                                12,
                                q(EVENT_USAGE.prometheusName() + ON_HOST, "fs.aio-nr"),
                                q(EVENT_LIMIT.prometheusName() + ON_HOST, "fs.aio-max-nr")),
                        panel(
                                "Quota by holder",
                                "Executables and their containers or units; 'other' is the sum of all smaller ones.",
                                "stacked",
                                "none",
                                Double.NaN,
                                Double.NaN,
                                12,
                                q(
                                        HOLDER_USAGE.prometheusName() + ON_HOST,
                                        "{{process_executable_name}} {{k8s_pod_name}} {{container_id}} {{systemd_unit_name}}")),
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
                                        "{{process_executable_name}} {{k8s_pod_name}} {{container_id}} {{systemd_unit_name}}")),
                        panel(
                                "Setups and failed calls",
                                "Calls per second. EAGAIN is a refusal. EINVAL from io_destroy is a wrong handle, with its cause.",
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
                                                + DESTROY_DURATION.prometheusName()
                                                + "_count{instance=~\"$instance\",error_type!=\"\"}[$__rate_interval]))",
                                        "io_destroy {{error_type}} {{aio_destroy_error_cause}}")),
                        heatmap(
                                "Setup duration",
                                "All io_setup calls, including failed ones. Tens of microseconds are normal; longer calls waited for memory"
                                        + " or for mmap_lock.",
                                "s",
                                SETUP_DURATION),
                        panel(
                                "Teardowns",
                                "Per second: by io_destroy, by process exit, or rolled back by io_setup. An exit means that the program"
                                        + " did not destroy its contexts.",
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
                                "Contexts left to exit, by executable",
                                "Contexts per second that the program did not destroy itself.",
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
                                "Teardown duration",
                                "Time a teardown held its caller. Two RCU grace periods, some 30 ms, are normal; longer teardowns"
                                        + " waited for requests or for another thread.",
                                "s",
                                DESTROY_DURATION),
                        heatmap(
                                "Drain",
                                "The uninterruptible part: from the return of kill_ioctx until no request is outstanding.",
                                "s",
                                DRAIN_DURATION),
                        panel(
                                "What teardowns wait for",
                                "Average number of callers in each phase: grace is RCU, which is normal; io is outstanding requests;"
                                        + " siblings is another thread inside an AIO call.",
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
                                "Requests submitted and not completed at the start of a teardown. Programs that first wait for their"
                                        + " requests have none.",
                                "none",
                                OUTSTANDING),
                        panel(
                                "Violated clauses of the specification",
                                "Violations of the io_destroy specification by the kernel. None is expected. Each has a trace with the event"
                                        + " aio.spec.violation, and /api/audit shows the observed values.",
                                "timeseries",
                                "none",
                                Double.NaN,
                                1,
                                12,
                                q(
                                        "sum by (aio_spec_clause) (increase(" + SPEC_OBSERVATION.prometheusName()
                                                + "{instance=~\"$instance\",aio_spec_verdict=\"violated\"}[$__rate_interval]))",
                                        "{{aio_spec_clause}}")),
                        panel(
                                "Callers in uninterruptible sleep",
                                "Average number of callers in state D for a teardown, counted at its end.",
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
                "Shows what aioscope observes, loses and costs.",
                true,
                List.of(
                        stat(
                                "Tier",
                                "3 full: everything. 2 syscall: calls without phases. 1 sample: periodic scans."
                                        + " 0 proc: scans without BPF.",
                                "none",
                                q(TIER_LEVEL.prometheusName() + ON_HOST, "{{aioscope_tier}}, {{aioscope_engine}}")),
                        stat(
                                "Probes not working",
                                "Attach points of this tier without a probe, and those that a self-test found silent.",
                                "none",
                                1,
                                Double.NaN,
                                q(
                                        "count(" + PROBE_ATTACHED.prometheusName() + ON_HOST + " == 0) or vector(0)",
                                        "not attached"),
                                q("sum(" + PROBE_SILENT.prometheusName() + ON_HOST + ") or vector(0)", "silent")),
                        stat(
                                "Scan age",
                                "Contexts and waits are as of the latest scan of the tasks of the host.",
                                "s",
                                30,
                                60,
                                q(SCAN_AGE.prometheusName() + ON_HOST, "{{instance}}")),
                        stat(
                                "Memory",
                                "Resident memory of the agent.",
                                "bytes",
                                q(MEMORY_USAGE.prometheusName() + ON_HOST, "{{instance}}")),
                        panel(
                                "Lost events",
                                "By reason. If the agent loses events, its counts are too small.",
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
                                "Records per second from the probes, and those that match no known context.",
                                "timeseries",
                                "ops",
                                Double.NaN,
                                Double.NaN,
                                12,
                                q("rate(" + EVENT_READ.prometheusName() + ON_HOST + "[$__rate_interval])", "read"),
                                q("rate(" + EVENT_ORPHAN.prometheusName() + ON_HOST + "[$__rate_interval])", "orphan")),
                        panel(
                                "Spans",
                                "Spans per second: exported, failed, or dropped because the queue was full.",
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
                                "Queued spans",
                                "If the queue grows, the back end is slow or unreachable.",
                                "timeseries",
                                "none",
                                Double.NaN,
                                Double.NaN,
                                12,
                                q(SPAN_QUEUED.prometheusName() + ON_HOST, "{{instance}}")),
                        panel(
                                "CPU",
                                "CPU usage of the agent; 100 % is one CPU.",
                                "timeseries",
                                "percentunit",
                                Double.NaN,
                                Double.NaN,
                                12,
                                q(
                                        "sum by (instance) (rate(" + CPU_TIME.prometheusName() + ON_HOST
                                                + "[$__rate_interval]))",
                                        "{{instance}}")),
                        panel(
                                "Probes by mode",
                                "fentry and fexit cost the least.",
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
                                "Skipped processes",
                                "By reason. The latest scan misses their contexts.",
                                "timeseries",
                                "none",
                                1,
                                Double.NaN,
                                12,
                                q(SCAN_SKIPPED.prometheusName() + ON_HOST, "{{aioscope_reason}}")),
                        panel(
                                "Unidentified processes",
                                "Processes that exited before the agent read their name and container, or that started too many at"
                                        + " once. Series show their thread names.",
                                "timeseries",
                                "none",
                                Double.NaN,
                                Double.NaN,
                                12,
                                q(
                                        "increase(" + UNIDENTIFIED.prometheusName() + ON_HOST + "[$__rate_interval])",
                                        "{{instance}}"),
                                q(
                                        "increase(" + HELPER_FAILURE.prometheusName() + ON_HOST + "[$__rate_interval])",
                                        "{{instance}} failures of the helper process")),
                        panel(
                                "Snapshots",
                                "Snapshots that the flight recorder kept after a stuck teardown or a refusal.",
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
        String series = metric == DESTROY_DURATION ? "{instance=~\"$instance\",error_type=\"\"}" : ON_HOST;
        String expression =
                "sum by (le) (increase(" + metric.prometheusName() + "_bucket" + series + "[$__rate_interval]))";
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

    // ---- JSON ----

    /** The dashboard as a JSON object. */
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
        if (panel.title.equals("Highest quota usage by host")) {
            defaults.put(
                    "links",
                    List.of(ordered(
                            "title",
                            "Host dashboard",
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
