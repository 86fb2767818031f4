package dev.aioscope.top;

import static dev.aioscope.top.Numbers.digits;
import static dev.aioscope.top.Numbers.handle;
import static dev.aioscope.top.Numbers.orAbsent;

import dev.aioscope.kernel.Units;
import dev.aioscope.lifecycle.Task;
import dev.aioscope.probe.Tier;
import dev.aioscope.top.ActivityLine.Severity;
import dev.aioscope.top.ActivityLine.WaitPhases;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.jline.utils.AttributedString;
import org.jline.utils.AttributedStringBuilder;
import org.jline.utils.AttributedStyle;
import org.jspecify.annotations.Nullable;

/** The list of teardowns and failed calls. */
record ActivityTable(HeaderInfo header, Theme theme, ZoneId zone) {
    private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("HH:mm:ss");

    private static final int MIN_FOR_HANDLE = 100;
    private static final int MIN_FOR_LEGEND = 45;

    /** Teardowns in progress, oldest first, then the latest lines, newest first. */
    static List<ActivityLine> latest(Frame frame) {
        long now = frame.scan().time();
        return Stream.concat(
                        frame.inProgress().stream().map(teardown -> ActivityLine.of(teardown, now)),
                        frame.activity().latest().stream())
                .toList();
    }

    /** The time of day of a time in CLOCK_BOOTTIME ns. */
    String time(Frame frame, long boottime) {
        return TIME.format(
                Instant.ofEpochSecond(0, boottime + frame.epochOffset()).atZone(zone));
    }

    /** A heading and as many lines as fit into the height. */
    List<AttributedString> lines(Frame frame, List<ActivityLine> activity, int width, int height) {
        List<ScreenColumn<ActivityLine>> columns = columns(frame, width);
        int remaining = ScreenColumn.remaining(columns, width);
        List<AttributedString> lines = new ArrayList<>();
        lines.add(new AttributedStringBuilder()
                .append(ScreenColumn.heading(columns, width - remaining))
                .styled(Theme.HEADING, " ")
                .append(new StyledText(legend(remaining), Theme.HEADING).fit(remaining))
                .toAttributedString());
        activity.stream()
                .limit(Math.max(0, height - 1))
                .map(line -> new AttributedStringBuilder()
                        .append(ScreenColumn.row(columns, line, width - remaining))
                        .append(" ")
                        .append(details(line, remaining))
                        .toAttributedString())
                .forEach(lines::add);
        return lines;
    }

    private List<ScreenColumn<ActivityLine>> columns(Frame frame, int width) {
        List<ScreenColumn<ActivityLine>> columns = new ArrayList<>(List.of(
                ScreenColumn.text(
                        "TIME",
                        8,
                        line -> line.result().equals(ActivityLine.IN_PROGRESS) ? "now" : time(frame, line.time())),
                ScreenColumn.number("PID", 7, line -> pid(line.task())),
                ScreenColumn.text("COMM", 12, line -> comm(line.task())),
                ScreenColumn.text("TRIGGER", 10, line -> orAbsent(line.trigger()))));
        if (width >= MIN_FOR_HANDLE) {
            columns.add(ScreenColumn.number("HANDLE", 12, line -> handle(line.handle())));
        }
        columns.add(ScreenColumn.number("OUT", 5, line -> digits(line.outstanding(), 5)));
        columns.add(new ScreenColumn<>(
                "WAIT",
                6,
                true,
                line -> new StyledText(
                        Units.duration(line.waitNanos()),
                        line.severity() == Severity.NOTABLE ? theme.notable() : Theme.PLAIN)));
        columns.add(new ScreenColumn<>("RESULT", 8, false, line -> new StyledText(line.result(), style(line))));
        return columns;
    }

    private static String pid(@Nullable Task task) {
        return task == null ? Units.ABSENT : Integer.toString(task.pid());
    }

    private static String comm(@Nullable Task task) {
        return task == null ? Units.ABSENT : task.comm();
    }

    private String legend(int width) {
        if (header.tier() != Tier.FULL) {
            return "NOTE";
        }
        return width >= MIN_FOR_LEGEND ? "PHASES k=kill .=grace #=io s=siblings w=wake" : "k . grace # io w";
    }

    private AttributedString details(ActivityLine line, int width) {
        if (!line.note().isEmpty()) {
            return StyledText.plain(line.note()).fit(width);
        }
        return header.tier() == Tier.FULL ? phases(line.phases(), width) : AttributedString.EMPTY;
    }

    private AttributedStyle style(ActivityLine line) {
        return switch (line.severity()) {
            case NORMAL -> Theme.PLAIN;
            case NOTABLE -> theme.notable();
            case FAILED -> theme.failed();
        };
    }

    /** A bar of the given width, divided in proportion to the phases. */
    private AttributedString phases(@Nullable WaitPhases phases, int width) {
        if (phases == null) {
            return new AttributedString(Units.ABSENT);
        }
        long[] parts = {phases.kill(), phases.grace(), phases.io(), phases.siblings(), phases.wake()};
        String[] signs = {"k", ".", "#", "s", "w"};
        AttributedStyle[] styles = {Theme.PLAIN, theme.calm(), theme.notable(), theme.failed(), Theme.PLAIN};
        double total = Math.max(1, Arrays.stream(parts).sum());
        AttributedStringBuilder bar = new AttributedStringBuilder();
        long sum = 0;
        int drawn = 0;
        for (int i = 0; i < parts.length; i++) {
            sum += parts[i];
            int end = (int) Math.round(sum / total * Math.max(0, width));
            bar.styled(styles[i], signs[i].repeat(end - drawn));
            drawn = end;
        }
        return bar.toAttributedString();
    }
}
