package dev.aioscope.guest;

import dev.aioscope.audit.Clause;
import dev.aioscope.audit.Clause.ClauseKind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The table of kernels and clauses in {@code dashboards/audit.md}, with the results of {@link AuditGuestTest} on each
 * kernel. {@link #main} rewrites it with the results of the last lab run in target/guest, one with {@code -Dall}.
 */
final class KernelAuditTable {
    private static final Path DOCUMENT = Path.of("dashboards/audit.md");
    private static final String HEADER = "| clause | Linux ";

    private KernelAuditTable() {}

    /** The verdicts as the table shows them, without findings, which depend on more than the kernel. */
    static Map<String, String> verdicts(AuditOutput run) {
        Map<String, String> verdicts = new LinkedHashMap<>();
        run.states().forEach((clause, state) -> {
            if (clause.kind() != ClauseKind.FINDING) {
                verdicts.put(clause.name(), state.name().replace('_', ' '));
            }
        });
        return verdicts;
    }

    /** The column of this kernel. */
    static Map<String, String> column(String release) throws IOException {
        List<List<String>> rows = Files.readAllLines(DOCUMENT).stream()
                .dropWhile(line -> !line.startsWith(HEADER))
                .takeWhile(line -> line.startsWith("|"))
                .map(line -> List.of(line.substring(2).split(" \\| | \\|", -1)))
                .toList();
        List<String> kernels = rows.get(0);
        int column = 1;
        while (column < kernels.size() && !isOf(release, kernels.get(column))) {
            column++;
        }
        Map<String, String> verdicts = new LinkedHashMap<>();
        for (List<String> row : rows.subList(2, rows.size())) {
            verdicts.put(row.get(0), row.get(column));
        }
        return verdicts;
    }

    private static boolean isOf(String release, String kernel) {
        return release.startsWith(kernel.replace("Linux ", "") + ".");
    }

    /** Rewrites the table. The arguments are the kernels of the last lab run. */
    public static void main(String[] kernels) throws IOException {
        Map<String, Map<String, String>> found = new LinkedHashMap<>();
        for (String kernel : kernels) {
            found.put(
                    kernel,
                    verdicts(new AuditOutput(Files.readAllLines(Path.of("target/guest", kernel, "audit.json")))));
        }
        List<String> lines = new ArrayList<>();
        List<String> old = Files.readAllLines(DOCUMENT);
        old.stream().takeWhile(line -> !line.startsWith(HEADER)).forEach(lines::add);
        lines.add("| clause | Linux " + String.join(" | Linux ", kernels) + " |");
        lines.add("| --- ".repeat(kernels.length + 1) + "|");
        for (Clause clause : Clause.values()) {
            if (clause.kind() != ClauseKind.FINDING) {
                lines.add("| " + clause + " | "
                        + String.join(
                                " | ",
                                found.values().stream()
                                        .map(verdicts -> verdicts.get(clause.name()))
                                        .toList())
                        + " |");
            }
        }
        old.stream()
                .dropWhile(line -> !line.startsWith(HEADER))
                .dropWhile(line -> line.startsWith("|"))
                .forEach(lines::add);
        Files.write(DOCUMENT, lines);
    }
}
