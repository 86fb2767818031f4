package dev.aioscope.top;

import static dev.aioscope.top.Numbers.orAbsent;
import static dev.aioscope.top.Numbers.perSecond;
import static dev.aioscope.top.Numbers.share;

import dev.aioscope.inventory.Inventory;
import dev.aioscope.kernel.Units;
import dev.aioscope.probe.Quota;
import dev.aioscope.probe.ScanGaps;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jline.utils.AttributedString;
import org.jline.utils.AttributedStringBuilder;
import org.jline.utils.AttributedStyle;
import org.jspecify.annotations.Nullable;

/** Renders a model into lines for a screen of any size. Stateless. */
public final class Renderer {
    /** Columns of the quota line beside the bar. */
    private static final int QUOTA_TEXT_WIDTH = 58;

    private static final int MIN_FOR_SPARKLINE = 20;
    private static final int MIN_HEIGHT_FOR_ACTIVITY = 10;

    private static final double HIGH = 0.75;
    private static final double VERY_HIGH = 0.9;

    private final HeaderInfo info;
    private final Theme theme;
    private final HolderTable holders;
    private final ActivityTable activity;
    private final DetailPage detail;

    /**
     * Renders for a terminal or a file.
     *
     * @param symbols names the kernel functions at these addresses
     * @param zone time zone of the times of day
     * @param isColoured whether to use colours
     */
    public Renderer(HeaderInfo info, Function<List<Long>, List<String>> symbols, ZoneId zone, boolean isColoured) {
        this.info = info;
        this.theme = new Theme(isColoured);
        this.holders = new HolderTable(info, theme);
        this.activity = new ActivityTable(info, theme, zone);
        this.detail = new DetailPage(activity, symbols);
    }

    /**
     * The lines of the screen: at most {@code height}, each at most {@code width} columns wide.
     *
     * @param notice replaces the tier note; empty for none
     */
    public List<AttributedString> lines(TopModel model, String notice, int width, int height) {
        List<AttributedString> lines = new ArrayList<>(header(model, notice, width));
        int room = Math.max(0, height - lines.size() - 1);
        lines.addAll(
                switch (model.page()) {
                    case LIST -> list(model, width, room);
                    case DETAIL -> scrolled(detail.lines(model, width), model.scroll(), room);
                    case HELP -> scrolled(help(), model.scroll(), room);
                });
        while (lines.size() < height - 1) {
            lines.add(AttributedString.EMPTY);
        }
        lines.add(footer(model));
        return lines.stream()
                .limit(height)
                .map(line -> line.columnSubSequence(0, width))
                .toList();
    }

    /** A copy of the model whose scroll position does not exceed the last line of the page. */
    public TopModel limitScroll(TopModel model, String notice, int width, int height) {
        int room = Math.max(1, height - header(model, notice, width).size() - 1);
        int lines = switch (model.page()) {
            case LIST -> 0;
            case DETAIL -> detail.lines(model, width).size();
            case HELP -> help().size();
        };
        return model.withScrollAtMost(Math.max(0, lines - room));
    }

    /** All rows and all activity as plain text. */
    public List<String> text(TopModel model, int width) {
        List<AttributedString> lines = new ArrayList<>(header(model, "", width));
        Frame frame = model.shown();
        if (frame != null) {
            lines.addAll(holders.lines(model, frame, width, model.rows().size() + 2, false));
            List<ActivityLine> latest = ActivityTable.latest(frame);
            if (!latest.isEmpty()) {
                lines.addAll(activity.lines(frame, latest, width, latest.size() + 1));
            }
        }
        return lines.stream().map(line -> line.toString().stripTrailing()).toList();
    }

    private static List<AttributedString> scrolled(List<AttributedString> lines, int scroll, int room) {
        int from = Math.min(scroll, Math.max(0, lines.size() - room));
        return lines.subList(from, Math.min(lines.size(), from + room));
    }

    private List<AttributedString> list(TopModel model, int width, int room) {
        Frame frame = model.shown();
        if (frame == null) {
            return List.of(new AttributedString("Scanning for contexts …"));
        }
        int below = room < MIN_HEIGHT_FOR_ACTIVITY ? 0 : room / 3;
        List<AttributedString> lines = new ArrayList<>(holders.lines(model, frame, width, room - below, true));
        if (below > 0) {
            while (lines.size() < room - below) {
                lines.add(AttributedString.EMPTY);
            }
            lines.addAll(activity.lines(frame, ActivityTable.latest(frame), width, below));
        }
        return lines;
    }

    // ---- header ----

    private List<AttributedString> header(TopModel model, String notice, int width) {
        List<AttributedString> lines = new ArrayList<>();
        Frame frame = model.shown();
        lines.add(title(model, frame));
        if (frame != null) {
            lines.add(quota(model.usage(), frame.scan().inventory(), width));
            lines.add(rates(frame));
            ScanGaps gaps = frame.scan().inventory().gaps();
            Stream.of(gaps.unreadableText(), gaps.partialText())
                    .flatMap(Optional::stream)
                    .forEach(gap -> lines.add(new StyledText(gap, theme.notable()).fit(width)));
        }
        if (!notice.isEmpty()) {
            lines.add(new StyledText(notice, theme.notable()).fit(notice.length()));
        } else if (!info.tierNote().isEmpty()) {
            lines.add(new AttributedString(info.tierNote()));
        }
        return lines;
    }

    private AttributedString title(TopModel model, @Nullable Frame frame) {
        AttributedStringBuilder line = new AttributedStringBuilder().styled(Theme.BOLD, "aioscope top");
        if (model.isPaused()) {
            line.append("  ").styled(Theme.SELECTED, " PAUSED ");
        }
        String time =
                frame == null ? Units.ABSENT : activity.time(frame, frame.scan().time());
        return line.append("  " + time + "  " + info.host() + "  Linux " + info.kernel() + "  tier ")
                .styled(Theme.BOLD, info.tier().label())
                .append("  engine " + info.engine())
                .toAttributedString();
    }

    private AttributedString quota(List<Double> history, Inventory inventory, int width) {
        AttributedStringBuilder line = new AttributedStringBuilder().append("aio-nr ");
        Quota quota = inventory.quota();
        Double used = quota.utilization();
        String usage = orAbsent(quota.aioNr());
        String limit = quota.isUnlimited() ? "  no limit" : " of " + orAbsent(quota.aioMaxNr());
        if (used != null) {
            AttributedStyle style = used >= VERY_HIGH ? theme.failed() : used >= HIGH ? theme.notable() : theme.calm();
            int room = Math.max(8, Math.min(60, width - QUOTA_TEXT_WIDTH));
            // One scan has no history: plain text stays as it is.
            int past = history.size() < 2 || room < MIN_FOR_SPARKLINE ? 0 : room / 2;
            int bar = room - (past == 0 ? 0 : past + 1);
            int full = (int) Math.min(bar, Math.ceil(used * bar));
            line.append("[")
                    .styled(style, "|".repeat(full))
                    .append(" ".repeat(bar - full))
                    .append("] ");
            if (past > 0) {
                String trend = Bars.sparkline(history, past);
                line.styled(style, trend).append(" ".repeat(past - trend.length() + 1));
            }
            String mark = used >= VERY_HIGH ? "!! " : used >= HIGH ? "! " : "";
            line.styled(Theme.BOLD, usage).append(limit + "  ").styled(style, mark + share(quota.aioNr(), inventory));
        } else {
            line.append(usage + limit);
        }
        return line.append("  unattributed " + orAbsent(inventory.unattributed()))
                .toAttributedString();
    }

    private AttributedString rates(Frame frame) {
        Activity.HostActivity host = frame.activity();
        boolean observesCalls = info.observesCalls();
        AttributedStringBuilder line = new AttributedStringBuilder();
        line.append("setups " + perSecond(observesCalls ? host.setupsPerSecond() : null) + "/s");
        line.append("  destroys " + perSecond(observesCalls ? host.destroysPerSecond() : null) + "/s");
        counter(line, "refusals", observesCalls ? (Long) host.refusals() : null, theme.failed());
        counter(line, "failed calls", observesCalls ? (Long) host.failedCalls() : null, Theme.PLAIN);
        counter(line, "in teardown", (long) frame.inProgress().size(), Theme.PLAIN);
        counter(line, "lost", frame.lost(), theme.notable());
        return line.toAttributedString();
    }

    private static void counter(
            AttributedStringBuilder line, String name, @Nullable Long count, AttributedStyle style) {
        line.append("  ").styled(count == null || count == 0 ? Theme.PLAIN : style, name + " " + orAbsent(count));
    }

    // ---- help and footer ----

    private static List<AttributedString> help() {
        List<AttributedString> lines = new ArrayList<>();
        lines.add(new AttributedString("Keys", Theme.BOLD));
        Help.KEYS.forEach(line -> lines.add(new AttributedString(line)));
        lines.add(new AttributedString("Columns", Theme.BOLD));
        Help.COLUMNS.forEach(line -> lines.add(new AttributedString(line)));
        return lines;
    }

    private static AttributedString footer(TopModel model) {
        AttributedStringBuilder line = new AttributedStringBuilder();
        if (model.isTyping()) {
            return line.append("filter: ")
                    .append(new StyledText(model.filter() + "_", Theme.BOLD).fit(80))
                    .append("   Enter applies, Esc clears")
                    .toAttributedString();
        }
        if (!model.filter().isEmpty()) {
            line.append("filter: ")
                    .append(new StyledText(model.filter(), Theme.BOLD).fit(20))
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
            line.styled(Theme.BOLD, key.substring(0, end)).append(key.substring(end) + "  ");
        }
        return line.toAttributedString();
    }
}
