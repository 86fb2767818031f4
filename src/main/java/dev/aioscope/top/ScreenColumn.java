package dev.aioscope.top;

import java.util.List;
import java.util.function.Function;
import org.jline.utils.AttributedString;
import org.jline.utils.AttributedStringBuilder;
import org.jline.utils.AttributedStyle;

/**
 * A column of a table on the screen.
 *
 * @param name the heading
 * @param width in terminal columns; 0 for the rest of the line, in the last column only
 * @param isRight whether to align at the right, as numbers are
 * @param cell makes the cell of a row
 */
record ScreenColumn<T>(String name, int width, boolean isRight, Function<T, StyledText> cell) {
    /** A column of numbers. */
    static <T> ScreenColumn<T> number(String name, int width, Function<T, String> text) {
        return new ScreenColumn<>(name, width, true, row -> StyledText.plain(text.apply(row)));
    }

    /** A column of text. */
    static <T> ScreenColumn<T> text(String name, int width, Function<T, String> text) {
        return new ScreenColumn<>(name, width, false, row -> StyledText.plain(text.apply(row)));
    }

    /** The headings of the columns. */
    static <T> AttributedString heading(List<ScreenColumn<T>> columns, int width) {
        return line(columns, column -> new StyledText(column.name, Theme.HEADING), width, Theme.HEADING);
    }

    /** The cells of one row. */
    static <T> AttributedString row(List<ScreenColumn<T>> columns, T row, int width) {
        return line(columns, column -> column.cell.apply(row), width, Theme.PLAIN);
    }

    /**
     * A line with a cell for each column.
     *
     * @param width of the line
     * @param spacing style of the space between cells
     */
    static <T> AttributedString line(
            List<ScreenColumn<T>> columns,
            Function<ScreenColumn<T>, StyledText> cells,
            int width,
            AttributedStyle spacing) {
        AttributedStringBuilder line = new AttributedStringBuilder();
        for (ScreenColumn<T> column : columns) {
            if (line.columnLength() > 0) {
                line.styled(spacing, " ");
            }
            int cellWidth = column.width > 0 ? column.width : Math.max(0, width - line.columnLength());
            AttributedString text = cells.apply(column).fit(cellWidth);
            String space = " ".repeat(cellWidth - text.columnLength());
            if (column.isRight) {
                line.styled(spacing, space).append(text);
            } else {
                line.append(text).styled(spacing, space);
            }
        }
        return line.toAttributedString().columnSubSequence(0, width);
    }

    /** Width that these columns leave free. */
    static <T> int remaining(List<ScreenColumn<T>> columns, int width) {
        return width - columns.stream().mapToInt(column -> column.width + 1).sum();
    }
}
