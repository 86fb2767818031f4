package dev.aioscope.backend;

import static java.util.concurrent.TimeUnit.NANOSECONDS;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A real OpenTelemetry Collector, OTLP in by http and grpc.
 *
 * <p>The first use on a machine builds it, which takes some minutes; see {@code src/test/otelcol/build}.
 */
public final class Collector implements AutoCloseable {
    private static final Path BUILD = Path.of("src/test/otelcol/build").toAbsolutePath();
    /** The status by which {@code build} says that this machine lacks what it takes. */
    private static final int CANNOT = 3;

    private static final Duration BUILD_LIMIT = Duration.ofMinutes(20);
    private static final Duration START_LIMIT = Duration.ofMinutes(1);

    private final Server server;
    private final int httpPort;
    private final int grpcPort;

    private Collector(Server server, int httpPort, int grpcPort) {
        this.server = server;
        this.httpPort = httpPort;
        this.grpcPort = grpcPort;
    }

    /** Why there can be no Collector on this machine; empty if there can. Builds it if need be. */
    public static Optional<String> unavailable() {
        return Binary.GET.reason();
    }

    /** The program, for tests that only want a configuration checked ({@code validate --config=...}). */
    public static Path binary() {
        return Binary.GET
                .path()
                .orElseThrow(() -> new IllegalStateException(unavailable().orElseThrow()));
    }

    /**
     * Starts a Collector that sends on to {@code zipkin}, such as {@code http://127.0.0.1:9411/api/v2/spans}, and writes all
     * that it gets to its log. It has no queue: what it answers to a sender is what Zipkin answered to it.
     *
     * @param folder where it keeps its configuration and its log
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
        """);
        return start(folder, config, Map.of("ZIPKIN", zipkin), "");
    }

    /**
     * Starts a Collector with this configuration, except that it listens on free ports of loopback.
     *
     * @param folder where it keeps its log and what is changed
     * @param environment what the configuration wants
     * @param changed more that is to be otherwise, as YAML; empty for nothing
     */
    static Collector start(Path folder, Path config, Map<String, String> environment, String changed) {
        int http = Server.freePort();
        int grpc = Server.freePort();
        String name = "otelcol-" + config.getFileName();
        Path changes = folder.resolve(name);
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
              level: none
        """.formatted(http, grpc) + changed);
        Server server = Server.start(
                name,
                folder,
                environment,
                List.of(binary().toString(), "--config=" + config.toAbsolutePath(), "--config=" + changes));
        server.awaitReady(START_LIMIT, () -> Server.listens(http) && Server.listens(grpc));
        return new Collector(server, http, grpc);
    }

    private static void write(Path file, String text) {
        try {
            Files.writeString(file, text);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The value of {@code OTEL_EXPORTER_OTLP_ENDPOINT} for the protocol http/protobuf; traces go to {@code /v1/traces}. */
    public String httpEndpoint() {
        return "http://127.0.0.1:" + httpPort;
    }

    /** The value of {@code OTEL_EXPORTER_OTLP_ENDPOINT} for the protocol grpc. */
    public String grpcEndpoint() {
        return "http://127.0.0.1:" + grpcPort;
    }

    /** Its log; that to Zipkin has each span it got in words. */
    public String output() {
        return server.output();
    }

    @Override
    public void close() {
        server.close();
    }

    /** Where the binary is, or why there is none. */
    private record Binary(Optional<Path> path, Optional<String> reason) {
        static final Binary GET = locate();

        private static Binary locate() {
            try {
                Path out = Files.createTempFile("otelcol", ".out");
                Path err = Files.createTempFile("otelcol", ".err");
                try {
                    Process build = new ProcessBuilder(BUILD.toString())
                            .redirectOutput(out.toFile())
                            .redirectError(err.toFile())
                            .start();
                    build.getOutputStream().close();
                    await(build);
                    int status = build.exitValue();
                    if (status == 0) {
                        return new Binary(Optional.of(Path.of(lastLine(out))), Optional.empty());
                    }
                    if (status == CANNOT) {
                        return new Binary(Optional.empty(), Optional.of(lastLine(err)));
                    }
                    throw new IllegalStateException(
                            BUILD + " ended with status " + status + "\n" + Files.readString(err));
                } finally {
                    Files.delete(out);
                    Files.delete(err);
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        private static void await(Process build) {
            try {
                if (build.waitFor(BUILD_LIMIT.toNanos(), NANOSECONDS)) {
                    return;
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            build.destroy();
            build.onExit().join();
            throw new IllegalStateException(BUILD + " did not end in time");
        }

        private static String lastLine(Path file) throws IOException {
            List<String> lines = Files.readAllLines(file);
            return lines.isEmpty() ? "" : lines.get(lines.size() - 1);
        }
    }
}
