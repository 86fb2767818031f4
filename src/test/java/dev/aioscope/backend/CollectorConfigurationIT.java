package dev.aioscope.backend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.aioscope.testing.Commands;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * A real Collector accepts the configurations that users start from, without a warning. {@link FleetIT} sends data through
 * them.
 */
class CollectorConfigurationIT {
    static Stream<Path> configurations() throws IOException {
        try (Stream<Path> files = Files.list(Path.of("dashboards/otel"))) {
            return files.sorted().toList().stream();
        }
    }

    @ParameterizedTest
    @MethodSource("configurations")
    void acceptsConfiguration(Path configuration, @TempDir Path folder) throws Exception {
        assumeTrue(
                Collector.unavailable().isEmpty(), () -> Collector.unavailable().orElseThrow());
        Path output = folder.resolve("output");
        Process collector = Commands.start(
                output,
                Map.of(
                        "OTLP_ENDPOINT", "http://127.0.0.1:1",
                        "TRACES_ENDPOINT", "http://127.0.0.1:1",
                        "LOGS_ENDPOINT", "http://127.0.0.1:1",
                        "METRICS_ENDPOINT", "http://127.0.0.1:1",
                        "KAFKA_BROKERS", "[127.0.0.1:1, 127.0.0.1:2]"),
                Collector.binary().toString(),
                "validate",
                "--config=" + configuration);
        Commands.awaitExit(collector);
        assertThat(collector.exitValue()).as(Files.readString(output)).isZero();
        assertThat(Files.readString(output)).doesNotContain("warn", "eprecated");
    }
}
