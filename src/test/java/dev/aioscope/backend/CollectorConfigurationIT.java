package dev.aioscope.backend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A real Collector accepts the configuration that users start from. */
class CollectorConfigurationIT {
    @Test
    void isValid(@TempDir Path folder) throws Exception {
        assumeTrue(
                Collector.unavailable().isEmpty(), () -> Collector.unavailable().orElseThrow());
        Path said = folder.resolve("said");
        ProcessBuilder validate = new ProcessBuilder(
                        Collector.binary().toString(), "validate", "--config=dashboards/otel/agent.yaml")
                .redirectErrorStream(true)
                .redirectOutput(said.toFile());
        validate.environment().put("TRACES_ENDPOINT", "http://127.0.0.1:1");
        validate.environment().put("METRICS_ENDPOINT", "http://127.0.0.1:1");
        Process collector = validate.start();
        assertThat(collector.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(collector.exitValue()).as(Files.readString(said)).isZero();
    }
}
