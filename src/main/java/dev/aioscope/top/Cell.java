package dev.aioscope.top;

import dev.aioscope.host.Printable;
import java.util.List;
import java.util.function.Function;
import org.jline.utils.AttributedString;
import org.jline.utils.AttributedStringBuilder;
import org.jline.utils.AttributedStyle;

/**
 * A piece of a line.
 *
 * @param text what stands in it; what could control a terminal is replaced when it is drawn
 * @param style how
 */
record Cell(String text, AttributedStyle style) {
    static Cell plain(String text) {
        return new Cell(text, AttributedStyle.DEFAULT);
    }

    /**
     * A column of a table.
     *
     * @param name stands above it
     * @param width how many places; 0 for what is left of the line, in the last column only
     * @param isRight whether it holds numbers, which stand at the right
     * @param cell what it shows
     */
    record Column<T>(String name, int width, boolean isRight, Function<T, Cell> cell) {
        /** A column of numbers. */
        static <T> Column<T> number(String name, int width, Function<T, String> text) {
            return new Column<>(name, width, true, row -> plain(text.apply(row)));
        }

        /** A column of words. */
        static <T> Column<T> word(String name, int width, Function<T, String> text) {
            return new Column<>(name, width, false, row -> plain(text.apply(row)));
        }
    }

    /** The names of the columns. */
    static <T> AttributedString heading(List<Column<T>> columns, int room, AttributedStyle style) {
        return line(columns, column -> new Cell(column.name, style), room, style);
    }

    /** One row. */
    static <T> AttributedString row(List<Column<T>> columns, T row, int room) {
        return line(columns, column -> column.cell.apply(row), room, AttributedStyle.DEFAULT);
    }

    /**
     * A line under the columns.
     *
     * @param cells what stands under each of them
     * @param room how many places the line has
     * @param between the style of what is between the cells
     */
    static <T> AttributedString line(
            List<Column<T>> columns, Function<Column<T>, Cell> cells, int room, AttributedStyle between) {
        AttributedStringBuilder line = new AttributedStringBuilder();
        for (Column<T> column : columns) {
            if (line.columnLength() > 0) {
                line.styled(between, " ");
            }
            int width = column.width > 0 ? column.width : Math.max(0, room - line.columnLength());
            AttributedString text = fit(cells.apply(column), width);
            String space = " ".repeat(width - text.columnLength());
            if (column.isRight) {
                line.styled(between, space).append(text);
            } else {
                line.append(text).styled(between, space);
            }
        }
        return line.toAttributedString().columnSubSequence(0, room);
    }

    /** Cuts a cell to this many places: a wide character takes two, a combining one none. */
    static AttributedString fit(Cell cell, int width) {
        AttributedString text = new AttributedString(Printable.of(cell.text), cell.style);
        if (text.columnLength() <= width) {
            return text;
        }
        return new AttributedStringBuilder()
                .append(text.columnSubSequence(0, Math.max(0, width - 1)))
                .styled(cell.style, width > 0 ? "…" : "")
                .toAttributedString();
    }
}
