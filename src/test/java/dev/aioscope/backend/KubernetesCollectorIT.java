package dev.aioscope.backend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.aioscope.event.WaitReason;
import dev.aioscope.host.Identity;
import dev.aioscope.host.KubernetesNames;
import dev.aioscope.host.Namespaces;
import dev.aioscope.kernel.WallClock;
import dev.aioscope.lifecycle.Teardown;
import dev.aioscope.lifecycle.TeardownBuilder;
import dev.aioscope.lifecycle.TeardownInProgress;
import dev.aioscope.telemetry.SamplingPolicy;
import dev.aioscope.telemetry.TeardownSpans;
import dev.aioscope.testing.Await;
import io.opentelemetry.exporter.otlp.http.logs.OtlpHttpLogRecordExporter;
import io.opentelemetry.exporter.otlp.http.trace.OtlpHttpSpanExporter;
import io.opentelemetry.proto.common.v1.KeyValue;
import io.opentelemetry.proto.resource.v1.Resource;
import io.opentelemetry.sdk.common.CompletableResultCode;
import io.opentelemetry.sdk.logs.SdkLoggerProvider;
import io.opentelemetry.sdk.logs.export.BatchLogRecordProcessor;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.export.BatchSpanProcessor;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The shipped configuration of a Collector in Kubernetes (kubernetes.yaml), with a real Collector. */
class KubernetesCollectorIT {
    private static final String UID = "01234567-89ab-cdef-0123-456789abcdef";
    private static final String ID = "5c".repeat(32);
    private static final String DIGEST = "docker.io/library/postgres@sha256:" + "a7".repeat(32);

    private static final Identity IN_POD = identity(
            "/kubepods/besteffort/pod" + UID + "/" + ID,
            new KubernetesNames("containerd", UID, "shop", "db-0", "engine"));

    /** kubelet names the directories of a static pod by a hash, so its UID is unknown. */
    private static final Identity IN_STATIC_POD = identity(
            "/kubepods/besteffort/pod" + "e1".repeat(16) + "/" + "6d".repeat(32),
            new KubernetesNames("containerd", null, "kube-system", "etcd-node-1", "etcd"));

    private static final Identity ON_HOST = identity("/system.slice/mariadb.service", KubernetesNames.UNKNOWN);

    private final Deque<AutoCloseable> open = new ArrayDeque<>();
    private KubernetesApi api;
    private OtlpReceiver backEnd;
    private Collector collector;

    private static Identity identity(String cgroup, KubernetesNames names) {
        return new Identity(
                null, "/usr/bin/postgres", List.of("postgres"), false, "999", "999", cgroup, Namespaces.HOST, names);
    }

    private static String object(String metadata, String rest) {
        return "{\"metadata\":{\"resourceVersion\":\"1\"," + metadata + "}" + rest + "}";
    }

    private static String pod(String metadata, String container, String id, String image) {
        return object(metadata, """
                ,"spec":{"nodeName":"node-1","containers":[{"name":"%1$s","image":"%3$s"}]},
                "status":{"phase":"Running","podIP":"127.0.0.1","containerStatuses":[{"name":"%1$s","image":"%3$s","imageID":"%4$s",
                "containerID":"containerd://%2$s","restartCount":0,"ready":true,"state":{"running":{}}}]}
                """.formatted(container, id, image, DIGEST));
    }

    private static String list(String kind, String version, String... objects) {
        return "{\"kind\":\"" + kind + "\",\"apiVersion\":\"" + version
                + "\",\"metadata\":{\"resourceVersion\":\"1\"},\"items\":[" + String.join(",", objects) + "]}";
    }

    @BeforeEach
    void start(@TempDir Path folder) throws Exception {
        assumeTrue(
                Collector.unavailable().isEmpty(), () -> Collector.unavailable().orElseThrow());
        api = open(KubernetesApi.start(Map.of(
                "/api/v1/pods",
                list(
                        "PodList",
                        "v1",
                        pod(
                                "\"name\":\"db-0\",\"namespace\":\"shop\",\"uid\":\"" + UID
                                        + "\",\"ownerReferences\":[{\"apiVersion\":\"apps/v1\",\"kind\":\"StatefulSet\","
                                        + "\"name\":\"db\",\"uid\":\"1\",\"controller\":true}]",
                                "engine",
                                ID,
                                "postgres:16"),
                        pod(
                                "\"name\":\"etcd-node-1\",\"namespace\":\"kube-system\",\"uid\":\"of-its-mirror\"",
                                "etcd",
                                "6d".repeat(32),
                                "registry.k8s.io/etcd:3.6.4")),
                "/api/v1/namespaces",
                list(
                        "PartialObjectMetadataList",
                        "meta.k8s.io/v1",
                        object("\"name\":\"shop\",\"labels\":{\"team\":\"payments\"}", ""),
                        object("\"name\":\"kube-system\",\"labels\":{\"team\":\"platform\"}", "")))));
        Path client = folder.resolve("client.yaml");
        Files.writeString(client, api.clientConfiguration());
        backEnd = open(OtlpReceiver.start());
        collector = open(Collector.start(
                folder,
                Path.of("dashboards/otel/kubernetes.yaml"),
                Map.of("OTLP_ENDPOINT", backEnd.endpoint(), "KUBECONFIG", client.toString()),
                """
                extensions: {health_check: {endpoint: '127.0.0.1:%d'}}
                processors: {k8s_attributes: {auth_type: kubeConfig}}
                """.formatted(ServerProcess.freePort())));
    }

    private <T extends AutoCloseable> T open(T opened) {
        open.push(opened);
        return opened;
    }

    @AfterEach
    void stop() throws Exception {
        while (!open.isEmpty()) {
            open.pop().close();
        }
    }

    /** As an agent does: the log record of a stuck teardown, then its spans. */
    private void export(Identity identity) {
        io.opentelemetry.sdk.resources.Resource resource = io.opentelemetry.sdk.resources.Resource.builder()
                .put("service.name", "aioscope")
                .put("k8s.node.name", "node-1")
                .build();
        try (SdkTracerProvider tracers = SdkTracerProvider.builder()
                        .setResource(resource)
                        .addSpanProcessor(BatchSpanProcessor.builder(OtlpHttpSpanExporter.builder()
                                        .setEndpoint(collector.httpEndpoint() + "/v1/traces")
                                        .setTimeout(Await.LIMIT)
                                        .build())
                                .build())
                        .build();
                SdkLoggerProvider loggers = SdkLoggerProvider.builder()
                        .setResource(resource)
                        .addLogRecordProcessor(BatchLogRecordProcessor.builder(OtlpHttpLogRecordExporter.builder()
                                        .setEndpoint(collector.httpEndpoint() + "/v1/logs")
                                        .setTimeout(Await.LIMIT)
                                        .build())
                                .build())
                        .build()) {
            TeardownSpans spans = new TeardownSpans(
                    tracers.get("dev.aioscope"),
                    loggers.get("dev.aioscope"),
                    new WallClock(System::nanoTime, Clock.systemUTC()),
                    new SamplingPolicy(TeardownSpans.SLOW, 1),
                    (task, mm) -> identity);
            Teardown teardown = TeardownBuilder.busy().build();
            spans.onStuck(
                    new TeardownInProgress(teardown, 1, WaitReason.REQUESTS, 2, 0, null, List.of(), true),
                    1_500_000_000L);
            spans.onTeardown(teardown);
            for (CompletableResultCode flushed : List.of(tracers.forceFlush(), loggers.forceFlush())) {
                assertThat(flushed.join(Await.LIMIT.toSeconds(), TimeUnit.SECONDS)
                                .isSuccess())
                        .isTrue();
            }
        }
    }

    private static Map<String, String> attributes(Resource resource) {
        return resource.getAttributesList().stream()
                .collect(Collectors.toMap(
                        KeyValue::getKey,
                        attribute -> attribute.getValue().hasArrayValue()
                                ? attribute
                                        .getValue()
                                        .getArrayValue()
                                        .getValues(0)
                                        .getStringValue()
                                : attribute.getValue().getStringValue(),
                        (first, second) -> first + " and " + second,
                        TreeMap::new));
    }

    /** The resources of the root spans and of the log records. */
    private List<Map<String, String>> resources() {
        assertThat(backEnd.logs()).isNotEmpty();
        assertThat(backEnd.spans()).anyMatch(span -> span.getName().equals("io_destroy"));
        return Stream.concat(
                        backEnd.requests().stream()
                                .flatMap(request -> request.body().getResourceSpansList().stream())
                                .filter(spans -> spans.getScopeSpansList().stream()
                                        .flatMap(scope -> scope.getSpansList().stream())
                                        .anyMatch(span -> span.getName().equals("io_destroy")))
                                .map(spans -> attributes(spans.getResource())),
                        backEnd.logs().stream().map(logs -> attributes(logs.getResource())))
                .toList();
    }

    @Test
    void addsOwnerLabelsOfNamespaceAndImage() {
        export(IN_POD);
        assertThat(resources())
                .hasSizeGreaterThanOrEqualTo(2)
                .allSatisfy(resource -> assertThat(resource)
                        .isEqualTo(new TreeMap<>(Map.ofEntries(
                                Map.entry("service.name", "aioscope"),
                                Map.entry("k8s.node.name", "node-1"),
                                Map.entry("k8s.namespace.name", "shop"),
                                Map.entry("k8s.pod.name", "db-0"),
                                Map.entry("k8s.pod.uid", UID),
                                Map.entry("k8s.container.name", "engine"),
                                Map.entry("container.id", ID),
                                Map.entry("k8s.statefulset.name", "db"),
                                Map.entry("k8s.namespace.label.team", "payments"),
                                Map.entry("container.image.name", "postgres"),
                                Map.entry("container.image.repo_digests", DIGEST)))));
    }

    @Test
    void findsStaticPodByItsName() {
        export(IN_STATIC_POD);
        assertThat(resources())
                .allSatisfy(resource -> assertThat(resource)
                        .containsEntry("k8s.pod.name", "etcd-node-1")
                        .containsEntry("k8s.namespace.label.team", "platform")
                        .containsEntry("container.image.name", "registry.k8s.io/etcd"));
    }

    /** The sender has the address of a pod. */
    @Test
    void addsNothingToProcessOutsidePods() {
        export(ON_HOST);
        assertThat(resources())
                .allSatisfy(resource ->
                        assertThat(resource).isEqualTo(Map.of("service.name", "aioscope", "k8s.node.name", "node-1")));
    }

    /** Of these two, {@code wait_for_metadata} has read everything before the Collector is ready. */
    @Test
    void needsOnlyDocumentedPermissions() throws Exception {
        assertThat(api.requested()).containsExactlyInAnyOrder("/api/v1/pods", "/api/v1/namespaces");
        assertThat(Files.readString(Path.of("dashboards/traces.md")))
                .containsPattern(Pattern.compile(
                        "apiGroups: \\[\"\"\\]\\s+resources: \\[pods, namespaces\\]\\s+verbs: \\[get, list, watch\\]"));
    }
}
