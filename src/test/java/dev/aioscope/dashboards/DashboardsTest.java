package dev.aioscope.dashboards;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aioscope.dashboards.Dashboards.Dashboard;
import dev.aioscope.telemetry.Metric;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.json.JsonMapper;

/** Compares the dashboards with the code; {@code -Ddashboards.write=true} writes them. */
class DashboardsTest {
    private static final Path FOLDER = Path.of("dashboards/grafana");

    static Stream<Dashboard> dashboards() {
        return Dashboards.all().stream();
    }

    @ParameterizedTest
    @MethodSource("dashboards")
    void matchesFile(Dashboard dashboard) throws IOException {
        Path file = FOLDER.resolve(dashboard.uid() + ".json");
        String json =
                JsonMapper.shared().writerWithDefaultPrettyPrinter().writeValueAsString(Dashboards.json(dashboard))
                        + "\n";
        if (Boolean.getBoolean("dashboards.write")) {
            Files.writeString(file, json);
        }
        assertThat(Files.readString(file)).isEqualTo(json);
    }

    @ParameterizedTest
    @MethodSource("dashboards")
    void describesEachPanel(Dashboard dashboard) {
        assertThat(dashboard.panels()).extracting(Dashboards.Panel::title).doesNotHaveDuplicates();
        assertThat(dashboard.panels()).isNotEmpty().allSatisfy(panel -> {
            assertThat(panel.description()).endsWith(".");
            assertThat(panel.queries()).isNotEmpty();
        });
    }

    @Test
    void showsEachMetric() {
        List<String> queries = Dashboards.all().stream()
                .flatMap(dashboard -> dashboard.panels().stream())
                .flatMap(panel -> panel.queries().stream())
                .map(Dashboards.Query::expression)
                .toList();
        // Minor phases, the pushes of the agent, its failures, which an alert reports, and descriptions.
        List<Metric> omitted = List.of(
                Metric.UNMAP_DURATION,
                Metric.CANCEL_DURATION,
                Metric.DEFERRED_FREE_DURATION,
                Metric.PUSH,
                Metric.WORKER_FAILURES,
                Metric.BUILD_INFO,
                Metric.HOST_INFO,
                Metric.START_TIME);
        assertThat(Arrays.stream(Metric.values())
                        .filter(metric -> queries.stream().noneMatch(query -> query.contains(metric.prometheusName()))))
                .containsExactlyElementsOf(omitted);
    }
}
