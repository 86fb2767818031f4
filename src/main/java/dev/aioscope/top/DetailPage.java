package dev.aioscope.top;

import static dev.aioscope.top.Numbers.handle;
import static dev.aioscope.top.Numbers.orAbsent;
import static dev.aioscope.top.Numbers.share;

import dev.aioscope.host.Container;
import dev.aioscope.host.GroupBy;
import dev.aioscope.inventory.Inventory;
import dev.aioscope.inventory.LiveContext;
import dev.aioscope.kernel.Units;
import dev.aioscope.lifecycle.Task;
import dev.aioscope.lifecycle.TeardownInProgress;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jline.utils.AttributedString;
import org.jline.utils.AttributedStringBuilder;

/**
 * The contexts, teardowns and kernel stacks of the selected row.
 *
 * @param symbols names the kernel functions at these addresses
 */
record DetailPage(ActivityTable activity, Function<List<Long>, List<String>> symbols) {
    private static final int MAX_STACKS = 10;

    List<AttributedString> lines(TopModel model, int width) {
        Frame frame = model.shown();
        HolderRow row = model.detailRow().orElse(null);
        if (frame == null || row == null) {
            return List.of(
                    AttributedString.EMPTY,
                    new AttributedString("No contexts and no recent teardowns any more. Press Esc to go back."));
        }
        List<AttributedString> lines = new ArrayList<>(identity(model, row, width));
        lines.add(sums(row, frame.scan().inventory()));
        lines.add(AttributedString.EMPTY);
        List<ScreenColumn<LiveContext>> columns = contextColumns(frame);
        lines.add(ScreenColumn.heading(columns, width));
        row.contexts().forEach(context -> lines.add(ScreenColumn.row(columns, context, width)));
        lines.add(AttributedString.EMPTY);
        List<TeardownInProgress> inProgress = inProgress(frame, row);
        List<ActivityLine> latest = Stream.concat(
                        inProgress.stream()
                                .map(teardown ->
                                        ActivityLine.of(teardown, frame.scan().time())),
                        row.latest(frame).stream())
                .toList();
        lines.addAll(activity.lines(frame, latest, width, latest.size() + 1));
        inProgress.stream().limit(MAX_STACKS).forEach(teardown -> lines.addAll(kernelStack(teardown, width)));
        latest.stream().filter(line -> line.phases() != null).findFirst().ifPresent(line -> {
            lines.add(AttributedString.EMPTY);
            lines.add(new AttributedString("phases of the teardown at " + activity.time(frame, line.time()) + ", WAIT "
                    + Units.duration(line.waitNanos())));
            lines.addAll(Bars.phases(Objects.requireNonNull(line.phases()), activity.theme(), width));
        });
        return lines;
    }

    private static List<TeardownInProgress> inProgress(Frame frame, HolderRow row) {
        return frame.inProgress().stream()
                .filter(teardown -> ProcessKey.holder(teardown.known())
                        .filter(task -> row.members().containsKey(ProcessKey.of(task)))
                        .isPresent())
                .toList();
    }

    /** Two lines with the kernel functions in which the thread waits; none if unknown. */
    private List<AttributedString> kernelStack(TeardownInProgress teardown, int width) {
        List<String> functions = symbols.apply(teardown.kernelStack());
        Task caller = teardown.known().caller();
        return functions.isEmpty() || caller == null
                ? List.of()
                : List.of(
                        AttributedString.EMPTY,
                        StyledText.plain("thread " + caller.tid() + " waits in " + String.join(" < ", functions))
                                .fit(width));
    }

    private static List<AttributedString> identity(TopModel model, HolderRow row, int width) {
        if (model.groupBy() != GroupBy.PROCESS) {
            String name = row.name().isEmpty() ? Units.ABSENT : row.name();
            return List.of(new AttributedStringBuilder()
                    .append(model.groupBy() + " ")
                    .append(new StyledText(name, Theme.BOLD).fit(width))
                    .append("  processes " + row.members().size())
                    .toAttributedString());
        }
        Integer namespacePid = row.identity().namespaces().pid();
        String container =
                row.identity().container().map(Container::uniqueLabel).orElse(Units.ABSENT);
        return List.of(
                new AttributedStringBuilder()
                        .append("process ")
                        .styled(Theme.BOLD, orAbsent(row.pid(model.groupBy())))
                        .append(namespacePid == null ? " " : " (" + namespacePid + " in its PID namespace) ")
                        .append(new StyledText(row.name(), Theme.BOLD).fit(width))
                        .append("  user " + orAbsent(row.identity().user()) + "  container ")
                        .append(StyledText.plain(container).fit(width))
                        .toAttributedString(),
                StyledText.plain("command " + row.command()).fit(width),
                StyledText.plain("cgroup  " + orAbsent(row.identity().cgroup())).fit(width));
    }

    private static AttributedString sums(HolderRow row, Inventory inventory) {
        return new AttributedString("contexts " + row.contexts().size() + "  charge " + orAbsent(row.charge()) + "  "
                + share(row.charge(), inventory) + "  out " + orAbsent(row.outstanding()) + "  unreaped "
                + orAbsent(row.unreaped()) + "  p50 "
                + Units.duration(row.latencies().percentile(0.5)) + "  p99 "
                + Units.duration(row.latencies().percentile(0.99)));
    }

    private static List<ScreenColumn<LiveContext>> contextColumns(Frame frame) {
        return List.of(
                ScreenColumn.number("HANDLE", 14, context -> handle(context.handle())),
                ScreenColumn.number("CHARGE", 8, context -> orAbsent(context.charge())),
                ScreenColumn.number("RING", 8, context -> orAbsent(context.nrEvents())),
                ScreenColumn.number("OUT", 8, context -> orAbsent(context.outstanding())),
                ScreenColumn.number("UNREAP", 8, context -> orAbsent(context.unreaped())),
                ScreenColumn.number(
                        "AGE",
                        7,
                        context -> Units.duration(
                                context.setupTime() == null
                                        ? null
                                        : (Long) Math.max(0, frame.scan().time() - context.setupTime()))),
                ScreenColumn.number(
                        "PID", 7, context -> Integer.toString(context.owner().pid())),
                ScreenColumn.text("COMM", 0, context -> context.owner().comm()));
    }
}
