package dev.aioscope.backend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.aioscope.backend.Zipkin.Span;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The whole way on the build machine's own kernel: the daemon watches the demonstration's workload, a real Collector
 * takes its spans, and a real Zipkin gives them back.
 */
class AgentBackendIT {
    private static final Path JAR = Path.of("target/aioscope.jar").toAbsolutePath();
    private static final Duration SOON = Duration.ofSeconds(60);

    @TempDir
    private static Path folder;

    private static Zipkin zipkin;
    private static Collector collector;

    @BeforeAll
    static void start() {
        assumeTrue(
                Collector.unavailable().isEmpty(), () -> Collector.unavailable().orElseThrow());
        assumeTrue(Zipkin.unavailable().isEmpty(), () -> Zipkin.unavailable().orElseThrow());
        zipkin = Zipkin.start(folder);
        collector = Collector.start(folder, zipkin.spansUrl());
    }

    @AfterAll
    static void stop() {
        if (collector != null) {
            collector.close();
        }
        if (zipkin != null) {
            zipkin.close();
        }
    }

    private static Process aioscope(Path output, Map<String, String> environment, String... arguments)
            throws Exception {
        List<String> command = new ArrayList<>(
                List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString()));
        command.addAll(List.of("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-jar", JAR.toString()));
        command.addAll(List.of(arguments));
        ProcessBuilder builder =
                new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(output.toFile());
        builder.environment().put("RUNTIME_DIRECTORY", folder.toString());
        builder.environment().put("STATE_DIRECTORY", folder.resolve("state").toString());
        builder.environment().putAll(environment);
        return builder.start();
    }

    private static void awaitLine(Path output, Process process, String text) throws Exception {
        long deadline = System.nanoTime() + SOON.toNanos();
        while (!Files.readString(output, StandardCharsets.UTF_8).contains(text)) {
            assertThat(process.isAlive() && System.nanoTime() < deadline)
                    .as("'%s' in the output of the agent: %s", text, Files.readString(output))
                    .isTrue();
            TimeUnit.MILLISECONDS.sleep(50);
        }
    }

    @ParameterizedTest
    @CsvSource({"http/protobuf", "grpc"})
    void everyCallOfTheWorkloadIsReadBackFromZipkin(String protocol) throws Exception {
        String service = "aioscope-by-" + protocol.replace('/', '-');
        String endpoint = protocol.equals("grpc") ? collector.grpcEndpoint() : collector.httpEndpoint();
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
            awaitLine(output, agent, " started: tier ");
            Path demoOutput = folder.resolve(service + "-demo.log");
            Process demo = aioscope(demoOutput, Map.of(), "demo", "--directory", folder.toString());
            assertThat(demo.waitFor(SOON.toSeconds(), TimeUnit.SECONDS)).isTrue();
            assertThat(demo.exitValue()).as(Files.readString(demoOutput)).isZero();
            spans = awaitSpans(service, demo.pid());
        } finally {
            agent.destroy();
            boolean ended = agent.waitFor(SOON.toSeconds(), TimeUnit.SECONDS);
            agent.destroyForcibly();
            assertThat(ended).as("the agent ended on SIGTERM").isTrue();
        }
        assertThat(agent.exitValue()).as(Files.readString(output)).isEqualTo(143);
        assertThat(Files.readString(output)).doesNotContain("\tat ").doesNotContain("lost");

        // What Demo.run does: seven contexts destroyed, two wrong handles, one refused io_setup.
        assertThat(named(spans, "io_destroy")).hasSize(9);
        assertThat(named(spans, "io_destroy").stream().filter(span -> "EINVAL".equals(tag(span, "error.type"))))
                .hasSize(2)
                .allSatisfy(span -> assertThat(span.tags()).containsEntry("otel.status_code", "STATUS_CODE_ERROR"));
        assertThat(named(spans, "io_setup"))
                .singleElement()
                .satisfies(span -> assertThat(span.tags()).containsEntry("error.type", "EAGAIN"));
        // One waited 300 ms for a thread inside io_submit, with its request outstanding.
        assertThat(named(spans, "io_destroy"))
                .filteredOn(span -> "1".equals(tag(span, "aio.siblings")))
                .singleElement()
                .satisfies(span -> assertThat(span.durationMicros()).isGreaterThan(250_000))
                .satisfies(span -> assertThat(span.tags())
                        .containsEntry("aio.outstanding", "1")
                        .containsEntry("aio.trigger", "destroy")
                        .containsEntry("aio.context.max_events", "8"));
    }

    private static List<Span> awaitSpans(String service, long pid) throws Exception {
        long deadline = System.nanoTime() + SOON.toNanos();
        while (true) {
            List<Span> spans = zipkin.traces(service).stream()
                    .flatMap(List::stream)
                    .filter(span -> Long.toString(pid).equals(tag(span, "process.pid")))
                    .filter(span -> span.parentId() == null)
                    .toList();
            if (spans.size() >= 10 || System.nanoTime() >= deadline) {
                return spans;
            }
            TimeUnit.MILLISECONDS.sleep(100);
        }
    }

    private static List<Span> named(List<Span> spans, String name) {
        return spans.stream().filter(span -> span.name().equals(name)).toList();
    }

    private static String tag(Span span, String name) {
        return span.tags().get(name);
    }
}
