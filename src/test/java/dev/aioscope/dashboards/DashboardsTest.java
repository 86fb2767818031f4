package dev.aioscope.dashboards;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aioscope.telemetry.Metric;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.json.JsonMapper;

/** Compares the dashboards with the code; {@code -Ddashboards.write=true} writes them. */
class DashboardsTest {
    private static final Path FOLDER = Path.of("dashboards/grafana");
    /** A function of a counter; its range must hold several values of a counter that is pushed each minute. */
    private static final Pattern OF_COUNTER = Pattern.compile("(?:rate|increase|changes)\\([^\\[]*\\[([^]]*)]");

    static Stream<Dashboard> dashboards() {
        return Dashboards.all().stream();
    }

    private static Stream<Panel> panels(Dashboard dashboard) {
        return dashboard.panels().stream().filter(panel -> panel.kind() != Panel.Kind.ROW);
    }

    @ParameterizedTest
    @MethodSource("dashboards")
    void matchesFile(Dashboard dashboard) throws IOException {
        Path file = FOLDER.resolve(dashboard.uid() + ".json");
        String json = JsonMapper.shared().writerWithDefaultPrettyPrinter().writeValueAsString(dashboard.json()) + "\n";
        if (Boolean.getBoolean("dashboards.write")) {
            Files.writeString(file, json);
        }
        assertThat(Files.readString(file)).isEqualTo(json);
    }

    @ParameterizedTest
    @MethodSource("dashboards")
    void describesEachPanel(Dashboard dashboard) {
        assertThat(panels(dashboard).map(Panel::title)).doesNotHaveDuplicates();
        assertThat(panels(dashboard)).isNotEmpty().allSatisfy(panel -> {
            assertThat(panel.description()).as(panel.title()).endsWith(".");
            assertThat(panel.queries()).as(panel.title()).isNotEmpty();
        });
    }

    @ParameterizedTest
    @MethodSource("dashboards")
    void fillsEachLineWithPanelsOfOneHeight(Dashboard dashboard) {
        int x = 0;
        List<Panel> line = new ArrayList<>();
        for (Panel panel : dashboard.panels()) {
            line.add(panel);
            x += panel.width();
            if (x >= 24) {
                assertThat(x).as(panel.title()).isEqualTo(24);
                assertThat(line).extracting(shown -> shown.kind().height).containsOnly(panel.kind().height);
                x = 0;
                line.clear();
            }
        }
        assertThat(line).isEmpty();
    }

    @ParameterizedTest
    @MethodSource("dashboards")
    void asksForRangesThatHoldSeveralPushes(Dashboard dashboard) {
        assertThat(panels(dashboard).flatMap(panel -> panel.queries().stream()))
                .allSatisfy(query -> assertThat(
                                OF_COUNTER.matcher(query.expression()).results())
                        .as(query.expression())
                        .allSatisfy(found -> assertThat(found.group(1))
                                .isIn("$__rate_interval", "$__rate_interval:", "5m", "1h", "24h")));
    }

    /** Otherwise, the lines of several hosts or holders look the same. */
    @ParameterizedTest
    @MethodSource("dashboards")
    void selectsClusterJobAndHostInEachQuery(Dashboard dashboard) {
        String selected =
                "cluster=~\"$cluster\",job=~\"$job\"" + (dashboard.isOfHost() ? ",instance=\"$instance\"" : "");
        assertThat(panels(dashboard).flatMap(panel -> panel.queries().stream()))
                .allSatisfy(query -> assertThat(Pattern.compile("\\{[^}]*}")
                                .matcher(query.expression())
                                .results())
                        .as(query.expression())
                        .isNotEmpty()
                        .allSatisfy(found -> assertThat(found.group()).contains(selected)));
    }

    @Test
    void showsEachMetric() {
        List<String> queries = Dashboards.all().stream()
                .flatMap(DashboardsTest::panels)
                .flatMap(panel -> panel.queries().stream())
                .map(Query::expression)
                .toList();
        // Minor phases.
        List<Metric> omitted = List.of(Metric.UNMAP_DURATION, Metric.CANCEL_DURATION, Metric.DEFERRED_FREE_DURATION);
        assertThat(Arrays.stream(Metric.values())
                        .filter(metric -> queries.stream().noneMatch(query -> query.contains(metric.prometheusName()))))
                .containsExactlyElementsOf(omitted);
    }
}
