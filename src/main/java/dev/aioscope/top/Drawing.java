package dev.aioscope.top;

import dev.aioscope.host.Container;
import dev.aioscope.host.GroupBy;
import dev.aioscope.inventory.Inventory;
import dev.aioscope.inventory.LiveContext;
import dev.aioscope.lifecycle.Task;
import dev.aioscope.lifecycle.TeardownInProgress;
import dev.aioscope.probe.ScanGaps;
import dev.aioscope.probe.Tier;
import dev.aioscope.top.ActivityLine.Grade;
import dev.aioscope.top.ActivityLine.Phases;
import dev.aioscope.top.Cell.Column;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jline.utils.AttributedString;
import org.jline.utils.AttributedStringBuilder;
import org.jline.utils.AttributedStyle;
import org.jspecify.annotations.Nullable;

/** Makes lines of a model, for a screen of any size. No colour says what a word or a sign does not say too. */
public final class Drawing {
    private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("HH:mm:ss");

    private static final AttributedStyle PLAIN = AttributedStyle.DEFAULT;
    private static final AttributedStyle BOLD = PLAIN.bold();
    private static final AttributedStyle HEADING = PLAIN.bold().underline();
    private static final AttributedStyle SELECTED = PLAIN.inverse();

    /** Widths from which more is shown. */
    private static final int FOR_USER = 100;

    private static final int FOR_CONTAINER = 120;
    private static final int FOR_COMMAND_LINE = 30;

    private static final int FOR_NAME = 12;

    /** What a screen narrower than 80 columns does without, the first of them first. */
    private static final List<String> DISPENSABLE = List.of("P50", "UNREAP", "SHARE", "D/S", "CTX");

    private static final int BESIDE_THE_BAR = 58;

    private static final int MOST_STACKS = 10;

    private static final double HIGH = 0.75;
    private static final double VERY_HIGH = 0.9;

    private final HeaderInfo about;
    private final Function<@Nullable Long, String> durations;
    private final Function<List<Long>, List<String>> functions;
    private final ZoneId zone;
    private final boolean isColoured;
    private final String absent;

    /**
     * Draws for a terminal, or a file.
     *
     * @param durations how a duration in ns is written; null is one that was not seen
     * @param functions names the functions of the kernel in which addresses lie
     * @param zone of the times of day
     * @param isColoured whether there may be colours
     */
    public Drawing(
            HeaderInfo about,
            Function<@Nullable Long, String> durations,
            Function<List<Long>, List<String>> functions,
            ZoneId zone,
            boolean isColoured) {
        this.about = about;
        this.durations = durations;
        this.functions = functions;
        this.zone = zone;
        this.isColoured = isColoured;
        this.absent = durations.apply(null);
    }

    private AttributedStyle colour(int colour) {
        return isColoured ? PLAIN.foreground(colour) : PLAIN;
    }

    private AttributedStyle notable() {
        return colour(AttributedStyle.YELLOW).bold();
    }

    private AttributedStyle failed() {
        return colour(AttributedStyle.RED).bold();
    }

    private AttributedStyle calm() {
        return colour(AttributedStyle.CYAN);
    }

    // ---- the whole screen ----

    /**
     * The lines of a screen, as many as it has rows at most, none wider than it is.
     *
     * @param notice what to say for once instead of what the tier costs; empty for nothing
     */
    public List<AttributedString> lines(TopModel model, String notice, int columns, int rows) {
        List<AttributedString> lines = new ArrayList<>(header(model, notice, columns));
        int room = Math.max(0, rows - lines.size() - 1);
        lines.addAll(
                switch (model.page()) {
                    case LIST -> list(model, columns, room);
                    case DETAIL -> window(detail(model, columns), model.scroll(), room);
                    case HELP -> window(help(), model.scroll(), room);
                });
        while (lines.size() < rows - 1) {
            lines.add(AttributedString.EMPTY);
        }
        lines.add(footer(model));
        return lines.stream()
                .limit(rows)
                .map(line -> line.columnSubSequence(0, columns))
                .toList();
    }

    /** The same model, scrolled no further than there is something to see. */
    public TopModel fitted(TopModel model, String notice, int columns, int rows) {
        int room = Math.max(1, rows - header(model, notice, columns).size() - 1);
        int lines = switch (model.page()) {
            case LIST -> 0;
            case DETAIL -> detail(model, columns).size();
            case HELP -> help().size();
        };
        return model.withScrollAtMost(Math.max(0, lines - room));
    }

    /** Everything at once, for a file. */
    public List<String> text(TopModel model, int columns) {
        List<AttributedString> lines = new ArrayList<>(header(model, "", columns));
        Frame picture = model.picture();
        if (picture != null) {
            lines.addAll(table(model, picture, columns, model.rows().size() + 2, false));
            List<ActivityLine> happenings = happenings(picture);
            if (!happenings.isEmpty()) {
                lines.addAll(happenings(picture, happenings, columns, happenings.size() + 1));
            }
        }
        return lines.stream().map(line -> line.toString().stripTrailing()).toList();
    }

    private static List<AttributedString> window(List<AttributedString> lines, int scroll, int room) {
        int from = Math.min(scroll, Math.max(0, lines.size() - room));
        return lines.subList(from, Math.min(lines.size(), from + room));
    }

    // ---- the header ----

    private List<AttributedString> header(TopModel model, String notice, int columns) {
        List<AttributedString> lines = new ArrayList<>();
        Frame picture = model.picture();
        lines.add(title(model, picture));
        if (picture != null) {
            lines.add(quota(picture.view().snapshot(), columns));
            lines.add(rates(picture));
            ScanGaps unseen = picture.view().snapshot().unseen();
            Stream.of(unseen.unreadableText(), unseen.partialText())
                    .flatMap(Optional::stream)
                    .forEach(gap -> lines.add(Cell.fit(new Cell(gap, notable()), columns)));
        }
        if (!notice.isEmpty()) {
            lines.add(Cell.fit(new Cell(notice, notable()), notice.length()));
        } else if (!about.caution().isEmpty()) {
            lines.add(new AttributedString(about.caution()));
        }
        return lines;
    }

    private AttributedString title(TopModel model, @Nullable Frame picture) {
        AttributedStringBuilder line = new AttributedStringBuilder().styled(BOLD, "aioscope top");
        if (model.isPaused()) {
            line.append("  ").styled(SELECTED, " PAUSED ");
        }
        String time = picture == null ? absent : time(picture, picture.view().time());
        return line.append("  " + time + "  " + about.host() + "  Linux " + about.kernel() + "  tier ")
                .styled(BOLD, about.tier().label())
                .append("  engine " + about.engine())
                .toAttributedString();
    }

    private String time(Frame picture, long boottime) {
        return TIME.format(
                Instant.ofEpochSecond(0, boottime + picture.epochOffset()).atZone(zone));
    }

    private AttributedString quota(Inventory snapshot, int columns) {
        AttributedStringBuilder line = new AttributedStringBuilder().append("aio-nr ");
        Long nr = snapshot.aioNr();
        Long max = snapshot.aioMaxNr();
        if (nr != null && max != null && max > 0) {
            double used = (double) nr / max;
            AttributedStyle style = used >= VERY_HIGH ? failed() : used >= HIGH ? notable() : calm();
            int width = Math.max(8, Math.min(60, columns - BESIDE_THE_BAR));
            int full = (int) Math.min(width, Math.ceil(used * width));
            line.append("[")
                    .styled(style, "|".repeat(full))
                    .append(" ".repeat(width - full))
                    .append("] ");
            String mark = used >= VERY_HIGH ? "!! " : used >= HIGH ? "! " : "";
            line.styled(BOLD, Long.toString(nr)).append(" of " + max + "  ").styled(style, mark + share(nr, snapshot));
        } else {
            line.append(number(nr) + " of " + number(max));
        }
        return line.append("  unattributed " + number(snapshot.unattributed())).toAttributedString();
    }

    private AttributedString rates(Frame picture) {
        Activity.Figures figures = picture.figures();
        AttributedStringBuilder line = new AttributedStringBuilder();
        line.append("set-ups " + perSecond(figures.setupsPerSecond()) + "/s");
        line.append("  destroys " + perSecond(figures.destroysPerSecond()) + "/s");
        counter(line, "refusals", about.seesCalls() ? (Long) figures.refusals() : null, failed());
        counter(line, "failed calls", about.seesCalls() ? (Long) figures.failedCalls() : null, PLAIN);
        counter(line, "in teardown", (long) picture.inProgress().size(), PLAIN);
        counter(line, "lost", picture.lost(), notable());
        return line.toAttributedString();
    }

    private void counter(AttributedStringBuilder line, String name, @Nullable Long count, AttributedStyle style) {
        String text = name + " " + number(count);
        line.append("  ").styled(count == null || count == 0 ? PLAIN : style, text);
    }

    // ---- the list ----

    private List<AttributedString> list(TopModel model, int columns, int room) {
        Frame picture = model.picture();
        if (picture == null) {
            return List.of(new AttributedString("Looking for contexts …"));
        }
        List<ActivityLine> happenings = happenings(picture);
        int below = room < 10 ? 0 : room / 3;
        List<AttributedString> lines = new ArrayList<>(table(model, picture, columns, room - below, true));
        if (below > 0) {
            while (lines.size() < room - below) {
                lines.add(AttributedString.EMPTY);
            }
            lines.addAll(happenings(picture, happenings, columns, below));
        }
        return lines;
    }

    /** The main list with the selected row in its middle, or as near as the ends allow, and what nobody holds. */
    private List<AttributedString> table(TopModel model, Frame picture, int columns, int room, boolean isSelectable) {
        Inventory snapshot = picture.view().snapshot();
        List<Column<HolderRow>> shown = columns(model, snapshot, columns);
        List<AttributedString> lines = new ArrayList<>();
        lines.add(headingOfRows(shown, model.sort(), columns));
        List<HolderRow> rows = model.rows();
        int place = model.place(rows);
        int fit = Math.max(0, room - 2);
        int from = Math.max(0, Math.min(place - fit / 2, rows.size() - fit));
        for (int i = from; i < Math.min(rows.size(), from + fit); i++) {
            boolean isSelected = isSelectable && i == place;
            AttributedString line = Cell.row(shown, rows.get(i), columns);
            lines.add(isSelected ? new AttributedString(line.toString(), SELECTED) : line);
        }
        lines.add(unattributed(shown, snapshot, columns));
        return lines;
    }

    private static AttributedString headingOfRows(List<Column<HolderRow>> columns, Sort sort, int room) {
        String sorted = name(sort);
        return Cell.line(
                columns,
                column -> new Cell(column.name(), column.name().equals(sorted) ? HEADING.inverse() : HEADING),
                room,
                HEADING);
    }

    private static String name(Sort sort) {
        return switch (sort) {
            case CHARGE -> "CHARGE";
            case CONTEXTS -> "CTX";
            case OUTSTANDING -> "OUT";
            case UNREAPED -> "UNREAP";
            case DESTROYS -> "D/S";
            case P50 -> "P50";
            case P99 -> "P99";
            case OLDEST -> "OLDEST";
        };
    }

    private List<Column<HolderRow>> columns(TopModel model, Inventory snapshot, int room) {
        boolean isProcess = model.by() == GroupBy.PROCESS;
        List<Column<HolderRow>> columns = new ArrayList<>(List.of(
                isProcess
                        ? Column.number("PID", 7, row -> String.valueOf(row.pid(model.by())))
                        : Column.number(
                                "PROCS", 7, row -> number((long) row.members().size())),
                Column.number("CTX", 4, row -> digits((long) row.contexts().size(), 4)),
                Column.number("CHARGE", 7, row -> number(row.charge())),
                Column.number("SHARE", 5, row -> share(row.charge(), snapshot)),
                Column.number("OUT", 5, row -> digits(row.outstanding(), 5)),
                Column.number("UNREAP", 6, row -> digits(row.unreaped(), 6)),
                Column.number("D/S", 4, row -> perSecond(about.seesCalls() ? row.destroysPerSecond() : null)),
                Column.number("P50", 6, row -> durations.apply(row.waits().percentile(0.5))),
                Column.number("P99", 6, row -> durations.apply(row.waits().percentile(0.99))),
                new Column<>(
                        "OLDEST",
                        6,
                        true,
                        row -> new Cell(durations.apply(row.oldest()), row.oldest() == null ? PLAIN : notable()))));
        if (isProcess && room >= FOR_USER) {
            columns.add(Column.word("USER", 10, row -> orAbsent(row.identity().user())));
        }
        if (isProcess && room >= FOR_CONTAINER) {
            columns.add(Column.word(
                    "CONTAINER",
                    24,
                    row -> row.identity().container().map(Container::label).orElse(absent)));
        }
        for (String name : DISPENSABLE) {
            columns.removeIf(column -> column.name().equals(name) && left(columns, room) < FOR_NAME);
        }
        int left = left(columns, room);
        columns.add(Column.word(
                isProcess ? "COMMAND" : model.by().name(),
                0,
                row -> isProcess && left >= FOR_COMMAND_LINE
                        ? row.command()
                        : row.name().isEmpty() ? absent : row.name()));
        return columns;
    }

    /** How many places there are beside these columns. */
    private static int left(List<Column<HolderRow>> columns, int room) {
        return room - columns.stream().mapToInt(column -> column.width() + 1).sum();
    }

    /** In the columns of the rows, with nothing in those that it has no part in. */
    private AttributedString unattributed(List<Column<HolderRow>> columns, Inventory snapshot, int room) {
        Long rest = snapshot.unattributed();
        return Cell.line(
                columns,
                column -> Cell.plain(
                        switch (column.name()) {
                            case "CHARGE" -> number(rest);
                            case "SHARE" -> share(rest, snapshot);
                            default -> column.width() == 0 ? "unattributed" : "";
                        }),
                room,
                PLAIN);
    }

    // ---- what happens ----

    /** What goes on, the oldest first, and what happened, the newest first. */
    private static List<ActivityLine> happenings(Frame picture) {
        long now = picture.view().time();
        return Stream.concat(
                        picture.inProgress().stream().map(teardown -> ActivityLine.of(teardown, now)),
                        picture.figures().latest().stream())
                .toList();
    }

    private List<AttributedString> happenings(Frame picture, List<ActivityLine> happenings, int columns, int room) {
        List<Column<ActivityLine>> shown = new ArrayList<>(List.of(
                Column.word("TIME", 8, it -> it.result().equals("waits") ? "now" : time(picture, it.time())),
                Column.number(
                        "PID",
                        7,
                        it -> it.task() == null
                                ? absent
                                : Integer.toString(it.task().pid())),
                Column.word(
                        "COMM", 12, it -> it.task() == null ? absent : it.task().comm()),
                Column.word("TRIGGER", 10, it -> orAbsent(it.what()))));
        if (columns >= FOR_USER) {
            shown.add(Column.number("HANDLE", 12, it -> handle(it.handle())));
        }
        shown.add(Column.number(
                "OUT", 5, it -> it.outstanding() == null ? absent : digits((long) it.outstanding(), 5)));
        shown.add(new Column<>(
                "WAIT",
                6,
                true,
                it -> new Cell(durations.apply(it.held()), it.grade() == Grade.NOTABLE ? notable() : PLAIN)));
        shown.add(new Column<>("RESULT", 8, false, it -> new Cell(it.result(), style(it))));
        int left =
                columns - shown.stream().mapToInt(column -> column.width() + 1).sum();
        List<AttributedString> lines = new ArrayList<>();
        lines.add(lastHeading(Cell.heading(shown, columns - left, HEADING), left));
        happenings.stream()
                .limit(Math.max(0, room - 1))
                .map(it -> new AttributedStringBuilder()
                        .append(Cell.row(shown, it, columns - left))
                        .append(" ")
                        .append(last(it, left))
                        .toAttributedString())
                .forEach(lines::add);
        return lines;
    }

    private AttributedString lastHeading(AttributedString rest, int left) {
        String legend = about.tier() != Tier.FULL
                ? "NOTE"
                : left >= 45 ? "PHASES k=kill .=grace #=io s=siblings w=wake" : "k . grace # io w";
        return new AttributedStringBuilder()
                .append(rest)
                .styled(HEADING, " ")
                .append(Cell.fit(new Cell(legend, HEADING), left))
                .toAttributedString();
    }

    private AttributedString last(ActivityLine happening, int width) {
        return !happening.note().isEmpty()
                ? Cell.fit(Cell.plain(happening.note()), width)
                : about.tier() == Tier.FULL ? phases(happening.phases(), width) : AttributedString.EMPTY;
    }

    private AttributedStyle style(ActivityLine happening) {
        return switch (happening.grade()) {
            case NORMAL -> PLAIN;
            case NOTABLE -> notable();
            case FAILED -> failed();
        };
    }

    /** A bar as wide as there is room, each phase with as much of it as it took of the wait. */
    private AttributedString phases(@Nullable Phases phases, int width) {
        if (phases == null) {
            return new AttributedString(absent);
        }
        long[] parts = {phases.kill(), phases.grace(), phases.io(), phases.siblings(), phases.wake()};
        String[] signs = {"k", ".", "#", "s", "w"};
        AttributedStyle[] styles = {PLAIN, calm(), notable(), failed(), PLAIN};
        double total = Math.max(1, Arrays.stream(parts).sum());
        AttributedStringBuilder bar = new AttributedStringBuilder();
        long sum = 0;
        int drawn = 0;
        for (int i = 0; i < parts.length; i++) {
            sum += parts[i];
            int until = (int) Math.round(sum / total * Math.max(0, width));
            bar.styled(styles[i], signs[i].repeat(until - drawn));
            drawn = until;
        }
        return bar.toAttributedString();
    }

    // ---- one of them ----

    private List<AttributedString> detail(TopModel model, int columns) {
        Frame picture = model.picture();
        HolderRow row = model.open().orElse(null);
        if (picture == null || row == null) {
            return List.of(
                    AttributedString.EMPTY,
                    new AttributedString("It holds no context any more and has ended none lately. Esc leads back."));
        }
        List<AttributedString> lines = new ArrayList<>(whoItIs(model, row, columns));
        lines.add(sums(row, picture.view().snapshot()));
        lines.add(AttributedString.EMPTY);
        List<Column<LiveContext>> shown = contextColumns(picture);
        lines.add(Cell.heading(shown, columns, HEADING));
        row.contexts().forEach(context -> lines.add(Cell.row(shown, context, columns)));
        lines.add(AttributedString.EMPTY);
        List<TeardownInProgress> going = picture.inProgress().stream()
                .filter(teardown -> ProcessKey.holder(teardown.known())
                        .map(task -> row.members().containsKey(ProcessKey.of(task)))
                        .orElse(false))
                .toList();
        List<ActivityLine> happenings = Stream.concat(
                        going.stream()
                                .map(teardown ->
                                        ActivityLine.of(teardown, picture.view().time())),
                        row.latest(picture).stream())
                .toList();
        lines.addAll(happenings(picture, happenings, columns, happenings.size() + 1));
        going.stream().limit(MOST_STACKS).forEach(teardown -> lines.addAll(kernelStack(teardown, columns)));
        return lines;
    }

    /** Where its thread waits in the kernel, from inside out: two lines; none if that is not seen. */
    private List<AttributedString> kernelStack(TeardownInProgress going, int columns) {
        List<String> names = functions.apply(going.kernelStack());
        Task caller = going.known().caller();
        return names.isEmpty() || caller == null
                ? List.of()
                : List.of(
                        AttributedString.EMPTY,
                        Cell.fit(
                                Cell.plain("thread " + caller.tid() + " waits in " + String.join(" < ", names)),
                                columns));
    }

    private List<AttributedString> whoItIs(TopModel model, HolderRow row, int columns) {
        String container = row.identity().container().map(Container::label).orElse(absent);
        if (model.by() != GroupBy.PROCESS) {
            return List.of(new AttributedStringBuilder()
                    .append(model.by() + " ")
                    .append(Cell.fit(new Cell(row.name().isEmpty() ? absent : row.name(), BOLD), columns))
                    .append("  processes " + row.members().size())
                    .toAttributedString());
        }
        return List.of(
                new AttributedStringBuilder()
                        .append("process ")
                        .styled(BOLD, String.valueOf(row.pid(model.by())))
                        .append(" ")
                        .append(Cell.fit(new Cell(row.name(), BOLD), columns))
                        .append("  user " + orAbsent(row.identity().user()) + "  container ")
                        .append(Cell.fit(Cell.plain(container), columns))
                        .toAttributedString(),
                Cell.fit(Cell.plain("command " + row.command()), columns),
                Cell.fit(Cell.plain("cgroup  " + orAbsent(row.identity().cgroup())), columns));
    }

    private AttributedString sums(HolderRow row, Inventory snapshot) {
        return new AttributedString("contexts " + row.contexts().size() + "  charge " + number(row.charge()) + "  "
                + share(row.charge(), snapshot) + "  outstanding " + number(row.outstanding()) + "  unreaped "
                + number(row.unreaped()) + "  p50 "
                + durations.apply(row.waits().percentile(0.5)) + "  p99 "
                + durations.apply(row.waits().percentile(0.99)));
    }

    private List<Column<LiveContext>> contextColumns(Frame picture) {
        return List.of(
                Column.number("HANDLE", 14, context -> handle(context.handle())),
                Column.number("CHARGE", 8, context -> number(context.charge())),
                Column.number("RING", 8, context -> number(context.nrEvents())),
                Column.number("OUT", 8, context -> number(context.outstanding())),
                Column.number("UNREAP", 8, context -> number(context.unreaped())),
                Column.number(
                        "AGE",
                        7,
                        context -> durations.apply(
                                context.setupTime() == null
                                        ? null
                                        : (Long) Math.max(0, picture.view().time() - context.setupTime()))),
                Column.number(
                        "PID", 7, context -> Integer.toString(context.owner().pid())),
                Column.word("COMM", 0, context -> context.owner().comm()));
    }

    // ---- help and footer ----

    private static List<AttributedString> help() {
        List<AttributedString> lines = new ArrayList<>();
        lines.add(new AttributedString("Keys", BOLD));
        Help.KEYS.forEach(line -> lines.add(new AttributedString(line)));
        lines.add(new AttributedString("Columns", BOLD));
        Help.COLUMNS.forEach(line -> lines.add(new AttributedString(line)));
        return lines;
    }

    private AttributedString footer(TopModel model) {
        AttributedStringBuilder line = new AttributedStringBuilder();
        if (model.isTyping()) {
            return line.append("filter: ")
                    .append(Cell.fit(new Cell(model.filter() + "_", BOLD), 80))
                    .append("   Enter keeps it, Esc clears it")
                    .toAttributedString();
        }
        if (!model.filter().isEmpty()) {
            line.append("filter: ")
                    .append(Cell.fit(new Cell(model.filter(), BOLD), 20))
                    .append("  ");
        }
        List<String> keys = switch (model.page()) {
            case LIST ->
                List.of("jk move", "Enter detail", "f filter", "s sort", "g group", "p pause", "? help", "q quit");
            case DETAIL -> List.of("jk scroll", "Esc back", "p pause", "? help", "q quit");
            case HELP -> List.of("jk scroll", "Esc back", "q quit");
        };
        for (String key : keys) {
            int end = key.indexOf(' ');
            line.styled(BOLD, key.substring(0, end)).append(key.substring(end) + "  ");
        }
        return line.toAttributedString();
    }

    // ---- numbers ----

    private String orAbsent(@Nullable String text) {
        return text == null ? absent : text;
    }

    private String handle(long handle) {
        return handle == 0 ? absent : Long.toHexString(handle);
    }

    private String number(@Nullable Number number) {
        return number == null ? absent : number.toString();
    }

    /** With k, M or G for thousands if there is no room for all digits. */
    private String digits(@Nullable Long number, int width) {
        String text = number(number);
        for (int i = 0; number != null && text.length() > width && i < 3; i++) {
            number /= 1000;
            text = number + "kMG".substring(i, i + 1);
        }
        return text;
    }

    private String perSecond(@Nullable Double rate) {
        if (rate == null || !about.seesCalls()) {
            return absent;
        }
        return rate == 0 || rate >= 100 ? Long.toString(Math.round(rate)) : String.format(Locale.ROOT, "%.1f", rate);
    }

    private String share(@Nullable Long charge, Inventory snapshot) {
        Long limit = snapshot.aioMaxNr();
        if (charge == null || limit == null || limit == 0) {
            return absent;
        }
        double percent = 100.0 * charge / limit;
        return percent >= 99.95 ? Math.round(percent) + "%" : String.format(Locale.ROOT, "%.1f%%", percent);
    }
}
