package dev.aioscope.backend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.aioscope.backend.GrafanaPage.Report;
import dev.aioscope.backend.GrafanaPage.Scene;
import dev.aioscope.backend.SimulatedHosts.Kind;
import dev.aioscope.testing.Await;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.json.JsonMapper;

/**
 * Grafana's own code reads the dashboards, and draws them in a browser from a real Prometheus. The images are in
 * target/dashboards.
 */
class DashboardsIT {
    private static final int HOSTS = 1000;
    private static final Path FILES = Path.of("dashboards/grafana");

    /** The panels without data on a host on which nothing is wrong. */
    private static final Set<String> EMPTY_IF_WELL =
            Set.of("Stuck teardowns by program", "Violated clauses of the specification", "Failed io_destroy calls");

    @TempDir
    private static Path folder;

    private static Prometheus prometheus;
    private static long begin;
    private static long end;

    @BeforeAll
    static void start() throws Exception {
        assumeTrue(
                Prometheus.unavailable().isEmpty(),
                () -> Prometheus.unavailable().orElseThrow());
        assumeTrue(
                GrafanaPage.unavailable().isEmpty(),
                () -> GrafanaPage.unavailable().orElseThrow());
        end = Instant.now().getEpochSecond() / 60 * 60;
        begin = end - Duration.ofMinutes(SimulatedHosts.MINUTES).toSeconds();
        Path metrics = folder.resolve("metrics.txt");
        try (SimulatedHosts hosts = new SimulatedHosts(metrics, begin)) {
            hosts.full("busy", Kind.BUSY, 15);
            hosts.full("pushed", Kind.BUSY, 60);
            hosts.full("idle", Kind.IDLE, 15);
            hosts.full("stuck", Kind.STUCK, 15);
            hosts.fleet(HOSTS);
        }
        prometheus = Prometheus.withHistory(folder, metrics, begin, end);
    }

    @AfterAll
    static void stop() {
        if (prometheus != null) {
            prometheus.close();
        }
    }

    private static List<Report> draw(String dashboard, String host, String note) throws Exception {
        Scene scene = new Scene(
                prometheus.url(),
                begin,
                end,
                note,
                Map.of("cluster", ".*", "job", ".*", "instance", host),
                JsonMapper.shared().readTree(Files.readString(FILES.resolve("aioscope-" + dashboard + ".json"))));
        Path image = Files.createDirectories(Path.of("target/dashboards"))
                .resolve(dashboard + (host.isEmpty() ? "" : "-" + host) + ".png");
        List<Report> reports = GrafanaPage.draw(scene, folder, image);
        assertThat(reports)
                .allSatisfy(
                        report -> assertThat(report.state()).as("%s", report).isNotEqualTo("error"));
        return reports;
    }

    private static Set<String> titles(List<Report> reports, String state) {
        return reports.stream()
                .filter(report -> report.state().equals(state))
                .map(Report::title)
                .collect(Collectors.toSet());
    }

    private static String text(List<Report> reports, String title) {
        return reports.stream()
                .filter(report -> report.title().equals(title))
                .map(Report::text)
                .findFirst()
                .orElseThrow();
    }

    @Test
    void passesStrictParsingAndValidation() throws Exception {
        List<String> command = new ArrayList<>(List.of(GrafanaPage.checker().toString()));
        for (String dashboard : List.of("agent", "fleet", "host")) {
            command.add(FILES.resolve("aioscope-" + dashboard + ".json")
                    .toAbsolutePath()
                    .toString());
        }
        try (ServerProcess check = ServerProcess.start("check", folder, command)) {
            check.awaitEnd(Await.LIMIT);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"host", "agent"})
    void drawsEachPanelOfBusyHostWhetherScrapedOrPushed(String dashboard) throws Exception {
        List<Report> scraped = draw(dashboard, "busy", "a host under work, scraped every 15 s");
        List<Report> pushed = draw(dashboard, "pushed", "a host under work that pushes every 60 s");
        assertThat(titles(scraped, "empty")).isSubsetOf(EMPTY_IF_WELL);
        assertThat(titles(pushed, "data")).isEqualTo(titles(scraped, "data"));
    }

    @Test
    void showsNoneOnIdleHost() throws Exception {
        List<Report> reports = draw("host", "idle", "a database holds four contexts, and nothing happens");
        assertThat(reports).allSatisfy(report -> assertThat(report.text()).isNotEmpty());
        for (String title : List.of("Refused calls, 24 h", "Stuck teardowns", "Oldest wait", "Waiting threads")) {
            assertThat(text(reports, title)).endsWith("none");
        }
        assertThat(text(reports, "Quota exhausted in")).endsWith("not soon");
    }

    @Test
    void showsStuckTeardownAndRefusals() throws Exception {
        List<Report> reports = draw("host", "stuck", "a host with refused calls and stuck teardowns");
        assertThat(text(reports, "Quota used")).endsWith("100%");
        assertThat(text(reports, "Stuck teardowns")).endsWith("2");
        assertThat(text(reports, "Stuck teardowns by program")).contains("requests");
        assertThat(text(reports, "Holders of the quota")).contains("Executable", "leaky", "web-7d9f", "52.5%");
    }

    @Test
    void showsBadHostsOfLargeFleetInSmallAnswers() throws Exception {
        List<Report> reports = draw("fleet", "", HOSTS + " hosts");
        assertThat(text(reports, "Hosts that need attention"))
                .contains("node-0017", "node-0267", "node-0517", "node-0767", "node-0099")
                .doesNotContain("node-0018");
        assertThat(text(reports, "Agents that are absent")).contains("node-0042");
        assertThat(text(reports, "Received by Collectors")).contains("aioscope-gateways: accepted");
        assertThat(text(reports, "Fullest queues of hosts' Collectors")).contains("hosts-1:8888");
        assertThat(text(reports, "Failures of Collectors to send")).contains("aioscope-readers: otlp_http/traces");
        assertThat(text(reports, "Lag of the readers")).contains("aioscope-traces");
        assertThat(reports)
                .allSatisfy(
                        report -> assertThat(report.bytes()).as(report.title()).isLessThan(10_000));
    }
}
