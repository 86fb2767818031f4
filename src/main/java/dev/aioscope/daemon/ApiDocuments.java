package dev.aioscope.daemon;

import dev.aioscope.agent.TaskSelector;
import dev.aioscope.audit.Audit;
import dev.aioscope.daemon.RecentEvents.Reports;
import dev.aioscope.host.GroupBy;
import dev.aioscope.host.Identities;
import dev.aioscope.inventory.Scan;
import dev.aioscope.kernel.WallClock;
import dev.aioscope.lifecycle.Teardown;
import dev.aioscope.lifecycle.TeardownInProgress;
import dev.aioscope.output.AuditReport;
import dev.aioscope.output.HolderReport;
import dev.aioscope.output.StatusJson;
import dev.aioscope.output.SummaryText;
import dev.aioscope.output.SummaryText.Evidence;
import dev.aioscope.output.TierReport;
import dev.aioscope.output.TraceJson;
import dev.aioscope.probe.Probes;
import dev.aioscope.telemetry.AgentStatistics;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What the page shows, live or as a report: JSON objects by the name of their document.
 *
 * @param source of all events
 * @param observed what they led to
 * @param selected whose contexts to show
 * @param identities of the processes
 * @param json writes events
 * @param environment what the agent cannot observe or has lost, one sentence each, beside the gaps of the latest scan
 */
record ApiDocuments(
        EventOrigin source,
        Observed observed,
        TaskSelector selected,
        Identities identities,
        TraceJson json,
        Supplier<List<String>> environment) {
    /** The period that the summary of a running daemon describes, as long as the history. */
    private static final Duration PERIOD = QuotaHistory.INTERVAL.multipliedBy(QuotaHistory.SAMPLES);

    /**
     * Where the events come from.
     *
     * @param isReport whether the recording is read to its end
     * @param began when the observation began, CLOCK_BOOTTIME ns
     * @param stuckAfter age at which a teardown counts as stuck
     */
    record EventOrigin(Probes probes, WallClock clock, boolean isReport, long began, Duration stuckAfter) {}

    /**
     * What was observed.
     *
     * @param latestScan null before the first
     */
    record Observed(
            Supplier<@Nullable Scan> latestScan,
            RecentEvents recent,
            QuotaHistory history,
            Audit audit,
            AgentStatistics statistics) {}

    /** The documents by name; one is empty while it needs the first scan. */
    Map<String, Supplier<Optional<Stream<String>>>> byName() {
        Map<String, Supplier<Optional<Stream<String>>>> documents = new LinkedHashMap<>();
        documents.put("status", () -> Optional.of(Stream.of(status())));
        documents.put("history", () -> Optional.of(observed.history.json()));
        documents.put("holders", () -> holderReport().map(ApiDocuments::holders));
        documents.put("contexts", () -> holderReport().map(report -> report.jsonOfAll().stream()));
        documents.put("teardowns", () -> Optional.of(teardowns()));
        documents.put("events", () -> Optional.of(events()));
        documents.put("audit", () -> Optional.of(verdicts().stream()));
        return documents;
    }

    private String status() {
        Probes probes = source.probes;
        Scan scan = observed.latestScan.get();
        Reports reports = observed.recent.latest();
        long now = probes.now();
        SummaryText summary = new SummaryText(probes.tier(), identities, source.stuckAfter);
        return StatusJson.of(
                probes,
                new StatusJson.Progress(
                        probes.canWait(),
                        source.began,
                        now,
                        scan == null ? null : (Long) scan.time(),
                        observed.recent.reports()),
                summary.of(new Evidence(
                        source.isReport,
                        now,
                        source.isReport ? source.began : now - PERIOD.toNanos(),
                        inProgress(scan, reports.teardowns()).toList(),
                        reports.teardowns(),
                        reports.failedCalls(),
                        reports.stragglers(),
                        reports.refusals(),
                        reports.lastRefusal())),
                gaps(scan),
                observed.statistics,
                source.stuckAfter,
                source.clock);
    }

    private List<String> gaps(@Nullable Scan scan) {
        List<String> gaps = new ArrayList<>();
        TierReport.gaps(source.probes.tier()).ifPresent(gaps::add);
        if (scan != null) {
            gaps.addAll(HolderReport.gapsOfScan(scan.inventory()));
        }
        gaps.addAll(environment.get());
        return gaps;
    }

    private Optional<HolderReport> holderReport() {
        return Optional.ofNullable(observed.latestScan.get())
                .map(scan -> new HolderReport(scan.inventory(), selected::selects, identities, source.clock));
    }

    /** The holders for each way of grouping, then the quota. */
    private static Stream<String> holders(HolderReport report) {
        return Stream.concat(
                Stream.of(GroupBy.values()).flatMap(groupBy -> report.jsonOfHolders(groupBy).stream()),
                Stream.of(report.jsonOfQuota()));
    }

    private Stream<String> teardowns() {
        List<Teardown> ended = observed.recent.latest().teardowns();
        long now = source.probes.now();
        return Stream.concat(
                inProgress(observed.latestScan.get(), ended).map(teardown -> json.stuck(teardown, now)),
                ended.stream().map(teardown -> json.teardown(teardown, now)));
    }

    /** The selected teardowns of a scan, without those that ended since. */
    private Stream<TeardownInProgress> inProgress(@Nullable Scan scan, List<Teardown> ended) {
        if (scan == null) {
            return Stream.of();
        }
        Set<Long> over = ended.stream()
                .filter(teardown -> teardown.endTime() != null && teardown.endTime() >= scan.time())
                .map(teardown -> teardown.context().generation())
                .collect(Collectors.toSet());
        return scan.inProgress().stream()
                .filter(teardown -> !over.contains(teardown.known().context().generation()))
                .filter(teardown -> selected.selects(teardown.known()));
    }

    private Stream<String> events() {
        Reports reports = observed.recent.latest();
        return Stream.of(
                        reports.failedCalls().stream().map(json::failedCall),
                        reports.outcomes().stream().map(json::refusalOutcome),
                        reports.stragglers().stream().map(json::straggler))
                .flatMap(lines -> lines);
    }

    private List<String> verdicts() {
        Probes probes = source.probes;
        return new AuditReport(
                        observed.audit.verdicts(), probes.tier(), probes.host().release(), source.clock)
                .jsonOfVerdicts();
    }
}
