package dev.aioscope.output;

import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/** The columns of {@code trace}. */
enum TraceColumn {
    TIME(12, 8, false),
    PID(7, 7, true),
    COMM(15, 12, false),
    CONTAINER(19, 19, false),
    EXECUTABLE(15, 15, false),
    TRIGGER(10, 10, false),
    HANDLE(12, 12, true),
    OUT(5, 5, true),
    WAIT(6, 6, true),
    KILL(6, 6, true),
    GRACE(6, 6, true),
    IO(6, 6, true),
    WAKE(6, 6, true),
    FREED(6, 6, true),
    RESULT(10, 10, false);

    /** Columns that a narrow screen drops, in this order. */
    private static final List<TraceColumn> OPTIONAL = List.of(EXECUTABLE, CONTAINER, FREED, KILL, WAKE, HANDLE);

    private final int width;
    private final int narrowWidth;
    private final boolean isRight;

    TraceColumn(int width, int narrowWidth, boolean isRight) {
        this.width = width;
        this.narrowWidth = narrowWidth;
        this.isRight = isRight;
    }

    /** The columns that fit into a line of this width, with their widths. */
    static Map<TraceColumn, Integer> fit(int lineWidth) {
        Map<TraceColumn, Integer> widths = new EnumMap<>(TraceColumn.class);
        for (TraceColumn column : values()) {
            widths.put(column, column.width);
        }
        for (TraceColumn column : OPTIONAL) {
            if (lineWidth(widths) > lineWidth) {
                widths.remove(column);
            }
        }
        if (lineWidth(widths) > lineWidth) {
            widths.replaceAll((column, width) -> column.narrowWidth);
        }
        return widths;
    }

    /** Width of a line with these columns, with a space between them. */
    static int lineWidth(Map<TraceColumn, Integer> widths) {
        return widths.values().stream().mapToInt(width -> width + 1).sum() - 1;
    }

    /** Pads a text, or cuts it at the end. The last column is neither padded nor cut. */
    String fit(String text, int toWidth) {
        if (this == RESULT) {
            return text;
        }
        String cut = text.length() > toWidth ? text.substring(0, toWidth) : text;
        String space = " ".repeat(toWidth - cut.length());
        return isRight ? space + cut : cut + space;
    }
}
