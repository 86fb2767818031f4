package dev.aioscope.top;

import static dev.aioscope.top.Numbers.digits;
import static dev.aioscope.top.Numbers.orAbsent;
import static dev.aioscope.top.Numbers.perSecond;
import static dev.aioscope.top.Numbers.share;

import dev.aioscope.host.Container;
import dev.aioscope.host.GroupBy;
import dev.aioscope.inventory.Inventory;
import dev.aioscope.kernel.Units;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import org.jline.utils.AttributedString;

/** The list of holders, with a last line for what no context accounts for. */
record HolderTable(HeaderInfo header, Theme theme) {
    /** Widths in columns from which more is shown. */
    private static final int MIN_FOR_USER = 100;

    private static final int MIN_FOR_CONTAINER = 120;
    private static final int MIN_FOR_COMMAND_LINE = 30;

    private static final int MIN_FOR_NAME = 12;

    /** Columns that a screen narrower than 80 columns drops, in this order. */
    private static final List<String> OPTIONAL = List.of("P50", "UNREAP", "SHARE", "D/S", "CTX");

    /**
     * At most {@code height} lines, with the selected row as close to the middle as the ends allow.
     *
     * @param isSelectable whether to mark the selected row
     */
    List<AttributedString> lines(TopModel model, Frame frame, int width, int height, boolean isSelectable) {
        Inventory inventory = frame.scan().inventory();
        List<ScreenColumn<HolderRow>> columns = columns(model, inventory, width);
        List<AttributedString> lines = new ArrayList<>();
        lines.add(heading(columns, model.sort(), width));
        List<HolderRow> rows = model.rows();
        int selected = model.selectedIndex(rows);
        int visible = Math.max(0, height - 2);
        int from = Math.max(0, Math.min(selected - visible / 2, rows.size() - visible));
        for (int i = from; i < Math.min(rows.size(), from + visible); i++) {
            AttributedString line = ScreenColumn.row(columns, rows.get(i), width);
            lines.add(isSelectable && i == selected ? new AttributedString(line.toString(), Theme.SELECTED) : line);
        }
        lines.add(unattributed(columns, inventory, width));
        return lines;
    }

    private static AttributedString heading(List<ScreenColumn<HolderRow>> columns, Sort sort, int width) {
        return ScreenColumn.line(
                columns,
                column -> new StyledText(
                        column.name(), column.name().equals(sort.column()) ? Theme.HEADING.inverse() : Theme.HEADING),
                width,
                Theme.HEADING);
    }

    private List<ScreenColumn<HolderRow>> columns(TopModel model, Inventory inventory, int width) {
        boolean isProcess = model.groupBy() == GroupBy.PROCESS;
        List<ScreenColumn<HolderRow>> columns = new ArrayList<>(List.of(
                isProcess
                        ? ScreenColumn.number("PID", 7, row -> orAbsent(row.pid(model.groupBy())))
                        : ScreenColumn.number(
                                "PROCS", 7, row -> orAbsent(row.members().size())),
                ScreenColumn.number("CTX", 4, row -> digits(row.contexts().size(), 4)),
                ScreenColumn.number("CHARGE", 7, row -> orAbsent(row.charge())),
                ScreenColumn.number("SHARE", 5, row -> share(row.charge(), inventory)),
                ScreenColumn.number("OUT", 5, row -> digits(row.outstanding(), 5)),
                ScreenColumn.number("UNREAP", 6, row -> digits(row.unreaped(), 6)),
                ScreenColumn.number(
                        "D/S", 4, row -> perSecond(header.observesCalls() ? row.destroysPerSecond() : null)),
                ScreenColumn.number(
                        "P50", 6, row -> Units.duration(row.latencies().percentile(0.5))),
                ScreenColumn.number(
                        "P99", 6, row -> Units.duration(row.latencies().percentile(0.99))),
                new ScreenColumn<>("OLDEST", 6, true, this::oldest)));
        if (isProcess && width >= MIN_FOR_USER) {
            columns.add(
                    ScreenColumn.text("USER", 10, row -> orAbsent(row.identity().user())));
        }
        if (isProcess && width >= MIN_FOR_CONTAINER) {
            columns.add(ScreenColumn.text(
                    "CONTAINER",
                    24,
                    row -> row.identity().container().map(Container::label).orElse(Units.ABSENT)));
        }
        for (String name : OPTIONAL) {
            columns.removeIf(
                    column -> column.name().equals(name) && ScreenColumn.remaining(columns, width) < MIN_FOR_NAME);
        }
        int remaining = ScreenColumn.remaining(columns, width);
        columns.add(ScreenColumn.text(
                isProcess ? "COMMAND" : model.groupBy().name(),
                0,
                row -> isProcess && remaining >= MIN_FOR_COMMAND_LINE
                        ? row.command()
                        : row.name().isEmpty() ? Units.ABSENT : row.name()));
        return columns;
    }

    private StyledText oldest(HolderRow row) {
        return new StyledText(Units.duration(row.oldest()), row.oldest() == null ? Theme.PLAIN : theme.notable());
    }

    private static AttributedString unattributed(
            List<ScreenColumn<HolderRow>> columns, Inventory inventory, int width) {
        BigInteger unattributed = inventory.unattributed();
        return ScreenColumn.line(
                columns,
                column -> StyledText.plain(
                        switch (column.name()) {
                            case "CHARGE" -> orAbsent(unattributed);
                            case "SHARE" -> share(unattributed, inventory);
                            default -> column.width() == 0 ? "unattributed" : "";
                        }),
                width,
                Theme.PLAIN);
    }
}
