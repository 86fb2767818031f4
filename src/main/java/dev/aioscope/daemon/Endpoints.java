package dev.aioscope.daemon;

import dev.aioscope.agent.TaskSelector;
import dev.aioscope.audit.Audit;
import dev.aioscope.host.Identities;
import dev.aioscope.http.WebServer.Page;
import dev.aioscope.inventory.Scan;
import dev.aioscope.kernel.WallClock;
import dev.aioscope.output.AuditReport;
import dev.aioscope.output.HolderReport;
import dev.aioscope.output.TraceJson;
import dev.aioscope.probe.Probes;
import dev.aioscope.telemetry.Metrics;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The contents of the daemon's HTTP endpoints.
 *
 * @param latestScan null before the first
 * @param audit of all events so far
 * @param probes the source of all events
 * @param selected whose contexts to show
 */
record Endpoints(
        Metrics metrics,
        Health health,
        Supplier<@Nullable Scan> latestScan,
        RecentTeardowns recent,
        Audit audit,
        Probes probes,
        Identities identities,
        TaskSelector selected,
        WallClock clock) {
    /** Probes, such as those of Kubernetes, have no credentials. */
    static final Set<String> OPEN = Set.of("/healthz", "/readyz");

    private static final String INDEX = """
            aioscope: Linux native AIO contexts on this host

            /metrics         metrics for Prometheus, as text or OpenMetrics (dashboards/metrics.md)
            /healthz         200 if the agent works, else 503 with the reasons
            /readyz          200 if what the agent shows is current and complete, else 503 with the reasons
            /api/contexts    the live contexts and the quota, one JSON object per line (agent/json.md)
            /api/teardowns   teardowns in progress and the last 100 that ended, one JSON object per line
            /api/audit       a verdict for each clause of the specification, one JSON object per line""";

    /** The endpoints by path; each receives the Accept header. */
    Map<String, Function<String, Page>> byPath() {
        Map<String, Function<String, Page>> endpoints = new LinkedHashMap<>();
        endpoints.put("/", accept -> Page.text(200, INDEX));
        endpoints.put("/metrics", this::scrape);
        endpoints.put("/healthz", accept -> healthz());
        endpoints.put("/readyz", accept -> readyz(health));
        endpoints.put("/api/contexts", accept -> contexts());
        endpoints.put("/api/teardowns", accept -> Page.json(teardowns()));
        endpoints.put("/api/audit", accept -> Page.json(verdicts()));
        return endpoints;
    }

    private Page scrape(String accept) {
        Metrics.Scrape scrape = metrics.scrape(accept);
        return new Page(200, scrape.contentType(), scrape.body());
    }

    private Page healthz() {
        List<String> faults = health.faults();
        return faults.isEmpty() ? Page.text(200, "alive") : Page.text(503, String.join("\n", faults));
    }

    static Page readyz(Health health) {
        List<String> reasons = health.reasonsAgainst();
        boolean isReady = reasons.isEmpty();
        List<String> lines = new ArrayList<>(isReady ? List.of("ready") : reasons);
        lines.addAll(health.remarks());
        return Page.text(isReady ? 200 : 503, String.join("\n", lines));
    }

    private Page contexts() {
        Scan latest = latestScan.get();
        return latest == null
                ? Page.text(503, "no scan of the host's tasks has succeeded yet")
                : Page.json(
                        new HolderReport(latest.inventory(), selected::selects, identities.withoutArguments(), clock)
                                .jsonOfAll());
    }

    private List<String> teardowns() {
        TraceJson json = new TraceJson(clock, identities.withoutArguments());
        Scan latest = latestScan.get();
        long now = probes.now();
        List<String> all = new ArrayList<>();
        if (latest != null) {
            latest.inProgress().stream()
                    .filter(teardown -> selected.selects(teardown.known()))
                    .map(teardown -> json.stuck(teardown, now))
                    .forEach(all::add);
        }
        recent.latest().stream().map(teardown -> json.teardown(teardown, now)).forEach(all::add);
        return all;
    }

    private List<String> verdicts() {
        return new AuditReport(audit.verdicts(), probes.tier(), probes.host().release(), clock).jsonOfVerdicts();
    }
}
