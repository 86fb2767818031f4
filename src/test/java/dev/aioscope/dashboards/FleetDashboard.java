package dev.aioscope.dashboards;

import static dev.aioscope.telemetry.Metric.BUILD_INFO;
import static dev.aioscope.telemetry.Metric.EVENT_LOST;
import static dev.aioscope.telemetry.Metric.EVENT_UTILIZATION;
import static dev.aioscope.telemetry.Metric.SETUP;
import static dev.aioscope.telemetry.Metric.TEARDOWN_STUCK;
import static dev.aioscope.telemetry.Metric.TIER_LEVEL;
import static dev.aioscope.telemetry.Metric.UNINTERRUPTIBLE_OLDEST;

import dev.aioscope.telemetry.Metric;
import java.util.ArrayList;
import java.util.List;

/**
 * All hosts: which one needs attention. The graphs use the recording rules in aioscope.rules.yml, so that their cost does
 * not grow with the number of hosts. Tables show 20 hosts a problem.
 */
final class FleetDashboard {
    private static final String SELECTED = "{cluster=~\"$cluster\",job=~\"$job\"}";
    private static final String HOST = "cluster, job, instance";
    private static final int ROWS = 20;

    private FleetDashboard() {}

    static Dashboard dashboard() {
        return new Dashboard(
                "aioscope-fleet",
                "AIO contexts: fleet",
                "Shows which hosts are near fs.aio-max-nr, which refuse contexts, and where threads wait for a teardown.",
                false,
                List.of(
                        Panel.row("Now"),
                        hosts(),
                        down(),
                        highestUsage(),
                        refused(),
                        stuck(),
                        oldestWait(),
                        Panel.row("What to do first"),
                        troubled(),
                        Panel.row("Over time"),
                        usage(),
                        nearLimit(),
                        refusals(),
                        waits(),
                        Panel.row("Agents"),
                        tiers(),
                        versions(),
                        absent(),
                        lost(),
                        Panel.row("Collectors of the fleet"),
                        collected(),
                        queues(),
                        failures(),
                        lag()));
    }

    private static String on(Metric metric) {
        return metric.prometheusName() + SELECTED;
    }

    private static String recorded(String name) {
        return name + SELECTED;
    }

    private static Panel hosts() {
        return Panel.stat("Hosts", "Hosts with an agent that reports.")
                .query("count(" + on(Dashboard.ALWAYS) + ")", "");
    }

    private static Panel down() {
        return Panel.stat(
                        "Absent agents", "Agents that reported in the last 6 hours, or should, and do not report now.")
                .query("count(" + recorded("instance:aioscope_agent:absent") + ") or vector(0)", "")
                .bad(1)
                .noneForZero();
    }

    private static Panel highestUsage() {
        return Panel.stat(
                        "Highest quota usage",
                        "Each AIO context charges fs.aio-nr, one counter per host. At fs.aio-max-nr, io_setup fails.")
                .query("max(" + on(EVENT_UTILIZATION) + ")", "")
                .unit("percentunit")
                .range(0, 1)
                .thresholds(0.7, 0.9);
    }

    private static Panel refused() {
        return Panel.stat(
                        "Refused calls, 1 h",
                        "Calls of io_setup that returned EAGAIN because the quota did not suffice. Many programs then fail to"
                                + " start.")
                .query("round(sum(" + refusedPerHost() + ")) or vector(0)", "")
                .bad(1)
                .noneForZero();
    }

    private static String refusedPerHost() {
        return byHost("sum", "increase(" + SETUP.prometheusName() + matchers("error_type=\"EAGAIN\"") + "[1h])");
    }

    private static Panel stuck() {
        return Panel.stat("Stuck teardowns", "Teardowns in progress for a second or longer.")
                .query("sum(" + on(TEARDOWN_STUCK) + ") or vector(0)", "")
                .bad(1)
                .noneForZero();
    }

    private static Panel oldestWait() {
        return Panel.stat(
                        "Oldest wait",
                        "Age of the oldest teardown in progress. After 30 s, check the device. After 120 s, the kernel reports a"
                                + " hung task; kill -9 does not end the wait.")
                .query("max(" + on(UNINTERRUPTIBLE_OLDEST) + ") or vector(0)", "")
                .unit("s")
                .thresholds(30, 120)
                .noneForZero();
    }

    private static Panel troubled() {
        String utilization = byHost("max", on(EVENT_UTILIZATION)) + " > 0.7";
        String refusals = refusedPerHost() + " > 0";
        String oldest = byHost("max", on(UNINTERRUPTIBLE_OLDEST)) + " > 30";
        String stuck = byHost("sum", on(TEARDOWN_STUCK)) + " > 0";
        String lost = byHost(
                        "sum",
                        "increase(" + EVENT_LOST.prometheusName() + matchers("aioscope_reason!=\"missed\"") + "[1h])")
                + " > 0";
        return Panel.table(
                        "Hosts that need attention",
                        "A host has a row if it uses over 70 % of its quota, refused calls or lost events in the last hour, or"
                                + " has a stuck teardown. Each host links to its dashboard.",
                        24)
                .query(top(problems(utilization, refusals, oldest, stuck, lost)), "")
                .query(top(utilization), "")
                .query(top(refusals), "")
                .query(top(oldest), "")
                .query(top(stuck), "")
                .query(top(lost), "")
                .noValue("none")
                .column("instance", "Host", "links", List.of(Dashboard.linkToHost()))
                .column("cluster", "Cluster")
                .column("job", "Job")
                .column("Value #A", "Problems")
                .coloredColumn("Value #B", "Quota used", "percentunit", 0.7, 0.9)
                .coloredColumn("Value #C", "Refused calls, 1 h", "none", 0, 1)
                .coloredColumn("Value #D", "Oldest wait", "s", 30, 120)
                .coloredColumn("Value #E", "Stuck teardowns", "none", 0, 1)
                .coloredColumn("Value #F", "Lost events, 1 h", "none", 0, Double.MAX_VALUE)
                .sortedBy("Problems");
    }

    /** The number of conditions that are true of each host. */
    private static String problems(String... conditions) {
        List<String> named = new ArrayList<>();
        for (String condition : conditions) {
            named.add("label_replace(" + condition + ", \"problem\", \"" + named.size() + "\", \"\", \"\")");
        }
        return "count by (" + HOST + ") (" + String.join(" or ", named) + ")";
    }

    private static String matchers(String matcher) {
        return "{cluster=~\"$cluster\",job=~\"$job\"," + matcher + "}";
    }

    private static String byHost(String function, String expression) {
        return function + " by (" + HOST + ") (" + expression + ")";
    }

    private static String top(String expression) {
        return "topk(" + ROWS + ", " + expression + ")";
    }

    private static Panel usage() {
        return Panel.lines(
                        "Highest quota usage over time", "The highest fs.aio-nr divided by fs.aio-max-nr of any host.")
                .query(recorded("cluster_job:aio_event_utilization_ratio:max"), "{{cluster}} {{job}}")
                .unit("percentunit")
                .range(0, 1)
                .thresholds(0.7, 0.9);
    }

    private static Panel nearLimit() {
        return Panel.lines("Hosts above 70 % of the quota", "The number of hosts. Growth on many hosts is a rollout.")
                .query(recorded("cluster_job:aio_event_utilization_ratio:count_above_70"), "{{cluster}} {{job}}")
                .count();
    }

    private static Panel refusals() {
        return Panel.lines("Refused calls", "Calls of io_setup per second that returned EAGAIN.")
                .query(recorded("cluster_job:aio_context_refusals:rate5m"), "{{cluster}} {{job}}")
                .unit("ops")
                .fromZero()
                .noValue("none");
    }

    private static Panel waits() {
        return Panel.lines("Oldest wait over time", "Age of the oldest teardown in progress on any host.")
                .query(recorded("cluster_job:aio_task_uninterruptible_oldest_age_seconds:max"), "{{cluster}} {{job}}")
                .unit("s")
                .fromZero()
                .thresholds(30, 120)
                .noValue("none");
    }

    private static Panel tiers() {
        return Panel.lines(
                        "Agents by tier",
                        "full: everything. syscall: calls without phases. sample: periodic scans. proc: scans without BPF.")
                .query(
                        "sum by (aioscope_tier) (" + recorded("cluster_job_tier:aioscope_tier_level:count") + ")",
                        "{{aioscope_tier}}")
                .fromZero();
    }

    private static Panel versions() {
        return Panel.table("Agents by version and tier", "During a rollout, there are several versions.", 12)
                .query(
                        "count by (version, aioscope_tier, aioscope_engine) (" + on(TIER_LEVEL) + " * on (" + HOST
                                + ") group_left (version) " + on(BUILD_INFO) + ")",
                        "")
                .column("version", "Version")
                .column("aioscope_tier", "Tier")
                .column("aioscope_engine", "Engine")
                .column("Value", "Hosts")
                .sortedBy("Hosts");
    }

    private static Panel absent() {
        return Panel.table(
                        "Agents that are absent",
                        "Agents that reported in the last 6 hours, or should, and do not report now.",
                        12)
                .query(top(recorded("instance:aioscope_agent:absent")), "")
                .noValue("none")
                .column("instance", "Host", "links", List.of(Dashboard.linkToHost()))
                .column("cluster", "Cluster")
                .column("job", "Job")
                .sortedBy("Host");
    }

    private static Panel collected() {
        return collectors(
                        "Received by Collectors",
                        "Spans, log records and samples per second. The sender of a refused one keeps it and tries again.")
                .query(itemsPerSecond("otelcol_receiver_accepted", "job"), "{{job}}: accepted")
                .query(itemsPerSecond("otelcol_receiver_(refused|failed)", "job"), "{{job}}: refused")
                .unit("ops")
                .fromZero();
    }

    private static Panel queues() {
        String size = "otelcol_exporter_queue_size" + ofCollectors("");
        String capacity = "otelcol_exporter_queue_capacity" + ofCollectors("");
        return collectors(
                        "Fullest queues of hosts' Collectors",
                        "A full queue rejects data, and the agent drops what it cannot hold back for seconds.")
                .query(top(byHost("max", size + " / " + capacity)), "{{instance}}")
                .unit("percentunit")
                .range(0, 1)
                .thresholds(0.5, 0.9);
    }

    private static Panel failures() {
        return collectors(
                        "Failures of Collectors to send",
                        "Spans, log records and samples per second. A gateway and a reader try again, so each can count often.")
                .query(
                        itemsPerSecond("otelcol_exporter_(send|enqueue)_failed", "job, exporter"),
                        "{{job}}: {{exporter}}")
                .unit("ops")
                .fromZero()
                .noValue("none");
    }

    private static Panel lag() {
        return collectors(
                        "Lag of the readers",
                        "Unread messages in Kafka, as of the latest message that a reader has processed.")
                .query(
                        "sum by (topic) (otelcol_kafka_receiver_offset_lag" + ofCollectors(",topic=~\"aioscope-.*\"")
                                + ")",
                        "{{topic}}")
                .fromZero();
    }

    private static Panel collectors(String title, String description) {
        return Panel.lines(title, description).noValue("none: Prometheus scrapes no Collectors");
    }

    /** The sum over all signals; of each process first, because rate() must see resets of counters. */
    private static String itemsPerSecond(String counter, String by) {
        String name = ",__name__=~\"" + counter + "_(spans|log_records|metric_points)(_total)?\"";
        return "sum by (" + by + ") (rate(sum by (job, instance, exporter) (" + ofCollectors(name)
                + ")[$__rate_interval:]))";
    }

    private static String ofCollectors(String matchers) {
        return "{cluster=~\"$cluster\",job=~\"$job\",job=~\".*aioscope.*\"" + matchers + "}";
    }

    private static Panel lost() {
        return Panel.lines("Lost events", "Events per second that agents lost. Their counts are too small.")
                .query(recorded("cluster_job:aioscope_event_lost:rate5m"), "{{cluster}} {{job}}")
                .unit("ops")
                .fromZero()
                .noValue("none");
    }
}
