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
    private static final Path PAGE = Path.of("dashboards/traces.md");

    @Test
    void listsTheSpans() throws IOException {
        assertThat(rowsBelow(PAGE, "| span |"))
                .containsExactlyElementsOf(Arrays.stream(SpanName.values())
                        .map(name -> "| `%s` | %s | %s |".formatted(name.label(), name.parent(), name.description()))
                        .toList());
    }

    @Test
    void listsTheAttributes() throws IOException {
        assertThat(rowsBelow(PAGE, "| attribute |"))
                .containsExactlyElementsOf(SpanAttribute.all().stream()
                        .filter(SpanAttribute::isOfSpans)
                        .map(TracesDocumentTest::row)
                        .toList());
    }

    static String row(SpanAttribute<?> attribute) {
        return "| `%s` | %s | %s | %s |"
                .formatted(attribute.key().getKey(), attribute.type(), attribute.present(), attribute.description());
    }

    static List<String> rowsBelow(Path page, String header) throws IOException {
        return Files.readAllLines(page).stream()
                .dropWhile(line -> !line.startsWith(header))
                .takeWhile(line -> line.startsWith("|"))
                .skip(2)
                .toList();
    }
}
