package dev.aioscope.dashboards;

import static dev.aioscope.dashboards.HostDashboard.on;
import static dev.aioscope.telemetry.Metric.BUILD_INFO;
import static dev.aioscope.telemetry.Metric.CPU_TIME;
import static dev.aioscope.telemetry.Metric.EVENT_LOST;
import static dev.aioscope.telemetry.Metric.EVENT_ORPHAN;
import static dev.aioscope.telemetry.Metric.EVENT_READ;
import static dev.aioscope.telemetry.Metric.HELPER_FAILURE;
import static dev.aioscope.telemetry.Metric.HOST_INFO;
import static dev.aioscope.telemetry.Metric.LOG_RECORD;
import static dev.aioscope.telemetry.Metric.LOG_RECORD_QUEUED;
import static dev.aioscope.telemetry.Metric.MEMORY_USAGE;
import static dev.aioscope.telemetry.Metric.PROBE_ATTACHED;
import static dev.aioscope.telemetry.Metric.PROBE_SILENT;
import static dev.aioscope.telemetry.Metric.PUSH;
import static dev.aioscope.telemetry.Metric.SCAN_AGE;
import static dev.aioscope.telemetry.Metric.SCAN_SKIPPED;
import static dev.aioscope.telemetry.Metric.SNAPSHOT;
import static dev.aioscope.telemetry.Metric.SPAN;
import static dev.aioscope.telemetry.Metric.SPAN_QUEUED;
import static dev.aioscope.telemetry.Metric.START_TIME;
import static dev.aioscope.telemetry.Metric.TIER_LEVEL;
import static dev.aioscope.telemetry.Metric.UNIDENTIFIED;
import static dev.aioscope.telemetry.Metric.WORKER_FAILURES;

import dev.aioscope.telemetry.Metric;
import java.util.List;
import java.util.Map;

/** The agent of one host: what it observes, loses and costs. */
final class AgentDashboard {
    static final Map<String, String> TIERS = Map.of("0", "proc", "1", "sample", "2", "syscall", "3", "full");

    private AgentDashboard() {}

    static Dashboard dashboard() {
        return new Dashboard(
                "aioscope-agent",
                "AIO contexts: the agent",
                "Shows what aioscope observes, loses and costs.",
                true,
                List.of(
                        Panel.row("State"),
                        tier(),
                        probes(),
                        scanAge(),
                        lost24(),
                        running(),
                        memory(),
                        versions(),
                        probeModes(),
                        Panel.row("Losses"),
                        counter("Lost events", "By reason. If the agent loses events, its counts are too small.")
                                .query(increase("aioscope_reason", EVENT_LOST), "{{aioscope_reason}}")
                                .warn(1),
                        counter("Failures of workers", "Parts of the agent that failed and continued.")
                                .query(increase("aioscope_worker", WORKER_FAILURES), "{{aioscope_worker}}")
                                .warn(1),
                        skipped(),
                        counter(
                                        "Unidentified processes",
                                        "Processes that exited before the agent read their name and container, or that started"
                                                + " too many at once. Series show their thread names.")
                                .query(increase("instance", UNIDENTIFIED), "unidentified")
                                .query(increase("instance", HELPER_FAILURE), "failures of the helper process"),
                        Panel.row("Export"),
                        Panel.lines(
                                        "Spans and log records",
                                        "Per second: exported, failed, or dropped because the queue was full.")
                                .query(rate("aioscope_outcome", SPAN), "spans: {{aioscope_outcome}}")
                                .query(rate("aioscope_outcome", LOG_RECORD), "log records: {{aioscope_outcome}}")
                                .unit("ops")
                                .fromZero()
                                .noValue("none: the agent exports no traces"),
                        Panel.lines("Queues", "If a queue grows, the back end is slow or unreachable.")
                                .query(on(SPAN_QUEUED), "spans")
                                .query(on(LOG_RECORD_QUEUED), "log records")
                                .fromZero()
                                .noValue("none: the agent exports no traces"),
                        Panel.lines("Pushes of metrics", "Pushes per second: exported or failed.")
                                .query(rate("aioscope_outcome", PUSH), "{{aioscope_outcome}}")
                                .unit("ops")
                                .fromZero()
                                .noValue("none: the agent pushes no metrics"),
                        counter(
                                        "Snapshots",
                                        "Snapshots that the flight recorder kept after a stuck teardown or a refusal.")
                                .query(increase("instance", SNAPSHOT), "snapshots"),
                        Panel.row("Cost"),
                        Panel.lines("CPU", "CPU usage of the agent; 100 % is one CPU.")
                                .query(rate("instance", CPU_TIME), "{{instance}}")
                                .unit("percentunit")
                                .fromZero(),
                        Panel.lines(
                                        "Events",
                                        "Records per second from the probes, and those that match no known context.")
                                .query(rate("instance", EVENT_READ), "read")
                                .query(rate("instance", EVENT_ORPHAN), "orphan")
                                .unit("ops")
                                .fromZero()
                                .noValue("none: the tiers sample and proc have no events")));
    }

    private static Panel counter(String title, String description) {
        return Panel.lines(title, description).count();
    }

    private static String increase(String label, Metric metric) {
        return "sum by (" + label + ") (increase(" + on(metric) + "[$__rate_interval]))";
    }

    private static String rate(String label, Metric metric) {
        return "sum by (" + label + ") (rate(" + on(metric) + "[$__rate_interval]))";
    }

    private static Panel tier() {
        return Panel.stat(
                        "Tier",
                        "full: everything. syscall: calls without phases. sample: periodic scans. proc: scans without BPF.")
                .query("max by (instance) (" + on(TIER_LEVEL) + ")", "{{instance}}")
                .lowIsBad(1, 3)
                .mapping(TIERS);
    }

    private static Panel probes() {
        return Panel.stat(
                        "Probes not working",
                        "Attach points of this tier without a probe, and those that a self-test found silent.")
                .query(
                        "sum by (instance) (1 - " + on(PROBE_ATTACHED) + ") + (sum by (instance) (" + on(PROBE_SILENT)
                                + ") or 0 * sum by (instance) (" + on(PROBE_ATTACHED) + "))",
                        "{{instance}}")
                .warn(1)
                .noneForZero()
                .noValue("none");
    }

    private static Panel scanAge() {
        return Panel.stat("Scan age", "Contexts and waits are as of the latest scan of the tasks of the host.")
                .query(on(SCAN_AGE), "{{instance}}")
                .unit("s")
                .thresholds(30, 60);
    }

    private static Panel lost24() {
        return Panel.stat("Lost events, 24 h", "If the agent loses events, its counts are too small.")
                .query(
                        HostDashboard.orZero("round(sum by (instance) (increase(" + on(EVENT_LOST) + "[24h])))"),
                        "{{instance}}")
                .warn(1)
                .noneForZero();
    }

    private static Panel running() {
        return Panel.stat("Running for", "Time since the start of the agent.")
                .query("time() - " + on(START_TIME), "{{instance}}")
                .unit("s");
    }

    private static Panel memory() {
        return Panel.stat("Memory", "Resident memory of the agent.")
                .query(on(MEMORY_USAGE), "{{instance}}")
                .unit("bytes");
    }

    private static Panel versions() {
        return Panel.table("Version", "Versions of the agent and of the kernel.", 12)
                .query(
                        "max by (instance, version, java_version) (" + on(BUILD_INFO) + ")"
                                + " * on (instance) group_right(version, java_version)"
                                + " max by (instance, os_build_id, host_arch, k8s_node_name) (" + on(HOST_INFO) + ")",
                        "")
                .column("version", "aioscope")
                .column("java_version", "Java")
                .column("os_build_id", "Kernel")
                .column("host_arch", "Architecture")
                .column("k8s_node_name", "Node")
                .sortedBy("aioscope");
    }

    private static Panel probeModes() {
        return Panel.lines("Probes by mode", "fentry and fexit cost the least.")
                .query("count by (aioscope_probe_mode) (" + on(PROBE_ATTACHED) + ")", "{{aioscope_probe_mode}}")
                .fromZero()
                .noValue("none: the tier proc has no probes");
    }

    private static Panel skipped() {
        return Panel.lines("Skipped processes", "By reason. The latest scan misses their contexts.")
                .query(on(SCAN_SKIPPED), "{{aioscope_reason}}")
                .warn(1)
                .count();
    }
}
