package dev.aioscope.top;

import dev.aioscope.diagnosis.LimitFile;
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
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A teardown or failed call as a line of the activity list. A value that was not observed is null.
 *
 * @param time when the caller was released, or else when the teardown was reported, CLOCK_BOOTTIME ns
 * @param task the caller, or else the owner of the context
 * @param trigger the trigger of a teardown, or the call that failed; null for a context that vanished
 * @param handle of the context; 0 if unknown
 * @param outstanding requests outstanding at kill_ioctx
 * @param waitNanos how long the caller was blocked, or has been blocked so far
 * @param phases parts of the wait
 * @param result what the call returned, or how the teardown ended
 * @param severity how the line is highlighted
 * @param note details; may be empty
 */
public record ActivityLine(
        long time,
        @Nullable Task task,
        @Nullable String trigger,
        long handle,
        @Nullable Integer outstanding,
        @Nullable Long waitNanos,
        @Nullable WaitPhases phases,
        String result,
        Severity severity,
        String note) {

    static final String IN_PROGRESS = "waiting";

    /** How a line is highlighted. */
    public enum Severity {
        NORMAL,
        /** Slow, or not completely observed. */
        NOTABLE,
        FAILED
    }

    /** The parts of a wait in ns; all are known or none. */
    public record WaitPhases(long kill, long grace, long io, long siblings, long wake) {
        static @Nullable WaitPhases of(Teardown t) {
            Long kill = t.kill();
            Long grace = t.grace();
            Long io = t.io();
            Long siblings = t.inSiblings();
            if (kill == null || grace == null || io == null || siblings == null) {
                return null;
            }
            Long wake = t.wake();
            return new WaitPhases(kill, grace, io, siblings, wake == null ? 0 : wake);
        }
    }

    /** A teardown that ended. */
    static ActivityLine of(Teardown t, long now) {
        Long time = t.endTime();
        Long held = t.held();
        Integer error = t.call().result() != null && t.call().result() < 0
                ? (Integer) (int) -t.call().result()
                : null;
        boolean isObserved = t.end() == Teardown.End.COMPLETE || t.end() == Teardown.End.VANISHED;
        boolean isSlow = held != null && held >= TeardownSpans.SLOW.toNanos();
        return new ActivityLine(
                time == null ? now : time,
                t.caller() != null ? t.caller() : t.context().owner(),
                t.trigger() == null ? null : t.trigger().label(),
                t.context().handle(),
                t.outstanding(),
                held,
                WaitPhases.of(t),
                error != null ? Errno.name(error) : t.end() == Teardown.End.COMPLETE ? "ok" : lower(t.end()),
                error != null ? Severity.FAILED : isObserved && !isSlow ? Severity.NORMAL : Severity.NOTABLE,
                "");
    }

    /** A teardown in progress. */
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
                IN_PROGRESS,
                age >= TeardownSpans.SLOW.toNanos() ? Severity.NOTABLE : Severity.NORMAL,
                note(teardown));
    }

    /** What the teardown waits for; empty if not observed. */
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

    /**
     * A call that failed.
     *
     * @param limitFile finds the file that sets the limit of this host; null for a recording
     */
    static ActivityLine of(FailedCall call, Supplier<@Nullable LimitFile> limitFile) {
        List<String> notes = new ArrayList<>();
        if (call.requested() != null) {
            notes.add("requested " + call.requested());
        }
        if (call.isRefusal() && call.explanation() != null) {
            notes.add(call.explanation());
        } else if (call.isQuotaRefusal() && call.aioNr() != null && call.aioMaxNr() != null) {
            notes.add("headroom " + call.aioMaxNr().subtract(call.aioNr()));
        }
        if (call.neededLimit() != null) {
            LimitFile file = limitFile.get();
            notes.add("needs fs.aio-max-nr=" + call.neededLimit()
                    + (file == null || file.path() == null ? "" : ", set in " + file.path()));
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
                Severity.FAILED,
                String.join(", ", notes));
    }

    private static String lower(Enum<?> name) {
        return name.name().toLowerCase(Locale.ROOT);
    }
}
