package dev.aioscope.output;

import dev.aioscope.event.RingState;
import dev.aioscope.host.Identities;
import dev.aioscope.host.Identity;
import dev.aioscope.host.Printable;
import dev.aioscope.kernel.Errno;
import dev.aioscope.kernel.KernelStack;
import dev.aioscope.kernel.WallClock;
import dev.aioscope.lifecycle.FailedCall;
import dev.aioscope.lifecycle.RefusalOutcome;
import dev.aioscope.lifecycle.RefusalOutcome.Release;
import dev.aioscope.lifecycle.RefusalOutcome.Resolution;
import dev.aioscope.lifecycle.RefusalOutcome.Status;
import dev.aioscope.lifecycle.Straggler;
import dev.aioscope.lifecycle.Task;
import dev.aioscope.lifecycle.Teardown;
import dev.aioscope.lifecycle.TeardownInProgress;
import dev.aioscope.lifecycle.UserStack;
import dev.aioscope.lifecycle.WrongHandle;
import dev.aioscope.probe.proc.BlockDevice;
import dev.aioscope.telemetry.TeardownSpans;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A line for each teardown and failed call, under a header that comes again on every screen. Columns that the screen has
 * no room for are left out. What is not normal is coloured, and told at the end of the line or on a line of its own.
 */
public final class TraceTable implements TraceFormat {
    private static final DateTimeFormatter LONG_TIME = DateTimeFormatter.ofPattern("HH:mm:ss.SSS");

    /** A part of a teardown that takes longer is worth a look; an idle one spends some 30 ms in all. */
    private static final long SLOW_NANOS = TeardownSpans.SLOW.toNanos();

    /** A part that nobody expects to take any time is mentioned from here on. */
    private static final long NOTABLE_NANOS = 10_000_000;

    private static final int MOST_FUNCTIONS = 8;

    private static final List<Column> DISPENSABLE =
            List.of(Column.EXECUTABLE, Column.CONTAINER, Column.FREED, Column.KILL, Column.WAKE, Column.HANDLE);

    private enum Column {
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

        private final int width;
        private final int narrow;
        private final boolean right;

        Column(int width, int narrow, boolean right) {
            this.width = width;
            this.narrow = narrow;
            this.right = right;
        }
    }

    private enum Style {
        PLAIN(""),
        HEADER("\u001b[1m"),
        SLOW("\u001b[33m"),
        FAILED("\u001b[31m");

        private final String code;

        Style(String code) {
            this.code = code;
        }
    }

    private record Cell(String text, Style style) {}

    private final WallClock clock;
    private final ZoneId zone;
    private final Supplier<Screen> screens;
    private final Identities identities;
    private final Function<String, Optional<BlockDevice>> devices;
    private final Function<List<Long>, List<String>> functions;
    private Screen screen = Screen.FILE;
    private Map<Column, Integer> widths = Map.of();
    private int linesLeft;

    /** The screen is asked anew for each header: a window can change its size. */
    public TraceTable(WallClock clock, ZoneId zone, Supplier<Screen> screens, Identities identities) {
        this(clock, zone, screens, identities, BlockDevice::of, KernelStack::functions);
    }

    /**
     * The same for what was seen on another host perhaps.
     *
     * @param devices finds a device by its numbers
     * @param functions names the functions of the kernel in which addresses lie
     */
    public TraceTable(
            WallClock clock,
            ZoneId zone,
            Supplier<Screen> screens,
            Identities identities,
            Function<String, Optional<BlockDevice>> devices,
            Function<List<Long>, List<String>> functions) {
        this.clock = clock;
        this.zone = zone;
        this.screens = screens;
        this.identities = identities;
        this.devices = devices;
        this.functions = functions;
    }

    @Override
    public String teardown(Teardown t, long now) {
        Row row = new Row(t.caller() != null ? t.caller() : t.context().owner(), clock.epochNanos(lastTime(t, now)));
        row.identity(identities.ofOwner(t));
        row.put(Column.TRIGGER, t.trigger() == null ? Units.ABSENT : t.trigger().label());
        row.put(Column.HANDLE, handle(t));
        row.put(Column.OUT, t.outstanding() == null ? Units.ABSENT : Integer.toString(t.outstanding()));
        row.duration(Column.WAIT, t.held(), SLOW_NANOS);
        row.duration(Column.KILL, t.kill(), SLOW_NANOS);
        row.duration(Column.GRACE, t.grace(), SLOW_NANOS);
        row.duration(Column.IO, t.io(), 1);
        row.duration(Column.WAKE, t.wake(), SLOW_NANOS);
        row.duration(Column.FREED, t.deferredFree(), SLOW_NANOS);
        row.cells.put(Column.RESULT, result(t));
        row.notes.addAll(notes(t));
        return row.lines()
                + stack("set up in", t.context().setupStack())
                + stack("destroyed in", t.call().stack());
    }

    @Override
    public String stuck(TeardownInProgress going, long now) {
        Teardown t = going.known();
        Row row = new Row(t.caller() != null ? t.caller() : t.context().owner(), clock.epochNanos(now));
        row.identity(identities.ofOwner(t));
        row.put(Column.TRIGGER, t.trigger() == null ? Units.ABSENT : t.trigger().label());
        row.put(Column.HANDLE, handle(t));
        row.put(Column.OUT, t.outstanding() == null ? Units.ABSENT : Integer.toString(t.outstanding()));
        row.duration(Column.WAIT, going.age(now), SLOW_NANOS);
        row.cells.put(Column.RESULT, new Cell("stuck", Style.SLOW));
        row.notes.add(going.explanation());
        if (Boolean.TRUE.equals(going.pendingSigkill())) {
            row.notes.add("SIGKILL pending");
        }
        if (going.isFoundLate()) {
            row.notes.add("found late: it began before it was first seen");
        }
        return row.lines() + kernelStack(going);
    }

    /** Where the caller waits, from inside out, as far as that tells anything. */
    private String kernelStack(TeardownInProgress going) {
        List<String> names = functions.apply(going.kernelStack());
        if (names.isEmpty()) {
            return "";
        }
        int indent = widths.getOrDefault(Column.TIME, 0) + 3;
        String told = String.join(" < ", names.subList(0, Math.min(names.size(), MOST_FUNCTIONS)))
                + (names.size() > MOST_FUNCTIONS ? " < …" : "");
        String lines = screen.wrap(" ".repeat(indent) + "in ", indent + 2, told).stripTrailing();
        linesLeft -= (int) lines.lines().count();
        return System.lineSeparator() + lines;
    }

    @Override
    public String straggler(Straggler straggler) {
        Teardown t = straggler.teardown().known();
        Row row = new Row(t.caller() != null ? t.caller() : t.context().owner(), clock.epochNanos(straggler.time()));
        row.identity(identities.ofOwner(t));
        row.put(Column.TRIGGER, "straggler");
        row.put(Column.HANDLE, handle(t));
        row.duration(Column.WAIT, straggler.age(), SLOW_NANOS);
        boolean isFailed = straggler.result() < 0;
        row.cells.put(
                Column.RESULT,
                isFailed
                        ? new Cell(Errno.name((int) -straggler.result()), Style.FAILED)
                        : new Cell(Long.toString(straggler.result()), Style.PLAIN));
        String path = straggler.path();
        row.notes.add(straggler.operation().label()
                + (straggler.offset() == null ? "" : " at " + straggler.offset())
                + " of " + (path == null ? "a file without a name" : Printable.of(path))
                + " (inode " + straggler.inode() + ") on "
                + devices.apply(straggler.device())
                        .map(device -> device.name() + " ")
                        .orElse("")
                + straggler.device());
        return row.lines();
    }

    private static String handle(Teardown t) {
        return t.context().handle() == 0
                ? Units.ABSENT
                : Long.toHexString(t.context().handle());
    }

    @Override
    public String failedCall(FailedCall call) {
        Row row = new Row(call.caller(), clock.epochNanos(call.returnTime()));
        row.identity(identities.ofCaller(call));
        row.put(Column.TRIGGER, call.call().name().toLowerCase(Locale.ROOT));
        row.put(Column.HANDLE, call.handle() == null ? Units.ABSENT : Long.toHexString(call.handle()));
        Long wait = call.enterTime() == null ? null : (Long) (call.returnTime() - call.enterTime());
        row.duration(Column.WAIT, wait, SLOW_NANOS);
        row.cells.put(Column.RESULT, new Cell(Errno.name(call.errno()), Style.FAILED));
        WrongHandle wrong = call.wrongHandle();
        if (wrong != null) {
            row.notes.add((wrong.isIoInFlight() ? "WARNING: " : "") + call.explanation());
        }
        if (call.maxReqs() != null) {
            row.notes.add("asked for " + call.maxReqs());
        }
        if (call.aioNr() != null && call.aioMaxNr() != null) {
            row.notes.add(call.aioNr() + " of " + call.aioMaxNr() + " in use");
        }
        if (call.neededLimit() != null) {
            row.notes.add("fs.aio-max-nr=" + call.neededLimit() + " would do");
        }
        if (!call.largest().isEmpty()) {
            row.notes.add("held by "
                    + call.largest().stream()
                            .map(holding -> who(holding.owner()) + ": " + holding.charge())
                            .collect(Collectors.joining(", ")));
        }
        return row.lines() + stack("called in", call.callStack());
    }

    @Override
    public String refusalOutcome(RefusalOutcome outcome) {
        FailedCall refusal = outcome.refusal();
        Row row = new Row(refusal.caller(), clock.epochNanos(outcome.time()));
        row.identity(identities.ofCaller(refusal));
        row.put(Column.TRIGGER, refusal.call().name().toLowerCase(Locale.ROOT));
        row.put(Column.WAIT, Units.duration(outcome.duration()));
        row.cells.put(
                Column.RESULT,
                new Cell(
                        outcome.status().name().toLowerCase(Locale.ROOT),
                        outcome.status() == Status.LASTING ? Style.FAILED : Style.PLAIN));
        row.notes.add("asked for " + refusal.maxReqs());
        if (outcome.retries() > 0) {
            row.notes.add("refused " + (outcome.retries() + 1) + " times");
        }
        if (outcome.aioNr() != null && outcome.aioMaxNr() != null) {
            row.notes.add(outcome.aioNr() + " of " + outcome.aioMaxNr() + " in use");
        }
        if (outcome.resolution() == Resolution.LIMIT) {
            row.notes.add("fs.aio-max-nr was raised");
        }
        if (outcome.release() != null) {
            row.notes.add(released(outcome.release()));
        }
        if (outcome.hasSucceeded()) {
            row.notes.add("has it now");
        }
        return row.lines();
    }

    private String released(Release release) {
        return who(release.by()) + " gave back " + release.charge()
                + (release.trigger() == null ? "" : " by " + release.trigger().label());
    }

    /** A process in a note. */
    private String who(Task task) {
        return Printable.of(task.comm()) + " " + task.pid()
                + identities
                        .of(task)
                        .container()
                        .map(container -> " (" + Printable.of(container.label()) + ")")
                        .orElse("");
    }

    /** A line for each frame. */
    private String stack(String what, @Nullable UserStack stack) {
        if (stack == null) {
            return "";
        }
        String indent = System.lineSeparator() + " ".repeat(widths.getOrDefault(Column.TIME, 0) + 1);
        List<String> frames = stack.frames();
        linesLeft -= frames.size() + 1;
        return indent + what + ":" + indent + "  " + String.join(indent + "  ", frames);
    }

    /** When it was over for its caller, or else when it was told. */
    private static long lastTime(Teardown t, long now) {
        return t.endTime() != null ? t.endTime() : now;
    }

    private static Cell result(Teardown t) {
        if (t.call().result() != null && t.call().result() < 0) {
            return new Cell(Errno.name((int) -t.call().result()), Style.FAILED);
        }
        return switch (t.end()) {
            case COMPLETE -> new Cell(t.call().result() == null ? Units.ABSENT : "ok", Style.PLAIN);
            case VANISHED -> new Cell("vanished", Style.PLAIN);
            case INCOMPLETE, UNKNOWN, IN_PROGRESS ->
                new Cell(t.end().name().toLowerCase(Locale.ROOT).replace('_', ' '), Style.SLOW);
        };
    }

    private static List<String> notes(Teardown t) {
        List<String> notes = new ArrayList<>();
        noteSlow(notes, "finding the context", t.lookup());
        noteSlow(notes, "unmapping the ring", t.unmap());
        noteSlow(notes, "cancelling", t.cancel());
        noteSlow(notes, "threads still inside AIO calls", t.inSiblings());
        if (t.kernel().unmapResult() != null && t.kernel().unmapResult() < 0) {
            notes.add("the ring was not unmapped: " + Errno.name(-t.kernel().unmapResult()));
        }
        if (t.kernel().ring() == RingState.OTHER) {
            notes.add("no ring stood at the ring's place: what the program had put there was unmapped");
        }
        if (Boolean.TRUE.equals(t.call().pendingSigkill())) {
            notes.add("SIGKILL pending");
        }
        Task owner = t.context().owner();
        if (owner != null && t.caller() != null && owner.pid() != t.caller().pid()) {
            notes.add("context of " + owner.pid() + " " + Printable.of(owner.comm()));
        }
        return notes;
    }

    private static void noteSlow(List<String> notes, String what, @Nullable Long nanos) {
        if (nanos != null && nanos >= NOTABLE_NANOS) {
            notes.add(what + " took " + Units.duration(nanos));
        }
    }

    /** What is told of one teardown or call; cells that are not set are absent. */
    private final class Row {
        private final Map<Column, Cell> cells = new EnumMap<>(Column.class);
        private final List<String> notes = new ArrayList<>();

        Row(@Nullable Task task, long epochNanos) {
            Instant time = Instant.ofEpochSecond(0, epochNanos);
            put(Column.TIME, LONG_TIME.format(time.atZone(zone)));
            if (task != null) {
                put(Column.PID, Integer.toString(task.pid()));
                put(Column.COMM, Printable.of(task.comm()));
            }
        }

        void put(Column column, String text) {
            cells.put(column, new Cell(text, Style.PLAIN));
        }

        void identity(Identity identity) {
            String executable = identity.executable();
            identity.container().ifPresent(container -> put(Column.CONTAINER, Printable.of(container.label())));
            if (executable != null) {
                put(Column.EXECUTABLE, Printable.of(executable.substring(executable.lastIndexOf('/') + 1)));
            }
        }

        void duration(Column column, @Nullable Long nanos, long slow) {
            boolean isSlow = nanos != null && nanos >= slow;
            cells.put(column, new Cell(Units.duration(nanos), isSlow ? Style.SLOW : Style.PLAIN));
        }

        String lines() {
            StringBuilder lines = new StringBuilder();
            if (linesLeft <= 0) {
                beginScreen(lines);
            }
            linesLeft--;
            String line = line(column -> cells.getOrDefault(column, new Cell(Units.ABSENT, Style.PLAIN)));
            lines.append(line);
            if (!notes.isEmpty()) {
                String told = String.join(", ", notes);
                int length =
                        widths.values().stream().mapToInt(width -> width + 1).sum();
                if (length + told.length() <= screen.columns()) {
                    lines.append(" ".repeat(padding(cells.get(Column.RESULT)) + 1))
                            .append(styled(told, Style.SLOW));
                } else {
                    linesLeft--;
                    lines.append(System.lineSeparator())
                            .append(" ".repeat(widths.getOrDefault(Column.TIME, 0) + 1))
                            .append(styled("└ " + told, Style.SLOW));
                }
            }
            return lines.toString();
        }
    }

    private static int padding(@Nullable Cell last) {
        return last == null ? 0 : Math.max(0, Column.RESULT.width - last.text.length());
    }

    private void beginScreen(StringBuilder lines) {
        screen = screens.get();
        linesLeft = screen.rows() - 2;
        widths = widths(screen.columns());
        lines.append(line(column -> new Cell(column.name(), Style.HEADER))).append(System.lineSeparator());
    }

    /** The columns that there is room for. */
    private static Map<Column, Integer> widths(int room) {
        Map<Column, Integer> widths = new EnumMap<>(Column.class);
        for (Column column : Column.values()) {
            widths.put(column, column.width);
        }
        for (Column column : DISPENSABLE) {
            if (length(widths) > room) {
                widths.remove(column);
            }
        }
        if (length(widths) > room) {
            widths.replaceAll((column, width) -> column.narrow);
        }
        return widths;
    }

    private static int length(Map<Column, Integer> widths) {
        return widths.values().stream().mapToInt(width -> width + 1).sum() - 1;
    }

    private String line(Function<Column, Cell> cells) {
        StringBuilder line = new StringBuilder();
        widths.forEach((column, width) -> {
            Cell cell = cells.apply(column);
            String text =
                    cell.text.length() > width && column != Column.RESULT ? cell.text.substring(0, width) : cell.text;
            String space = " ".repeat(Math.max(0, width - text.length()));
            String padded = column == Column.RESULT ? text : column.right ? space + text : text + space;
            line.append(line.isEmpty() ? "" : " ").append(styled(padded, cell.style));
        });
        return line.toString();
    }

    private String styled(String text, Style style) {
        return screen.colours() && style != Style.PLAIN ? style.code + text + "\u001b[0m" : text;
    }
}
