package dev.aioscope.telemetry;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

/** Compares {@code dashboards/logs.md} with the code. */
class LogsDocumentTest {
    private static final Path PAGE = Path.of("dashboards/logs.md");

    @Test
    void listsTheEvents() throws IOException {
        assertThat(TracesDocumentTest.rowsBelow(PAGE, "| event |"))
                .containsExactlyElementsOf(Arrays.stream(LogEvent.values())
                        .map(event ->
                                "| `%s` | %s | %s |".formatted(event.label(), event.severity(), event.description()))
                        .toList());
    }

    @Test
    void listsTheAttributesOfEvents() throws IOException {
        assertThat(TracesDocumentTest.rowsBelow(PAGE, "| attribute |"))
                .containsExactlyElementsOf(SpanAttribute.all().stream()
                        .filter(SpanAttribute::isOfEvents)
                        .map(TracesDocumentTest::row)
                        .toList());
    }
}
