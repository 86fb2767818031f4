package dev.aioscope.backend;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aioscope.backend.Zipkin.Span;
import dev.aioscope.testing.Aioscope;
import dev.aioscope.testing.Await;
import dev.aioscope.testing.Commands;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The full path on the kernel of the build machine: the daemon traces the demo workload, a Collector receives its
 * spans, and Zipkin returns them.
 */
class AgentBackendIT {
    @TempDir
    private static Path folder;

    private static TraceBackend backend;

    @BeforeAll
    static void start() {
        backend = TraceBackend.start(folder);
    }

    @AfterAll
    static void stop() {
        if (backend != null) {
            backend.close();
        }
    }

    private static Process aioscope(Path output, Map<String, String> environment, String... arguments)
            throws Exception {
        Map<String, String> all = new HashMap<>(environment);
        all.put("RUNTIME_DIRECTORY", folder.toString());
        all.put("STATE_DIRECTORY", folder.resolve("state").toString());
        return Commands.start(output, all, Aioscope.command(arguments));
    }

    @ParameterizedTest
    @CsvSource({"http/protobuf", "grpc"})
    void deliversSpanOfEveryCallToZipkin(String protocol) throws Exception {
        String service = "aioscope-by-" + protocol.replace('/', '-');
        String endpoint = backend.collector().endpoint(protocol);
        Path output = folder.resolve(service + ".log");
        Process agent = aioscope(
                output,
                Map.of(
                        "OTEL_EXPORTER_OTLP_ENDPOINT", endpoint,
                        "OTEL_EXPORTER_OTLP_PROTOCOL", protocol,
                        "OTEL_SERVICE_NAME", service,
                        "OTEL_BSP_SCHEDULE_DELAY", "500"),
                "run",
                "--allow-syscall-tier",
                "--sampling-ratio",
                "1");
        List<Span> spans;
        try {
            Commands.awaitText(agent, output, " started: tier ");
            Path demoOutput = folder.resolve(service + "-demo.log");
            Process demo = aioscope(demoOutput, Map.of(), "demo", "--directory", folder.toString());
            Commands.awaitExit(demo);
            assertThat(demo.exitValue()).as(Files.readString(demoOutput)).isZero();
            spans = Await.value(
                    "the spans of ten calls", () -> rootSpans(service, demo.pid()), found -> found.size() >= 10);
            Commands.stop(agent, "TERM", 0, output);
        } finally {
            agent.destroyForcibly();
        }
        assertThat(Files.readString(output)).doesNotContainIgnoringCase("lost");

        // DemoWorkload destroys seven contexts, uses two wrong handles, and has one io_setup refused.
        assertThat(named(spans, "io_destroy")).hasSize(9);
        assertThat(named(spans, "io_destroy").stream().filter(span -> "EINVAL".equals(tag(span, "error.type"))))
                .hasSize(2)
                .allSatisfy(span -> assertThat(span.tags()).containsEntry("otel.status_code", "STATUS_CODE_ERROR"));
        assertThat(named(spans, "io_setup"))
                .singleElement()
                .satisfies(span -> assertThat(span.tags()).containsEntry("error.type", "EAGAIN"));
        // One destroy waited 300 ms for a thread inside io_submit, with one request outstanding.
        assertThat(named(spans, "io_destroy"))
                .filteredOn(span -> "1".equals(tag(span, "aio.siblings")))
                .singleElement()
                .satisfies(span -> assertThat(span.durationMicros()).isGreaterThan(250_000))
                .satisfies(span -> assertThat(span.tags())
                        .containsEntry("aio.outstanding", "1")
                        .containsEntry("aio.trigger", "destroy")
                        .containsEntry("aio.context.max_events", "8"));
    }

    private static List<Span> rootSpans(String service, long pid) {
        return backend.zipkin().rootSpans(service, pid);
    }

    private static List<Span> named(List<Span> spans, String name) {
        return spans.stream().filter(span -> span.name().equals(name)).toList();
    }

    private static String tag(Span span, String name) {
        return span.tags().get(name);
    }
}
