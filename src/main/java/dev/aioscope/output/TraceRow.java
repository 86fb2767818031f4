package dev.aioscope.output;

import dev.aioscope.host.Identity;
import dev.aioscope.host.Printable;
import dev.aioscope.kernel.Units;
import dev.aioscope.lifecycle.Context;
import dev.aioscope.lifecycle.Task;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The cells and notes of one teardown or call; a cell without a value is absent. */
final class TraceRow {
    /** How a cell is highlighted. */
    enum Highlight {
        NONE(""),
        HEADER("\u001b[1m"),
        SLOW("\u001b[33m"),
        FAILED("\u001b[31m");

        private final String code;

        Highlight(String code) {
            this.code = code;
        }

        /** The text between escape sequences. */
        String apply(String text) {
            return this == NONE ? text : code + text + "\u001b[0m";
        }
    }

    /** A value of a row. */
    record TraceCell(String text, Highlight highlight) {}

    private static final TraceCell ABSENT = new TraceCell(Units.ABSENT, Highlight.NONE);

    private final Map<TraceColumn, TraceCell> cells = new EnumMap<>(TraceColumn.class);
    private final List<String> notes = new ArrayList<>();

    TraceRow(String time, @Nullable Task task) {
        put(TraceColumn.TIME, time);
        if (task != null) {
            put(TraceColumn.PID, Integer.toString(task.pid()));
            put(TraceColumn.COMM, Printable.of(task.comm()));
        }
    }

    void put(TraceColumn column, String text) {
        put(column, text, Highlight.NONE);
    }

    void put(TraceColumn column, String text, Highlight highlight) {
        cells.put(column, new TraceCell(text, highlight));
    }

    void putNumber(TraceColumn column, @Nullable Integer number) {
        if (number != null) {
            put(column, number.toString());
        }
    }

    void putHandle(long handle) {
        put(TraceColumn.HANDLE, Long.toHexString(handle));
    }

    void putHandle(Context context) {
        if (context.handle() != 0) {
            putHandle(context.handle());
        }
    }

    /** Highlights a duration of at least {@code slow} ns. */
    void putDuration(TraceColumn column, @Nullable Long nanos, long slow) {
        put(column, Units.duration(nanos), nanos != null && nanos >= slow ? Highlight.SLOW : Highlight.NONE);
    }

    void putIdentity(Identity identity) {
        String program = identity.executableName();
        identity.container().ifPresent(container -> put(TraceColumn.CONTAINER, Printable.of(container.label())));
        if (program != null) {
            put(TraceColumn.EXECUTABLE, Printable.of(program));
        }
    }

    void note(String note) {
        notes.add(note);
    }

    TraceCell cell(TraceColumn column) {
        return cells.getOrDefault(column, ABSENT);
    }

    /** The notes, separated with commas; may be empty. */
    String notes() {
        return String.join(", ", notes);
    }
}
