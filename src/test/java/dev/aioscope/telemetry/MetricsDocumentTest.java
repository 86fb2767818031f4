package dev.aioscope.telemetry;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** Compares {@code dashboards/metrics.md} with the code. */
class MetricsDocumentTest {
    @Test
    void listsTheMetrics() throws IOException {
        assertThat(rowsBelow("| Prometheus |"))
                .containsExactlyElementsOf(Arrays.stream(Metric.values())
                        .map(metric -> "| `%s` | `%s` | %s | %s | %s | %s |"
                                .formatted(
                                        metric.prometheusName(),
                                        metric.otelName(),
                                        metric.type().label(),
                                        metric.unit(),
                                        metric.labels().stream()
                                                .map(label -> "`" + label.prometheusName() + "`")
                                                .collect(Collectors.joining(", ")),
                                        metric.description()))
                        .toList());
    }

    @Test
    void listsTheLabels() throws IOException {
        assertThat(rowsBelow("| label |"))
                .containsExactlyElementsOf(Arrays.stream(Metric.Label.values())
                        .map(label -> "| `%s` | `%s` | %s |"
                                .formatted(label.prometheusName(), label.attribute(), label.description()))
                        .toList());
    }

    private static List<String> rowsBelow(String header) throws IOException {
        return Files.readAllLines(Path.of("dashboards/metrics.md")).stream()
                .dropWhile(line -> !line.startsWith(header))
                .takeWhile(line -> line.startsWith("|"))
                .skip(2)
                .toList();
    }
}
