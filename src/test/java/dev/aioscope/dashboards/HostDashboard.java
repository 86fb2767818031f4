package dev.aioscope.dashboards;

import static dev.aioscope.telemetry.Metric.CONTEXT_ACTIVE;
import static dev.aioscope.telemetry.Metric.DESTROY_DURATION;
import static dev.aioscope.telemetry.Metric.DRAIN_DURATION;
import static dev.aioscope.telemetry.Metric.EVENT_LIMIT;
import static dev.aioscope.telemetry.Metric.EVENT_UNATTRIBUTED;
import static dev.aioscope.telemetry.Metric.EVENT_USAGE;
import static dev.aioscope.telemetry.Metric.EVENT_UTILIZATION;
import static dev.aioscope.telemetry.Metric.GRACE_DURATION;
import static dev.aioscope.telemetry.Metric.HOLDER_USAGE;
import static dev.aioscope.telemetry.Metric.IO_DURATION;
import static dev.aioscope.telemetry.Metric.KILL_DURATION;
import static dev.aioscope.telemetry.Metric.LEAKED;
import static dev.aioscope.telemetry.Metric.LOOKUP_DURATION;
import static dev.aioscope.telemetry.Metric.OUTSTANDING;
import static dev.aioscope.telemetry.Metric.SETUP;
import static dev.aioscope.telemetry.Metric.SETUP_DURATION;
import static dev.aioscope.telemetry.Metric.SIBLINGS_DURATION;
import static dev.aioscope.telemetry.Metric.SPEC_OBSERVATION;
import static dev.aioscope.telemetry.Metric.TEARDOWN;
import static dev.aioscope.telemetry.Metric.TEARDOWN_STUCK;
import static dev.aioscope.telemetry.Metric.UNINTERRUPTIBLE_ACTIVE;
import static dev.aioscope.telemetry.Metric.UNINTERRUPTIBLE_OLDEST;
import static dev.aioscope.telemetry.Metric.UNINTERRUPTIBLE_TIME;
import static dev.aioscope.telemetry.Metric.WAKE_DURATION;

import dev.aioscope.telemetry.Metric;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;

/** One host: what to do first, who holds the quota, and what teardowns wait for. */
final class HostDashboard {
    private static final int DAY = 24 * 60 * 60;
    private static final String OF_HOST = "cluster=~\"$cluster\",job=~\"$job\",instance=\"$instance\"";
    /** A holder: the labels that the tables show. */
    private static final String HOLDER =
            "process_executable_name, k8s_pod_name, container_id, systemd_unit_name, process_pid";

    private HostDashboard() {}

    static Dashboard dashboard() {
        return new Dashboard(
                "aioscope-host",
                "AIO contexts: host",
                "Shows who holds the quota of a host, and what its teardowns wait for. Points in the heat maps link to traces.",
                true,
                List.of(
                        Panel.row("What to do first"),
                        quotaUsed(),
                        quotaForecast(),
                        refused(),
                        stuck(),
                        oldestWait(),
                        waiting(),
                        holders(),
                        stuckTeardowns(),
                        Panel.row("Quota"),
                        quota(),
                        utilization(),
                        byHolder("Quota by holder", "Charge of the contexts", HOLDER_USAGE),
                        byHolder("Contexts by holder", "Live contexts", CONTEXT_ACTIVE),
                        Panel.row("Calls"),
                        setups(),
                        setupDuration(),
                        teardowns(),
                        failedDestroys(),
                        Panel.row("Teardowns"),
                        teardownDuration(),
                        drain(),
                        waitsFor(),
                        sleepingCallers(),
                        outstanding(),
                        leaked(),
                        violations(),
                        unattributed()));
    }

    /** The series of this host. */
    static String on(Metric metric, String... matchers) {
        return metric.prometheusName() + labels(matchers);
    }

    private static String labels(String... matchers) {
        return "{" + OF_HOST
                + String.join(
                        "",
                        List.of(matchers).stream().map(matcher -> "," + matcher).toList()) + "}";
    }

    /** The counter of refused calls. */
    static String refusals() {
        return on(SETUP, "error_type=\"EAGAIN\"");
    }

    /** The value, or 0 if the agent reports and the value is absent. */
    static String orZero(String expression) {
        return expression + " or 0 * sum by (instance) (" + on(EVENT_LIMIT) + ")";
    }

    private static Panel quotaUsed() {
        return Panel.stat(
                        "Quota used",
                        "fs.aio-nr divided by fs.aio-max-nr. At 100 %, io_setup fails with EAGAIN. Raise fs.aio-max-nr, or"
                                + " restart a holder below.")
                .query(on(EVENT_UTILIZATION), "{{instance}}")
                .unit("percentunit")
                .range(0, 1)
                .thresholds(0.7, 0.9);
    }

    private static Panel quotaForecast() {
        return Panel.stat("Quota exhausted in", "When fs.aio-nr reaches fs.aio-max-nr if it grows as in the last hour.")
                .query(
                        "clamp_min(" + on(EVENT_LIMIT) + " - " + on(EVENT_USAGE) + ", 0) == 0 or (" + on(EVENT_LIMIT)
                                + " - " + on(EVENT_USAGE) + ") / (deriv(" + on(EVENT_USAGE) + "[1h]) > 0) < " + 30 * DAY
                                + " or 0 * " + on(EVENT_LIMIT) + " - 1",
                        "{{instance}}")
                .unit("s")
                .lowIsBad(DAY, 7 * DAY)
                .mapping(Map.of("-1", "not soon", "0", "exhausted"));
    }

    private static Panel refused() {
        return Panel.stat(
                        "Refused calls, 24 h",
                        "Calls of io_setup that returned EAGAIN because the quota did not suffice. The programs may have failed to"
                                + " start.")
                .query(orZero("round(sum by (instance) (increase(" + refusals() + "[24h])))"), "{{instance}}")
                .bad(1)
                .noneForZero();
    }

    private static Panel stuck() {
        return Panel.stat(
                        "Stuck teardowns",
                        "Teardowns in progress for a second or longer. The table below shows what they wait for. Run 'aioscope"
                                + " explain PID' on the host for the device and the command that releases them.")
                .query(orZero("sum by (instance) (" + on(TEARDOWN_STUCK) + ")"), "{{instance}}")
                .bad(1)
                .noneForZero();
    }

    private static Panel oldestWait() {
        return Panel.stat(
                        "Oldest wait",
                        "Age of the oldest teardown with a waiting thread. After 30 s, check the device. After 120 s, the kernel"
                                + " reports a hung task. kill -9 does not end the wait.")
                .query(orZero("max by (instance) (" + on(UNINTERRUPTIBLE_OLDEST) + ")"), "{{instance}}")
                .unit("s")
                .thresholds(30, 120)
                .noneForZero();
    }

    private static Panel waiting() {
        return Panel.stat("Waiting threads", "Threads in state D inside io_destroy or exit_aio.")
                .query(orZero("sum by (instance) (" + on(UNINTERRUPTIBLE_ACTIVE) + ")"), "{{instance}}")
                .noneForZero();
    }

    private static Panel holders() {
        return Panel.table(
                        "Holders of the quota",
                        "Executables with their containers or units; 'other' is the sum of all smaller ones. Links lead to the"
                                + " traces of the executable.",
                        16)
                .query("sum by (" + HOLDER + ") (" + on(HOLDER_USAGE) + ")", "")
                .query("sum by (" + HOLDER + ") (" + on(HOLDER_USAGE) + ") / scalar(" + on(EVENT_LIMIT) + ")", "")
                .query("sum by (" + HOLDER + ") (" + on(CONTEXT_ACTIVE) + ")", "")
                .noValue("none")
                .column("process_executable_name", "Executable", "links", List.of(inTempo(), inJaeger()))
                .column("k8s_pod_name", "Pod")
                .column("systemd_unit_name", "Unit")
                .column("container_id", "Container")
                .column("process_pid", "PID")
                .column("Value #A", "Events", "custom.width", 90)
                .column(
                        "Value #B",
                        "Of the quota",
                        "unit",
                        "percentunit",
                        "custom.width",
                        170,
                        "min",
                        0,
                        "max",
                        1,
                        "thresholds",
                        Panel.columnThresholds(0.3, 0.7),
                        "custom.cellOptions",
                        Json.object("type", "gauge", "mode", "basic", "valueDisplayMode", "text"))
                .column("Value #C", "Contexts", "custom.width", 90)
                .sortedBy("Events");
    }

    private static Panel stuckTeardowns() {
        return Panel.table(
                        "Stuck teardowns by program",
                        "Teardowns in progress for a second or longer. requests: the device has not completed them. siblings:"
                                + " another thread is inside an AIO call on the context.",
                        8)
                .query(
                        "sum by (process_executable_name, k8s_pod_name, container_id, aio_waits_for) ("
                                + on(TEARDOWN_STUCK) + ")",
                        "")
                .noValue("none")
                .column("process_executable_name", "Executable")
                .column("k8s_pod_name", "Pod")
                .column("container_id", "Container")
                .column("aio_waits_for", "Waits for")
                .coloredColumn("Value", "Teardowns", "none", 0, 1)
                .sortedBy("Teardowns");
    }

    /** A link to the traces of the executable in a row. */
    private static Map<String, Object> inTempo() {
        return explore(
                "Traces in Tempo",
                "tempo",
                "\"queryType\":\"traceql\",\"query\":\"{ resource.service.name = \\\"aioscope\\\""
                        + " && span.process.executable.name = \\\"${__value.text}\\\" }\"");
    }

    private static Map<String, Object> inJaeger() {
        return explore(
                "Traces in Jaeger",
                "jaeger",
                "\"queryType\":\"search\",\"service\":\"aioscope\",\"tags\":\"process.executable.name=${__value.text}\"");
    }

    private static Map<String, Object> explore(String title, String type, String query) {
        String panes =
                "{\"a\":{\"datasource\":\"${" + type + "}\",\"queries\":[{\"refId\":\"A\",\"datasource\":{\"type\":\""
                        + type + "\",\"uid\":\"${" + type + "}\"}," + query
                        + "}],\"range\":{\"from\":\"${__from}\",\"to\":\"${__to}\"}}}";
        // Grafana replaces variables before it decodes the URL.
        String encoded = URLEncoder.encode(panes, StandardCharsets.UTF_8)
                .replace("+", "%20")
                .replaceAll("%24%7B(\\w+(?:\\.\\w+)?)%7D", "\\${$1}");
        return Json.object("title", title, "url", "/explore?schemaVersion=1&panes=" + encoded, "targetBlank", true);
    }

    private static Panel quota() {
        return Panel.lines(
                        "Quota",
                        "Charge of all contexts, and the limit. A context charges the argument of io_setup, used or not.")
                .query(on(EVENT_USAGE), "fs.aio-nr")
                .query(on(EVENT_LIMIT), "fs.aio-max-nr")
                .fromZero();
    }

    private static Panel utilization() {
        return Panel.lines("Quota usage", "fs.aio-nr divided by fs.aio-max-nr. Steady growth is a leak.")
                .query(on(EVENT_UTILIZATION), "{{instance}}")
                .unit("percentunit")
                .range(0, 1)
                .thresholds(0.7, 0.9);
    }

    private static Panel byHolder(String title, String what, Metric metric) {
        return Panel.stacked(
                        title,
                        what + " of executables and their containers or units; 'other' is the sum of all smaller ones.")
                .query(
                        "sum by (" + HOLDER + ") (" + on(metric) + ")",
                        "{{process_executable_name}} {{k8s_pod_name}} {{systemd_unit_name}} {{container_id}} {{process_pid}}")
                .fromZero();
    }

    private static Panel setups() {
        return Panel.lines("Setups", "Calls of io_setup per second, by error. EAGAIN is a refusal.")
                .query("sum by (error_type) (rate(" + on(SETUP) + "[$__rate_interval]))", "io_setup {{error_type}}")
                .unit("ops")
                .fromZero();
    }

    private static Panel setupDuration() {
        return heatmap(
                "Setup duration",
                "All io_setup calls, including failed ones. Tens of microseconds are normal. Longer calls waited for memory or for"
                        + " mmap_lock.",
                SETUP_DURATION);
    }

    private static Panel teardowns() {
        return Panel.lines(
                        "Teardowns",
                        "Per second: by io_destroy, by process exit, or rolled back by io_setup. An exit means that the program"
                                + " did not destroy its contexts.")
                .query(
                        "sum by (aio_trigger, aio_teardown_end) (rate(" + on(TEARDOWN) + "[$__rate_interval]))",
                        "{{aio_trigger}} {{aio_teardown_end}}")
                .unit("ops")
                .fromZero();
    }

    private static Panel failedDestroys() {
        return Panel.lines(
                        "Failed io_destroy calls",
                        "Calls per second. EINVAL is a wrong handle, with its cause. A program that destroys a context twice has a"
                                + " bug.")
                .query(
                        "sum by (error_type, aio_destroy_error_cause) (rate(" + DESTROY_DURATION.prometheusName()
                                + "_count" + labels("error_type!=\"\"") + "[$__rate_interval]))",
                        "{{error_type}} {{aio_destroy_error_cause}}")
                .unit("ops")
                .fromZero()
                .noValue("none");
    }

    private static Panel teardownDuration() {
        return heatmap(
                "Teardown duration",
                "Time a teardown held its caller. Two RCU grace periods, some 30 ms, are normal. Longer teardowns waited for"
                        + " requests or for another thread.",
                DESTROY_DURATION,
                "error_type=\"\"");
    }

    private static Panel drain() {
        return heatmap(
                        "Drain",
                        "The uninterruptible part: from the return of kill_ioctx until no request is outstanding.",
                        DRAIN_DURATION)
                .noValue("No data: only the tier full observes the drain");
    }

    private static Panel waitsFor() {
        return Panel.stacked(
                        "What teardowns wait for",
                        "Average number of callers in each phase: grace is RCU, which is normal; io is outstanding requests;"
                                + " siblings is another thread inside an AIO call.")
                .query(phase(LOOKUP_DURATION), "lookup")
                .query(phase(KILL_DURATION), "kill")
                .query(phase(GRACE_DURATION), "grace")
                .query(phase(IO_DURATION), "io")
                .query(phase(SIBLINGS_DURATION), "siblings")
                .query(phase(WAKE_DURATION), "wake")
                .fromZero()
                .noValue("No data: only the tier full observes phases");
    }

    private static String phase(Metric metric) {
        return "sum(rate(" + metric.prometheusName() + "_sum" + labels() + "[$__rate_interval]))";
    }

    private static Panel sleepingCallers() {
        return Panel.lines(
                        "Callers in uninterruptible sleep",
                        "Average number of callers in state D for a teardown, counted at its end.")
                .query(
                        "sum by (aio_trigger) (rate(" + on(UNINTERRUPTIBLE_TIME) + "[$__rate_interval]))",
                        "{{aio_trigger}}")
                .fromZero()
                .noValue("No data: only the tier full observes sleep");
    }

    private static Panel outstanding() {
        return heatmap(
                        "Requests outstanding at destroy",
                        "Requests submitted and not completed at the start of a teardown. Programs that first wait for their"
                                + " requests have none.",
                        OUTSTANDING)
                .unit("none");
    }

    private static Panel leaked() {
        return Panel.lines(
                        "Contexts left to exit, by executable",
                        "Contexts per second that the program did not destroy itself.")
                .query(
                        "sum by (process_executable_name) (rate(" + on(LEAKED) + "[$__rate_interval]))",
                        "{{process_executable_name}}")
                .unit("ops")
                .fromZero()
                .noValue("none");
    }

    private static Panel violations() {
        return Panel.lines(
                        "Violated clauses of the specification",
                        "Violations of the io_destroy specification by the kernel. None is expected. Each has a trace with the"
                                + " event aio.spec.violation, and /api/audit shows the observed values.")
                .query(
                        "sum by (aio_spec_clause) (increase(" + on(SPEC_OBSERVATION, "aio_spec_verdict=\"violated\"")
                                + "[$__rate_interval]))",
                        "{{aio_spec_clause}}")
                .bad(1)
                .count();
    }

    private static Panel unattributed() {
        return Panel.lines(
                        "Unattributed charge",
                        "Part of fs.aio-nr that no context accounts for: mostly processes inside exit_aio.")
                .query(on(EVENT_UNATTRIBUTED), "{{instance}}")
                .noValue("No data: the tier proc cannot attribute charges");
    }

    private static Panel heatmap(String title, String description, Metric metric, String... matchers) {
        return Panel.heatmap(title, description)
                .query(
                        "sum by (le) (increase(" + metric.prometheusName() + "_bucket" + labels(matchers)
                                + "[$__rate_interval]))",
                        "{{le}}")
                .unit("s")
                .noValue("none");
    }
}
