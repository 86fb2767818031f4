package dev.aioscope.guest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aioscope.backend.OtlpReceiver;
import dev.aioscope.testing.Aioscope;
import dev.aioscope.testing.Await;
import dev.aioscope.testing.Commands;
import io.opentelemetry.proto.common.v1.KeyValue;
import io.opentelemetry.proto.logs.v1.LogRecord;
import io.opentelemetry.proto.trace.v1.Span;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The daemon in the tier full on a node with cgroup v2 names a pod everywhere, also after the end of the pod. */
@Tag("guest")
@Tag("turn2")
class PodGuestTest {
    private static final String UID = "01234567-89ab-cdef-0123-456789abcdef";
    private static final String ID = "5c".repeat(32);

    /** As kubelet and containerd make it with systemd. */
    private static final Path CGROUP = Path.of(
            "/sys/fs/cgroup/kubepods.slice/kubepods-besteffort.slice",
            "kubepods-besteffort-pod" + UID.replace('-', '_') + ".slice",
            "cri-containerd-" + ID + ".scope");

    /** As kubelet makes it; only its name matters. */
    private static final Path LINK = Path.of("/var/log/containers/db-0_shop_engine-" + ID + ".log");

    private static final List<String> IN_POD = List.of(
            "sh",
            "-c",
            "echo $$ >" + CGROUP + "/cgroup.procs && exec unshare --uts sh -c 'hostname db-0 && exec \"$@\"' sh \"$@\"",
            "sh");

    private static final Map<String, String> NAMES = Map.of(
            "k8s.namespace.name", "shop",
            "k8s.pod.name", "db-0",
            "k8s.pod.uid", UID,
            "k8s.container.name", "engine",
            "container.id", ID,
            "container.runtime.name", "containerd");

    @TempDir
    private Path folder;

    private OtlpReceiver backEnd;
    private Process agent;

    @BeforeEach
    void start() throws IOException {
        Files.createDirectories(CGROUP);
        Files.createDirectories(LINK.getParent());
        Files.createSymbolicLink(LINK, Path.of("/nowhere"));
        backEnd = OtlpReceiver.start();
        Path log = folder.resolve("run.log");
        agent = Commands.start(
                log,
                Map.of("OTEL_EXPORTER_OTLP_ENDPOINT", backEnd.endpoint()),
                Aioscope.command("run", "--tier", "full", "--recorder-directory", folder.toString()));
        Commands.awaitText(agent, log, " started: tier full");
    }

    @AfterEach
    void stop() throws IOException {
        Files.deleteIfExists(LINK);
        Commands.stop(agent, "TERM", 0, folder.resolve("run.log"));
        backEnd.close();
    }

    @Test
    void namesPodOfHolderAndOfStuckTeardown() throws IOException {
        try (BlockingDevice device = BlockingDevice.suspended();
                AioWork work = AioWork.startThrough(
                        IN_POD, "destroy", "--outstanding", "2", "--device", device.path(), "--wait")) {
            work.await("ready");
            assertNamed("aio_process_event_usage{");
            work.proceed();
            assertNamed("aio_context_teardown_stuck{");
            Await.until("the log event", () -> event("aio.teardown.stuck").isPresent());
            assertThat(attributes(event("aio.teardown.stuck").orElseThrow().getAttributesList()))
                    .containsAllEntriesOf(NAMES);

            // The pod ends: kubelet removes the link, and the runtime the cgroup.
            Files.delete(LINK);
            device.release();
            work.finish();
            Files.delete(CGROUP);
        }
        Await.until("the span", () -> root().isPresent());
        assertThat(attributes(root().orElseThrow().getAttributesList())).containsAllEntriesOf(NAMES);
        Await.until("the last log event", () -> event("aio.teardown.over").isPresent());
        assertThat(attributes(event("aio.teardown.over").orElseThrow().getAttributesList()))
                .containsAllEntriesOf(NAMES);
        assertThat(teardown())
                .containsEntry("pod_namespace", "shop")
                .containsEntry("pod_name", "db-0")
                .containsEntry("pod_uid", UID)
                .containsEntry("container_name", "engine")
                .containsEntry("container_id", ID);
    }

    /** Waits for a series of this metric with the names as labels. */
    private static void assertNamed(String metric) throws IOException {
        MetricsScrape.await(scrape -> scrape.text()
                .lines()
                .filter(line -> line.startsWith(metric) && line.contains("process_executable_name=\"aiowork\""))
                .anyMatch(line -> NAMES.entrySet().stream()
                        .allMatch(name ->
                                line.contains(name.getKey().replace('.', '_') + "=\"" + name.getValue() + "\""))));
    }

    private Optional<LogRecord> event(String name) {
        return backEnd.logs().stream()
                .flatMap(resource -> resource.getScopeLogsList().stream())
                .flatMap(scope -> scope.getLogRecordsList().stream())
                .filter(record -> record.getEventName().equals(name))
                .findFirst();
    }

    private Optional<Span> root() {
        return backEnd.spans().stream()
                .filter(span -> span.getName().equals("io_destroy")
                        && "aiowork".equals(attributes(span.getAttributesList()).get("process.executable.name")))
                .findFirst();
    }

    private static Map<String, String> attributes(List<KeyValue> attributes) {
        return attributes.stream()
                .collect(Collectors.toMap(
                        KeyValue::getKey,
                        attribute -> attribute.getValue().getStringValue(),
                        (first, second) -> first + " and " + second,
                        TreeMap::new));
    }

    /** The caller of the ended teardown in /api/teardowns. */
    private static Map<String, String> teardown() throws IOException {
        try (InputStream body =
                URI.create("http://127.0.0.1:9464/api/teardowns").toURL().openStream()) {
            JsonNode document = JsonMapper.shared().readTree(new String(body.readAllBytes(), StandardCharsets.UTF_8));
            return document.findParents("pod_uid").stream()
                    .filter(found -> found.path("end").asString("").equals("complete"))
                    .map(found -> found.propertyStream()
                            .filter(property -> property.getValue().isString())
                            .collect(Collectors.toMap(
                                    Map.Entry::getKey,
                                    property -> property.getValue().asString())))
                    .findFirst()
                    .orElseThrow(() -> new AssertionError(document));
        }
    }
}
