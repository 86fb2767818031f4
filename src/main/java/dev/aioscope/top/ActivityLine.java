package dev.aioscope.top;

import dev.aioscope.event.WaitReason;
import dev.aioscope.kernel.Errno;
import dev.aioscope.lifecycle.FailedCall;
import dev.aioscope.lifecycle.Task;
import dev.aioscope.lifecycle.Teardown;
import dev.aioscope.lifecycle.TeardownInProgress;
import dev.aioscope.telemetry.TeardownSpans;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * What happened to a context, as a line of a list. What was not seen is null.
 *
 * @param time when it was over for its caller, or else when it was told, CLOCK_BOOTTIME ns
 * @param task who did it
 * @param what the trigger of a teardown, or the call that failed; null for a context that vanished
 * @param handle of the context; 0 if it has none
 * @param outstanding requests submitted and not completed at kill_ioctx
 * @param held how long the caller was held, or is held by now, ns
 * @param phases what it waited for
 * @param result what the call returned, or how the agent learnt of the end
 * @param grade how much it deserves to be looked at
 * @param note more of it; empty if there is no more
 */
public record ActivityLine(
        long time,
        @Nullable Task task,
        @Nullable String what,
        long handle,
        @Nullable Integer outstanding,
        @Nullable Long held,
        @Nullable Phases phases,
        String result,
        Grade grade,
        String note) {

    /** How much something deserves to be looked at. */
    public enum Grade {
        NORMAL,
        /** Slow, or not all of it was seen. */
        NOTABLE,
        FAILED
    }

    /** The parts of a wait, ns; they are known together or not at all. */
    public record Phases(long kill, long grace, long io, long siblings, long wake) {
        static @Nullable Phases of(Teardown t) {
            Long kill = t.kill();
            Long grace = t.grace();
            Long io = t.io();
            Long siblings = t.inSiblings();
            if (kill == null || grace == null || io == null || siblings == null) {
                return null;
            }
            Long wake = t.wake();
            return new Phases(kill, grace, io, siblings, wake == null ? 0 : wake);
        }
    }

    /** A teardown that is over. */
    static ActivityLine of(Teardown t, long now) {
        Long time = t.endTime();
        Long held = t.held();
        Integer error = t.call().result() != null && t.call().result() < 0
                ? (Integer) (int) -t.call().result()
                : null;
        boolean isSeen = t.end() == Teardown.End.COMPLETE || t.end() == Teardown.End.VANISHED;
        boolean isSlow = held != null && held >= TeardownSpans.SLOW.toNanos();
        return new ActivityLine(
                time == null ? now : time,
                t.caller() != null ? t.caller() : t.context().owner(),
                t.trigger() == null ? null : t.trigger().label(),
                t.context().handle(),
                t.outstanding(),
                held,
                Phases.of(t),
                error != null ? Errno.name(error) : t.end() == Teardown.End.COMPLETE ? "ok" : lower(t.end()),
                error != null ? Grade.FAILED : isSeen && !isSlow ? Grade.NORMAL : Grade.NOTABLE,
                "");
    }

    /** A teardown that goes on. */
    static ActivityLine of(TeardownInProgress teardown, long now) {
        Teardown t = teardown.known();
        long age = teardown.age(now);
        return new ActivityLine(
                now,
                t.caller() != null ? t.caller() : t.context().owner(),
                t.trigger() == null ? null : t.trigger().label(),
                t.context().handle(),
                t.outstanding(),
                age,
                null,
                "waits",
                age >= TeardownSpans.SLOW.toNanos() ? Grade.NOTABLE : Grade.NORMAL,
                note(teardown));
    }

    /** What it waits for, in a few words; empty if that is not seen. */
    private static String note(TeardownInProgress teardown) {
        List<String> notes = new ArrayList<>();
        WaitReason waitReason = teardown.waitReason();
        if (waitReason != null) {
            notes.add(
                    switch (waitReason) {
                        case SIBLINGS -> counted(teardown.siblingsNow(), "sibling");
                        case REQUESTS -> counted(teardown.outstandingNow(), "request");
                        case CANCELLED_POLLS -> counted(teardown.outstandingNow(), "cancelled poll");
                        default -> waitReason.label().replace('_', ' ');
                    });
        }
        if (Boolean.TRUE.equals(teardown.pendingSigkill())) {
            notes.add("SIGKILL");
        }
        if (teardown.isFoundLate()) {
            notes.add("found late");
        }
        return String.join(", ", notes);
    }

    private static String counted(@Nullable Integer count, String what) {
        return count == null ? what + "s" : count + " " + what + (count == 1 ? "" : "s");
    }

    /** A call that failed. */
    static ActivityLine of(FailedCall call) {
        List<String> notes = new ArrayList<>();
        if (call.maxReqs() != null) {
            notes.add("asked " + call.maxReqs());
        }
        if (call.isRefusal() && call.aioNr() != null && call.aioMaxNr() != null) {
            notes.add((call.aioMaxNr() - call.aioNr()) + " left");
        }
        if (call.neededLimit() != null) {
            notes.add("fs.aio-max-nr=" + call.neededLimit() + " would do");
        }
        return new ActivityLine(
                call.returnTime(),
                call.caller(),
                call.call().name().toLowerCase(Locale.ROOT),
                call.handle() == null ? 0 : call.handle(),
                null,
                call.enterTime() == null ? null : (Long) (call.returnTime() - call.enterTime()),
                null,
                Errno.name(call.errno()),
                Grade.FAILED,
                String.join(", ", notes));
    }

    private static String lower(Enum<?> name) {
        return name.name().toLowerCase(Locale.ROOT);
    }
}
