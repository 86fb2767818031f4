package dev.aioscope.daemon;

import dev.aioscope.http.WebServer.Page;
import dev.aioscope.telemetry.Metrics;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Stream;

/** The contents of the daemon's HTTP endpoints. */
record Endpoints(Metrics metrics, Health health, ApiDocuments documents) {
    /** Probes, such as those of Kubernetes, have no credentials. */
    static final Set<String> OPEN = Set.of("/healthz", "/readyz");

    private static final String INDEX = """
            aioscope: Linux native AIO contexts on this host

            /                      a page for a browser
            /metrics               metrics for Prometheus, as text or OpenMetrics (dashboards/metrics.md)
            /healthz               200 if the agent works, else 503 with the reasons
            /readyz                200 if what the agent shows is current and complete, else 503 with the reasons

            JSON, one object per line (agent/json.md):
            /api/status            the host, the tier, a summary, and what is not observed
            /api/history           the quota and its largest holders of the last hour; /api/history/latest: now
            /api/holders           who holds the quota, by process, container, cgroup and user
            /api/contexts          the live contexts and the quota
            /api/teardowns         teardowns in progress and the last 100 that ended
            /api/events            the last 100 failed calls, outcomes of refusals, and late completions
            /api/audit             a verdict for each clause of the specification""";

    /** The endpoints by path; each receives the Accept header. */
    Map<String, Function<String, Page>> byPath() {
        Map<String, Function<String, Page>> endpoints = new LinkedHashMap<>();
        endpoints.put("/", accept -> PageDocument.live());
        endpoints.put("/api", accept -> Page.text(200, INDEX));
        endpoints.put("/metrics", this::scrape);
        endpoints.put("/healthz", accept -> healthz());
        endpoints.put("/readyz", accept -> readyz(health));
        endpoints.put(
                "/api/history/latest",
                accept -> Page.json(documents.observed().history().jsonOfLatest()));
        documents.byName().forEach((name, lines) -> endpoints.put("/api/" + name, accept -> json(lines)));
        return endpoints;
    }

    private static Page json(Supplier<Optional<Stream<String>>> lines) {
        return lines.get().map(Page::json).orElse(Page.text(503, "no scan of the host's tasks has succeeded yet"));
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
}
