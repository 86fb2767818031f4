package dev.aioscope.output;

import dev.aioscope.host.Printable;
import dev.aioscope.kernel.Units;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A table whose columns are as wide as their widest cells. Lines are cut at the screen width. */
public final class Table {
    private final List<String> names;
    private final int right;
    private final List<List<String>> rows = new ArrayList<>();

    /**
     * A table without rows.
     *
     * @param right number of columns, from the left, that are aligned at the right
     */
    public Table(int right, String... names) {
        this.right = right;
        this.names = List.of(names);
    }

    /**
     * Adds a row with one cell per column; null prints {@link Units#ABSENT}. Replaces control characters, because programs
     * choose their names and paths.
     */
    public void row(@Nullable Object... cells) {
        rows.add(Arrays.stream(cells)
                .map(cell -> cell == null ? Units.ABSENT : Printable.of(cell.toString()))
                .toList());
    }

    /** All lines, starting with the column names. */
    public List<String> lines(Screen screen) {
        List<List<String>> all = new ArrayList<>(List.of(names));
        all.addAll(rows);
        int[] widths = new int[names.size()];
        for (List<String> row : all) {
            for (int i = 0; i < widths.length; i++) {
                widths[i] = Math.max(widths[i], row.get(i).length());
            }
        }
        return all.stream()
                .map(row -> line(row, widths))
                .map(line -> line.length() > screen.columns() ? line.substring(0, screen.columns() - 1) + "…" : line)
                .toList();
    }

    private String line(List<String> row, int[] widths) {
        StringBuilder line = new StringBuilder();
        for (int i = 0; i < widths.length; i++) {
            String cell = row.get(i);
            String padding = String.join("", Collections.nCopies(widths[i] - cell.length(), " "));
            line.append(i == 0 ? "" : "  ").append(i < right ? padding + cell : cell + padding);
        }
        return line.toString().stripTrailing();
    }
}
