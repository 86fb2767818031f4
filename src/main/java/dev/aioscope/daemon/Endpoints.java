package dev.aioscope.daemon;

import dev.aioscope.audit.Audit;
import dev.aioscope.host.Identities;
import dev.aioscope.host.Identity;
import dev.aioscope.http.WebServer.Page;
import dev.aioscope.inventory.Scan;
import dev.aioscope.kernel.WallClock;
import dev.aioscope.lifecycle.Task;
import dev.aioscope.lifecycle.Teardown;
import dev.aioscope.output.AuditReport;
import dev.aioscope.output.HolderReport;
import dev.aioscope.output.TraceJson;
import dev.aioscope.probe.Probes;
import dev.aioscope.telemetry.Metrics;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What the daemon shows by HTTP.
 *
 * @param audit of what has happened so far
 * @param probes the source of all of it
 * @param view of the latest look; null before the first
 * @param wanted whose contexts are shown
 */
public record Endpoints(
        Metrics metrics,
        Health health,
        Supplier<@Nullable Scan> view,
        RecentTeardowns recent,
        Audit audit,
        Probes probes,
        Identities identities,
        Predicate<Task> wanted,
        WallClock clock) {
    private static final String INDEX = """
            aioscope: the life of Linux native AIO contexts on this host

            /metrics         for Prometheus, as text or OpenMetrics (dashboards/metrics.md)
            /healthz         200 if the agent lives, else 503 with the reason
            /readyz          200 if what it shows is true of now, else 503 with the reasons
            /api/contexts    each live context and the quota, a JSON object per line (agent/json.md)
            /api/teardowns   those in progress and the last that ended, a JSON object per line
            /api/audit       a verdict for each clause of the specification, a JSON object per line""";

    /** By path; each is given the header Accept. */
    public Map<String, Function<String, Page>> all() {
        Map<String, Function<String, Page>> pages = new LinkedHashMap<>();
        pages.put("/", accept -> Page.text(200, INDEX));
        pages.put("/metrics", this::scrape);
        pages.put("/healthz", accept -> life());
        pages.put("/readyz", accept -> readiness());
        pages.put("/api/contexts", accept -> contexts());
        pages.put("/api/teardowns", accept -> Page.json(teardowns()));
        pages.put("/api/audit", accept -> Page.json(verdicts()));
        return pages;
    }

    private Page scrape(String accept) {
        Metrics.Scrape scrape = metrics.scrape(accept);
        return new Page(200, scrape.contentType(), scrape.body());
    }

    private Page life() {
        return health.illness().map(illness -> Page.text(503, illness)).orElseGet(() -> Page.text(200, "alive"));
    }

    private Page readiness() {
        List<String> reasons = health.reasonsAgainst();
        boolean isReady = reasons.isEmpty();
        List<String> lines = new ArrayList<>(isReady ? List.of("ready") : reasons);
        lines.addAll(health.remarks());
        return Page.text(isReady ? 200 : 503, String.join("\n", lines));
    }

    /** Secrets can stand in the arguments of programs. */
    private Identities withoutArguments() {
        return (task, mm, mayLook) -> {
            Identity all = identities.of(task, mm, mayLook);
            return new Identity(
                    all.executable(),
                    all.arguments().stream().limit(1).toList(),
                    all.isCut(),
                    all.user(),
                    all.cgroup());
        };
    }

    private Page contexts() {
        Scan latest = view.get();
        return latest == null
                ? Page.text(503, "no look at the host's tasks has succeeded yet")
                : Page.json(new HolderReport(latest.snapshot(), wanted, withoutArguments(), clock).jsonOfAll());
    }

    private List<String> teardowns() {
        TraceJson json = new TraceJson(clock, withoutArguments());
        Scan latest = view.get();
        long now = probes.now();
        List<String> all = new ArrayList<>();
        if (latest != null) {
            latest.inProgress().stream()
                    .filter(teardown -> isWanted(teardown.known()))
                    .map(teardown -> json.stuck(teardown, now))
                    .forEach(all::add);
        }
        recent.latest().stream().map(teardown -> json.teardown(teardown, now)).forEach(all::add);
        return all;
    }

    private List<String> verdicts() {
        return new AuditReport(audit.verdicts(), probes.tier(), probes.origin().release(), clock).jsonOfVerdicts();
    }

    private boolean isWanted(Teardown teardown) {
        Task owner = teardown.context().owner();
        Task caller = teardown.caller();
        return (owner != null && wanted.test(owner)) || (caller != null && wanted.test(caller));
    }
}
