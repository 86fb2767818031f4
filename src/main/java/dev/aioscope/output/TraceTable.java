package dev.aioscope.output;

import dev.aioscope.diagnosis.LimitFile;
import dev.aioscope.event.RingState;
import dev.aioscope.host.Identities;
import dev.aioscope.host.Printable;
import dev.aioscope.kernel.Errno;
import dev.aioscope.kernel.KernelStack;
import dev.aioscope.kernel.Units;
import dev.aioscope.kernel.WallClock;
import dev.aioscope.lifecycle.FailedCall;
import dev.aioscope.lifecycle.RefusalOutcome;
import dev.aioscope.lifecycle.RefusalOutcome.Release;
import dev.aioscope.lifecycle.Straggler;
import dev.aioscope.lifecycle.Task;
import dev.aioscope.lifecycle.Teardown;
import dev.aioscope.lifecycle.TeardownInProgress;
import dev.aioscope.lifecycle.UserStack;
import dev.aioscope.lifecycle.WrongHandle;
import dev.aioscope.output.TraceRow.Highlight;
import dev.aioscope.probe.proc.BlockDevice;
import dev.aioscope.telemetry.TeardownSpans;
import java.math.BigInteger;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Prints one line for each teardown and failed call, for people. Unusual values are coloured and explained in notes at the
 * end of the line or on a second line. Not thread-safe.
 */
public final class TraceTable implements TraceFormat {
    private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("HH:mm:ss.SSS");

    /** Highlights phases from this duration on; a whole idle teardown takes about 30 ms. */
    private static final long SLOW_NANOS = TeardownSpans.SLOW.toNanos();

    /** Notes phases without a column, which normally take no time, from this duration on. */
    private static final long NOTABLE_NANOS = 10_000_000;

    private static final int MAX_FUNCTIONS = 8;

    private final WallClock clock;
    private final ZoneId zone;
    private final Identities identities;
    private final Function<String, Optional<BlockDevice>> devices;
    private final Function<List<Long>, List<String>> symbols;
    private final Supplier<@Nullable LimitFile> limitFile;
    private final TraceLayout layout;

    /** Prints events of this host. */
    public TraceTable(WallClock clock, ZoneId zone, Supplier<Screen> screens, Identities identities) {
        this(clock, zone, screens, identities, BlockDevice::of, KernelStack::functions, () -> null);
    }

    /**
     * Prints events that can be from another host.
     *
     * @param screens the current screen; read before each header
     * @param devices finds a block device by major:minor
     * @param symbols names the kernel functions at these addresses
     * @param limitFile finds the file that sets the limit of this host; null for a recording
     */
    public TraceTable(
            WallClock clock,
            ZoneId zone,
            Supplier<Screen> screens,
            Identities identities,
            Function<String, Optional<BlockDevice>> devices,
            Function<List<Long>, List<String>> symbols,
            Supplier<@Nullable LimitFile> limitFile) {
        this.clock = clock;
        this.zone = zone;
        this.identities = identities;
        this.devices = devices;
        this.symbols = symbols;
        this.limitFile = limitFile;
        this.layout = new TraceLayout(screens);
    }

    // ---- teardowns ----

    @Override
    public String teardown(Teardown t, long now) {
        TraceRow row = row(t, t.endTime() != null ? t.endTime() : now);
        row.putDuration(TraceColumn.WAIT, t.held(), SLOW_NANOS);
        row.putDuration(TraceColumn.KILL, t.kill(), SLOW_NANOS);
        row.putDuration(TraceColumn.GRACE, t.grace(), SLOW_NANOS);
        row.putDuration(TraceColumn.IO, t.io(), 1);
        row.putDuration(TraceColumn.WAKE, t.wake(), SLOW_NANOS);
        row.putDuration(TraceColumn.FREED, t.deferredFree(), SLOW_NANOS);
        putResult(row, t);
        noteSlowPhases(row, t);
        noteAnomalies(row, t);
        return layout.row(row)
                + stack("io_setup stack:", t.context().setupStack())
                + stack("io_destroy stack:", t.call().stack());
    }

    @Override
    public String stuck(TeardownInProgress teardown, long now) {
        TraceRow row = row(teardown.known(), now);
        row.putDuration(TraceColumn.WAIT, teardown.age(now), SLOW_NANOS);
        row.put(TraceColumn.RESULT, "stuck", Highlight.SLOW);
        row.note(teardown.explanation());
        if (Boolean.TRUE.equals(teardown.pendingSigkill())) {
            row.note("SIGKILL pending");
        }
        if (teardown.isFoundLate()) {
            row.note("found late: started before aioscope observed it");
        }
        return layout.row(row) + kernelStack(teardown);
    }

    @Override
    public String straggler(Straggler straggler) {
        Teardown t = straggler.teardown().known();
        TraceRow row = row(callerOrOwner(t), straggler.time());
        row.putIdentity(identities.ofOwner(t));
        row.put(TraceColumn.TRIGGER, "straggler");
        row.putHandle(t.context());
        row.putDuration(TraceColumn.WAIT, straggler.age(), SLOW_NANOS);
        if (straggler.result() < 0) {
            row.put(TraceColumn.RESULT, Errno.name((int) -straggler.result()), Highlight.FAILED);
        } else {
            row.put(TraceColumn.RESULT, Long.toString(straggler.result()));
        }
        String path = straggler.path();
        row.note(straggler.operation().label()
                + (straggler.offset() == null ? "" : " at " + straggler.offset())
                + " of " + (path == null ? "an unnamed file" : Printable.of(path))
                + " (inode " + Long.toUnsignedString(straggler.inode()) + ") on "
                + devices.apply(straggler.device())
                        .map(device -> device.name() + " ")
                        .orElse("")
                + straggler.device());
        return layout.row(row);
    }

    private TraceRow row(Teardown t, long time) {
        TraceRow row = row(callerOrOwner(t), time);
        row.putIdentity(identities.ofOwner(t));
        if (t.trigger() != null) {
            row.put(TraceColumn.TRIGGER, t.trigger().label());
        }
        row.putHandle(t.context());
        row.putNumber(TraceColumn.OUT, t.outstanding());
        return row;
    }

    private static @Nullable Task callerOrOwner(Teardown t) {
        return t.caller() != null ? t.caller() : t.context().owner();
    }

    private static void putResult(TraceRow row, Teardown t) {
        Long result = t.call().result();
        if (result != null && result < 0) {
            row.put(TraceColumn.RESULT, Errno.name((int) -result), Highlight.FAILED);
            return;
        }
        switch (t.end()) {
            case COMPLETE -> row.put(TraceColumn.RESULT, result == null ? Units.ABSENT : "ok");
            case VANISHED -> row.put(TraceColumn.RESULT, "vanished");
            case INCOMPLETE, UNKNOWN, IN_PROGRESS ->
                row.put(TraceColumn.RESULT, lower(t.end()).replace('_', ' '), Highlight.SLOW);
        }
    }

    private static void noteSlowPhases(TraceRow row, Teardown t) {
        noteSlow(row, "finding the context", t.lookup());
        noteSlow(row, "unmapping the ring", t.unmap());
        noteSlow(row, "cancelling requests", t.cancel());
        noteSlow(row, "waiting for threads inside AIO calls", t.inSiblings());
    }

    private static void noteSlow(TraceRow row, String phase, @Nullable Long nanos) {
        if (nanos != null && nanos >= NOTABLE_NANOS) {
            row.note(phase + " took " + Units.duration(nanos));
        }
    }

    private static void noteAnomalies(TraceRow row, Teardown t) {
        Integer unmapResult = t.kernel().unmapResult();
        if (unmapResult != null && unmapResult < 0) {
            row.note("cannot unmap the ring: " + Errno.name(-unmapResult));
        }
        if (t.kernel().ring() == RingState.OTHER) {
            row.note("the program had mapped other memory over the ring; the kernel unmapped it");
        }
        if (Boolean.TRUE.equals(t.call().pendingSigkill())) {
            row.note("SIGKILL pending");
        }
        Task owner = t.context().owner();
        if (owner != null && t.caller() != null && owner.pid() != t.caller().pid()) {
            row.note("owner " + owner.pid() + " " + Printable.of(owner.comm()));
        }
    }

    /** Kernel functions in which the caller waits, innermost first. */
    private String kernelStack(TeardownInProgress teardown) {
        List<String> names = symbols.apply(teardown.kernelStack());
        return names.isEmpty()
                ? ""
                : layout.wrapped(
                        "in ",
                        String.join(" < ", names.subList(0, Math.min(names.size(), MAX_FUNCTIONS)))
                                + (names.size() > MAX_FUNCTIONS ? " < …" : ""));
    }

    // ---- calls ----

    @Override
    public String failedCall(FailedCall call) {
        TraceRow row = row(call.caller(), call.returnTime());
        row.putIdentity(identities.ofCaller(call));
        row.put(TraceColumn.TRIGGER, lower(call.call()));
        if (call.handle() != null) {
            row.putHandle(call.handle());
        }
        Long wait = call.enterTime() == null ? null : (Long) (call.returnTime() - call.enterTime());
        row.putDuration(TraceColumn.WAIT, wait, SLOW_NANOS);
        row.put(TraceColumn.RESULT, Errno.name(call.errno()), Highlight.FAILED);
        WrongHandle wrong = call.wrongHandle();
        if (call.explanation() != null) {
            row.note((wrong != null && wrong.isIoInFlight() ? "WARNING: " : "") + call.explanation());
        }
        if (call.requested() != null) {
            row.note("requested " + call.requested());
        }
        noteUsage(row, call.aioNr(), call.aioMaxNr());
        if (call.neededLimit() != null) {
            row.note("needs fs.aio-max-nr=" + call.neededLimit());
        }
        if (!call.largest().isEmpty()) {
            row.note("held by "
                    + call.largest().stream()
                            .map(share -> process(share.owner()) + ": " + share.charge())
                            .collect(Collectors.joining(", ")));
        }
        String hint = LimitFile.adviceAfter(call, limitFile);
        return layout.row(row)
                + (hint == null ? "" : layout.wrapped("hint: ", hint))
                + stack(lower(call.call()) + " stack:", call.callStack());
    }

    @Override
    public String refusalOutcome(RefusalOutcome outcome) {
        FailedCall refusal = outcome.refusal();
        TraceRow row = row(refusal.caller(), outcome.time());
        row.putIdentity(identities.ofCaller(refusal));
        row.put(TraceColumn.TRIGGER, lower(refusal.call()));
        row.put(TraceColumn.WAIT, Units.duration(outcome.duration()));
        row.put(
                TraceColumn.RESULT,
                lower(outcome.status()),
                outcome.status() == RefusalOutcome.Status.LASTING ? Highlight.FAILED : Highlight.NONE);
        row.note("requested " + refusal.requested());
        if (outcome.retries() > 0) {
            row.note("refused " + (outcome.retries() + 1) + " times");
        }
        noteUsage(row, outcome.aioNr(), outcome.aioMaxNr());
        if (outcome.resolution() == RefusalOutcome.Resolution.LIMIT) {
            row.note("fs.aio-max-nr was raised");
        }
        if (outcome.release() != null) {
            row.note(release(outcome.release()));
        }
        if (outcome.hasSucceeded()) {
            row.note("a retry succeeded");
        }
        return layout.row(row);
    }

    private static void noteUsage(TraceRow row, @Nullable BigInteger used, @Nullable BigInteger limit) {
        if (used != null && limit != null) {
            row.note(used + " of " + limit + " in use");
        }
    }

    private String release(Release release) {
        return process(release.by()) + " released " + release.charge()
                + (release.trigger() == null ? "" : " by " + release.trigger().label());
    }

    // ---- parts of a row ----

    private TraceRow row(@Nullable Task task, long time) {
        Instant instant = Instant.ofEpochSecond(0, clock.epochNanos(time));
        return new TraceRow(TIME.format(instant.atZone(zone)), task);
    }

    private String process(Task task) {
        return Printable.of(task.comm()) + " " + task.pid()
                + identities
                        .of(task)
                        .container()
                        .map(container -> " (" + Printable.of(container.label()) + ")")
                        .orElse("");
    }

    private String stack(String title, @Nullable UserStack stack) {
        return stack == null ? "" : layout.list(title, stack.frames());
    }

    private static String lower(Enum<?> value) {
        return value.name().toLowerCase(Locale.ROOT);
    }
}
