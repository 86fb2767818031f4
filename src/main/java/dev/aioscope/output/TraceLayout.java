package dev.aioscope.output;

import dev.aioscope.output.TraceRow.Highlight;
import dev.aioscope.output.TraceRow.TraceCell;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.Supplier;

/** Lays out rows as lines under a header that is repeated on every screen. Drops columns that do not fit. */
final class TraceLayout {
    private final Supplier<Screen> screens;
    private Screen screen = Screen.FILE;
    private Map<TraceColumn, Integer> widths = Map.of();
    private int linesLeft;

    /** Reads the screen size before each header, because a window can be resized. */
    TraceLayout(Supplier<Screen> screens) {
        this.screens = screens;
    }

    /** The line of a row, with its notes at the end or on a second line. */
    String row(TraceRow row) {
        StringBuilder lines = new StringBuilder();
        if (linesLeft <= 0) {
            startScreen(lines);
        }
        linesLeft--;
        lines.append(line(row::cell));
        String notes = row.notes();
        if (!notes.isEmpty()) {
            int padding = widths.getOrDefault(TraceColumn.RESULT, 0)
                    - row.cell(TraceColumn.RESULT).text().length();
            if (TraceColumn.lineWidth(widths) + 1 + notes.length() <= screen.columns()) {
                lines.append(" ".repeat(Math.max(0, padding) + 1)).append(styled(notes, Highlight.SLOW));
            } else {
                lines.append(styled(wrapped(indent(), "└ ", notes), Highlight.SLOW));
            }
        }
        return lines.toString();
    }

    /** Text below a row, wrapped, with a line separator before it. */
    String wrapped(String prefix, String text) {
        return wrapped(indent() + 2, prefix, text);
    }

    private String wrapped(int indent, String prefix, String text) {
        String lines =
                screen.wrap(" ".repeat(indent) + prefix, indent + 2, text).stripTrailing();
        linesLeft -= (int) lines.lines().count();
        return System.lineSeparator() + lines;
    }

    /** A title and lines below a row, with a line separator before each. */
    String list(String title, List<String> lines) {
        linesLeft -= lines.size() + 1;
        String indent = System.lineSeparator() + " ".repeat(indent());
        return indent + title + indent + "  " + String.join(indent + "  ", lines);
    }

    private int indent() {
        return widths.getOrDefault(TraceColumn.TIME, 0) + 1;
    }

    private void startScreen(StringBuilder lines) {
        screen = screens.get();
        linesLeft = screen.rows() - 2;
        widths = TraceColumn.fit(screen.columns());
        lines.append(line(column -> new TraceCell(column.name(), Highlight.HEADER)))
                .append(System.lineSeparator());
    }

    private String line(Function<TraceColumn, TraceCell> cells) {
        StringBuilder line = new StringBuilder();
        widths.forEach((column, width) -> {
            TraceCell cell = cells.apply(column);
            line.append(line.isEmpty() ? "" : " ").append(styled(column.fit(cell.text(), width), cell.highlight()));
        });
        return line.toString();
    }

    private String styled(String text, Highlight highlight) {
        return screen.colours() ? highlight.apply(text) : text;
    }
}
