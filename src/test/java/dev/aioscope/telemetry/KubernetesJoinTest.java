package dev.aioscope.telemetry;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.aioscope.host.Identity;
import dev.aioscope.host.KubernetesNames;
import dev.aioscope.host.Namespaces;
import dev.aioscope.inventory.Inventory;
import dev.aioscope.inventory.LiveContext;
import dev.aioscope.inventory.Scan;
import dev.aioscope.lifecycle.Task;
import dev.aioscope.probe.Quotas;
import dev.aioscope.probe.ScanGaps;
import dev.aioscope.probe.Tier;
import dev.aioscope.testing.CommandResult;
import dev.aioscope.testing.Commands;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The queries of metrics.md that join our metrics with those of kube-state-metrics, in Prometheus' own test of rules. */
class KubernetesJoinTest {
    private static final Path PROMTOOL = Path.of("/usr/bin/promtool");

    private static final String DB = "01234567-89ab-cdef-0123-456789abcdef";
    private static final String WEB = "11234567-89ab-cdef-0123-456789abcdef";

    /** Two programs in two containers of one pod, a pod of another workload, a static pod, and a program of the host. */
    private static final List<Holder> HOLDERS = List.of(
            new Holder("postgres", 100, DB, "shop", "db-0", "engine"),
            new Holder("pg_basebackup", 20, DB, "shop", "db-0", "engine"),
            new Holder("exporter", 3, DB, "shop", "db-0", "side-car"),
            new Holder("nginx", 4000, WEB, "shop", "web-7d9f-x2x4z", "web"),
            new Holder("etcd", 50_000, null, "kube-system", "etcd-node-1", "etcd"),
            new Holder("mariadbd", 600_000, null, null, null, null));

    /** As kube-state-metrics 2 documents them; two servers of it report the same. */
    private static final List<String> KUBE_STATE_METRICS = Stream.of("ksm-0", "ksm-1")
            .flatMap(server -> Stream.of(
                            "kube_pod_info{namespace='shop',pod='db-0',uid='" + DB
                                    + "',created_by_kind='StatefulSet',created_by_name='db',node='node-1',",
                            "kube_pod_info{namespace='shop',pod='web-7d9f-x2x4z',uid='" + WEB
                                    + "',created_by_kind='ReplicaSet',created_by_name='web-7d9f',node='node-1',",
                            "kube_pod_info{namespace='kube-system',pod='etcd-node-1',uid='of-its-mirror',created_by_kind='Node',"
                                    + "created_by_name='node-1',",
                            "kube_pod_labels{namespace='shop',pod='db-0',uid='" + DB + "',label_team='storage',",
                            "kube_pod_labels{namespace='shop',pod='web-7d9f-x2x4z',uid='" + WEB
                                    + "',label_team='shop',",
                            "kube_namespace_labels{namespace='shop',label_team='payments',",
                            "kube_namespace_labels{namespace='kube-system',label_team='platform',",
                            "kube_pod_container_info{namespace='shop',pod='db-0',uid='" + DB
                                    + "',container='engine',image='postgres:16',",
                            "kube_pod_container_info{namespace='shop',pod='db-0',uid='" + DB
                                    + "',container='side-car',image='exporter:1',",
                            "kube_pod_container_info{namespace='shop',pod='web-7d9f-x2x4z',uid='" + WEB
                                    + "',container='web',image='nginx:1',")
                    .map(series -> series.replace('\'', '"') + "instance=\"" + server + "\"}"))
            .toList();

    /** What each query of the document must return, in its order. */
    private static final List<List<String>> EXPECTED = List.of(
            List.of(
                    "{k8s_namespace_name=\"shop\",created_by_kind=\"StatefulSet\",created_by_name=\"db\"} 123",
                    "{k8s_namespace_name=\"shop\",created_by_kind=\"ReplicaSet\",created_by_name=\"web-7d9f\"} 4000"),
            List.of("{label_team=\"storage\"} 123", "{label_team=\"shop\"} 4000"),
            List.of("{label_team=\"payments\"} 4123", "{label_team=\"platform\"} 50000"),
            List.of("{image=\"postgres:16\"} 120", "{image=\"exporter:1\"} 3", "{image=\"nginx:1\"} 4000"));

    private record Holder(String executable, int charge, String uid, String namespace, String pod, String container) {
        private String containerId() {
            return HexFormat.of()
                    .formatHex(container.getBytes(UTF_8))
                    .repeat(32)
                    .substring(0, 64);
        }

        Identity identity() {
            String cgroup = pod == null
                    ? "/system.slice/" + executable + ".service"
                    : "/kubepods/pod" + (uid == null ? "e1".repeat(16) : uid) + "/" + containerId();
            return new Identity(
                    null,
                    "/usr/bin/" + executable,
                    List.of(),
                    false,
                    "999",
                    "999",
                    cgroup,
                    Namespaces.HOST,
                    new KubernetesNames(pod == null ? null : "containerd", uid, namespace, pod, container));
        }
    }

    /** The series of these holders, as a scrape has them. */
    private static List<String> series() {
        Metrics metrics = new Metrics();
        List<LiveContext> contexts = IntStream.range(0, HOLDERS.size())
                .mapToObj(i -> new LiveContext(
                        new Task(i, i, "a", 1, 0), null, i, 0x1000, HOLDERS.get(i).charge, 255, null, 0))
                .toList();
        new HolderMetrics(metrics, (task, mm) -> HOLDERS.get(task.pid()).identity(), () -> 0, 20, false)
                .onScan(new Scan(
                        1, new Inventory(Tier.FULL, contexts, 0, ScanGaps.NONE, Quotas.of(1L, 1L << 20)), List.of()));
        return metrics.scrape("")
                .body()
                .lines()
                .filter(line -> line.startsWith("aio_process_event_usage{"))
                .toList();
    }

    private static List<String> queries() throws IOException {
        String[] parts = Files.readString(Path.of("dashboards/metrics.md")).split("(?m)^## Kubernetes$", 2);
        return Pattern.compile("(?ms)^```promql\n(.*?)^```")
                .matcher(parts[1].split("(?m)^## ", 2)[0])
                .results()
                .map(block -> block.group(1))
                .toList();
    }

    private static String input(String series, String value) {
        return "      - {series: '" + series + "', values: '" + value + "'}\n";
    }

    private static String test(String query, List<String> expected) {
        return "      - expr: |\n"
                + query.lines().map(line -> "          " + line + "\n").collect(Collectors.joining())
                + "        exp_samples:\n"
                + expected.stream()
                        .map(sample -> sample.split(" ", 2))
                        .map(parts -> "          - {labels: '" + parts[0] + "', value: " + parts[1] + "}\n")
                        .collect(Collectors.joining());
    }

    @Test
    void joinsSeriesOfPodsWithOwnersLabelsAndImages(@TempDir Path folder) throws Exception {
        assumeTrue(Files.isExecutable(PROMTOOL), "promtool is in the Debian package prometheus");
        List<String> series = series();
        assertThat(series).as("the holders, and other").hasSize(HOLDERS.size() + 1);
        List<String> queries = queries();
        assertThat(queries).hasSameSizeAs(EXPECTED);
        Path tests = folder.resolve("tests.yml");
        Files.writeString(
                tests,
                "tests:\n  - interval: 1m\n    input_series:\n"
                        + series.stream()
                                .map(line -> line.split(" (?=\\S+$)", 2))
                                .map(parts -> input(parts[0], parts[1].replaceFirst("\\.0$", "")))
                                .collect(Collectors.joining())
                        + KUBE_STATE_METRICS.stream()
                                .map(line -> input(line, "1"))
                                .collect(Collectors.joining())
                        + "    promql_expr_test:\n"
                        + IntStream.range(0, queries.size())
                                .mapToObj(i -> test(queries.get(i), EXPECTED.get(i)))
                                .collect(Collectors.joining()));

        CommandResult result = Commands.execute(PROMTOOL.toString(), "test", "rules", tests.toString());
        assertThat(result.status()).as(result.output()).isZero();
    }
}
