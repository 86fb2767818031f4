package dev.aioscope.backend;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * A real OpenTelemetry Collector with an OTLP receiver for HTTP and gRPC.
 *
 * <p>The first use on a machine builds it, which takes some minutes; see {@link BuiltProgram}.
 */
public final class Collector implements AutoCloseable {
    private static final Duration START_LIMIT = Duration.ofMinutes(1);

    private final ServerProcess server;
    private final int httpPort;
    private final int grpcPort;
    private final int metricsPort;

    private Collector(ServerProcess server, int httpPort, int grpcPort, int metricsPort) {
        this.server = server;
        this.httpPort = httpPort;
        this.grpcPort = grpcPort;
        this.metricsPort = metricsPort;
    }

    /** Why this machine cannot run the Collector; empty if it can. Builds the Collector if necessary. */
    public static Optional<String> unavailable() {
        return BuiltProgram.OTELCOL.unavailable();
    }

    /** The program, for tests that only validate a configuration ({@code validate --config=...}). */
    public static Path binary() {
        return BuiltProgram.OTELCOL.path();
    }

    /**
     * Starts a Collector that forwards spans to {@code zipkin}, such as {@code http://127.0.0.1:9411/api/v2/spans}, and
     * logs them. It has no queue: it returns Zipkin's response to the sender.
     *
     * @param folder for its configuration and its log
     */
    public static Collector start(Path folder, String zipkin) {
        Path config = folder.resolve("zipkin.yaml");
        write(config, """
        receivers:
          otlp:
            protocols:
              http:
              grpc:
        exporters:
          zipkin:
            endpoint: ${env:ZIPKIN}
            sending_queue:
              enabled: false
            retry_on_failure:
              enabled: false
          debug:
            verbosity: detailed
            use_internal_logger: false
            sending_queue:
              enabled: false
        service:
          pipelines:
            traces:
              receivers: [otlp]
              exporters: [debug, zipkin]
            logs:
              receivers: [otlp]
              exporters: [debug]
        """);
        return start(folder, config, Map.of("ZIPKIN", zipkin), "");
    }

    /**
     * Starts a Collector with this configuration, but on free loopback ports.
     *
     * @param folder for its log and the overrides
     * @param environment the variables that the configuration needs
     * @param changed further overrides as YAML; may be empty
     */
    static Collector start(Path folder, Path config, Map<String, String> environment, String changed) {
        int http = ServerProcess.freePort();
        int grpc = ServerProcess.freePort();
        int metrics = ServerProcess.freePort();
        String name = "otelcol-" + config.getFileName();
        Path changes = folder.resolve(name);
        // A receiver that no pipeline uses has no effect.
        write(changes, """
        receivers:
          otlp:
            protocols:
              http:
                endpoint: 127.0.0.1:%d
              grpc:
                endpoint: 127.0.0.1:%d
        service:
          telemetry:
            metrics:
              readers: [{pull: {exporter: {prometheus: {host: 127.0.0.1, port: %d}}}}]
        """.formatted(http, grpc, metrics));
        List<String> command = new ArrayList<>(
                List.of(binary().toString(), "--config=" + config.toAbsolutePath(), "--config=" + changes));
        if (!changed.isEmpty()) {
            Path further = folder.resolve("changed-" + name);
            write(further, changed);
            command.add("--config=" + further);
        }
        ServerProcess server = ServerProcess.start(name, folder, environment, command);
        server.awaitReady(START_LIMIT, () -> server.output().contains("Everything is ready"));
        return new Collector(server, http, grpc, metrics);
    }

    /**
     * Starts the Collector of a host.
     *
     * @param folder for its queue and its log
     * @param endpoint of the gateways
     */
    static Collector host(Path folder, String endpoint) {
        return start(
                folder,
                Path.of("dashboards/otel/agent.yaml"),
                Map.of(
                        "OTLP_ENDPOINT",
                        endpoint,
                        "QUEUE_DIRECTORY",
                        folder.resolve("queue").toString()),
                "");
    }

    /**
     * Starts a gateway.
     *
     * @param folder for its log
     * @param percentage of the traces without a finding that it keeps
     */
    static Collector gateway(Path folder, Kafka kafka, int percentage) {
        return start(
                folder,
                Path.of("dashboards/otel/to-kafka.yaml"),
                Map.of("KAFKA_BROKERS", kafka.broker(), "SAMPLING_PERCENTAGE", Integer.toString(percentage)),
                "extensions: {health_check: {endpoint: '127.0.0.1:%d'}}%n".formatted(ServerProcess.freePort()));
    }

    /**
     * Starts a reader.
     *
     * @param folder for its log
     * @param traces the URL of an OTLP/HTTP endpoint
     * @param logs the same for log records
     */
    static Collector reader(Path folder, Kafka kafka, String traces, String logs, Prometheus prometheus) {
        return start(
                folder,
                Path.of("dashboards/otel/from-kafka.yaml"),
                Map.of(
                        "KAFKA_BROKERS",
                        kafka.broker(),
                        "TRACES_ENDPOINT",
                        traces,
                        "LOGS_ENDPOINT",
                        logs,
                        "METRICS_ENDPOINT",
                        prometheus.writeUrl()),
                "");
    }

    private static void write(Path file, String text) {
        try {
            Files.writeString(file, text);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The value of {@code OTEL_EXPORTER_OTLP_ENDPOINT} for the protocol {@code grpc} or {@code http/protobuf}. */
    public String endpoint(String protocol) {
        return "http://127.0.0.1:" + (protocol.equals("grpc") ? grpcPort : httpPort);
    }

    /** The value of {@code OTEL_EXPORTER_OTLP_ENDPOINT} for the protocol http/protobuf; traces go to {@code /v1/traces}. */
    public String httpEndpoint() {
        return endpoint("http/protobuf");
    }

    /** The names of the metrics that describe this Collector. */
    Set<String> metricNames() throws IOException {
        try (InputStream metrics = URI.create("http://127.0.0.1:" + metricsPort + "/metrics")
                .toURL()
                .openStream()) {
            return new String(metrics.readAllBytes(), StandardCharsets.UTF_8)
                    .lines()
                    .filter(line -> !line.startsWith("#"))
                    .map(line -> line.replaceAll("[{ ].*", ""))
                    .collect(Collectors.toSet());
        }
    }

    ServerProcess server() {
        return server;
    }

    @Override
    public void close() {
        server.close();
    }
}
