package dev.aioscope.audit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aioscope.probe.Tier;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Compares {@code dashboards/audit.md} with the registry of clauses. */
class AuditDocumentTest {
    private static final Path DOCUMENT = Path.of("dashboards/audit.md");

    /** The expected row of each clause. */
    static List<String> rows() {
        return Stream.of(Clause.values())
                .map(clause -> "| %s | %s | %s | %s | %s | %s |"
                        .formatted(
                                clause,
                                clause.kind().label(),
                                clause.text(),
                                clause.observed(),
                                tier(clause),
                                remark(clause)))
                .toList();
    }

    private static String tier(Clause clause) {
        return clause.hiddenIn(Tier.SYSCALL, true) == null
                ? "syscall"
                : clause.hiddenIn(Tier.FULL, true) == null ? "full" : "none";
    }

    private static String remark(Clause clause) {
        return Objects.requireNonNullElse(
                clause.difference(), Objects.requireNonNullElse(clause.hiddenIn(Tier.FULL, false), ""));
    }

    @Test
    void listsAllClauses() throws IOException {
        assertThat(Files.readAllLines(DOCUMENT).stream()
                        .dropWhile(line -> !line.startsWith("| clause | kind |"))
                        .takeWhile(line -> line.startsWith("|"))
                        .skip(2)
                        .map(line -> line.replaceAll(" +\\|", " |"))
                        .toList())
                .containsExactlyElementsOf(rows().stream()
                        .map(line -> line.replaceAll(" +\\|", " |"))
                        .toList());
    }
}
