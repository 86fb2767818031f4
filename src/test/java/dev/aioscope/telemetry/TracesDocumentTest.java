package dev.aioscope.telemetry;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Compares {@code dashboards/traces.md} with the code. */
class TracesDocumentTest {
    @Test
    void listsTheSpans() throws IOException {
        assertThat(rowsBelow("| span |"))
                .containsExactlyElementsOf(Arrays.stream(SpanName.values())
                        .map(name -> "| `%s` | %s | %s |".formatted(name.label(), name.parent(), name.description()))
                        .toList());
    }

    @Test
    void listsTheAttributes() throws IOException {
        assertThat(rowsBelow("| attribute |"))
                .containsExactlyElementsOf(SpanAttribute.all().stream()
                        .map(a -> "| `%s` | %s | %s | %s |"
                                .formatted(a.key().getKey(), a.type(), a.present(), a.description()))
                        .toList());
    }

    private static List<String> rowsBelow(String header) throws IOException {
        return Files.readAllLines(Path.of("dashboards/traces.md")).stream()
                .dropWhile(line -> !line.startsWith(header))
                .takeWhile(line -> line.startsWith("|"))
                .skip(2)
                .toList();
    }
}
