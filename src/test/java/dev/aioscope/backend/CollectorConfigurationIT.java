package dev.aioscope.backend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * A real Collector accepts the configurations that users start from. {@link FleetIT} sends something through those that
 * need no Kafka.
 */
class CollectorConfigurationIT {
    static Stream<Path> configurations() throws IOException {
        try (Stream<Path> files = Files.list(Path.of("dashboards/otel"))) {
            return files.sorted().toList().stream();
        }
    }

    @ParameterizedTest
    @MethodSource("configurations")
    void isValid(Path configuration, @TempDir Path folder) throws Exception {
        assumeTrue(
                Collector.unavailable().isEmpty(), () -> Collector.unavailable().orElseThrow());
        Path said = folder.resolve("said");
        ProcessBuilder validate = new ProcessBuilder(
                        Collector.binary().toString(), "validate", "--config=" + configuration)
                .redirectErrorStream(true)
                .redirectOutput(said.toFile());
        validate.environment().put("TRACES_ENDPOINT", "http://127.0.0.1:1");
        validate.environment().put("METRICS_ENDPOINT", "http://127.0.0.1:1");
        validate.environment().put("KAFKA_BROKERS", "[127.0.0.1:1, 127.0.0.1:2]");
        Process collector = validate.start();
        assertThat(collector.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(collector.exitValue()).as(Files.readString(said)).isZero();
    }

    @Test
    void bothGatewaysChooseTheSameTraces() throws IOException {
        assertThat(choice("gateway")).isNotEmpty().isEqualTo(choice("from-kafka"));
    }

    private static String choice(String configuration) throws IOException {
        String text = Files.readString(Path.of("dashboards/otel", configuration + ".yaml"));
        return text.substring(text.indexOf("  tail_sampling:"), text.indexOf("  batch:"));
    }
}
