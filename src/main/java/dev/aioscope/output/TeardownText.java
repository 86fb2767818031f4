package dev.aioscope.output;

import dev.aioscope.event.Trigger;
import dev.aioscope.event.WaitReason;
import dev.aioscope.host.Printable;
import dev.aioscope.kernel.Errno;
import dev.aioscope.kernel.Units;
import dev.aioscope.lifecycle.Task;
import dev.aioscope.lifecycle.Teardown;
import dev.aioscope.lifecycle.TeardownInProgress;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** One teardown as sentences, in the words of {@code explain}. */
final class TeardownText {
    static final String REQUESTS = "for outstanding requests";
    static final String SIBLINGS = "for threads inside an AIO call on the context";
    static final String GRACE = "for RCU grace periods";

    private TeardownText() {}

    /** Completes "waits uninterruptibly in". */
    static String call(boolean isDestroy, long handle) {
        return isDestroy
                ? "io_destroy of the context 0x" + Long.toHexString(handle) + "."
                : "exit_aio: its process exits or calls exec, which destroys all its contexts.";
    }

    /** A thread for people; "A thread" if it is unknown. */
    static String thread(@Nullable Task task) {
        return task == null ? "A thread" : "Thread " + task.tid() + " (" + Printable.of(task.comm()) + ")";
    }

    // ---- in progress ----

    /**
     * Sentences about a teardown in progress.
     *
     * @param now CLOCK_BOOTTIME ns
     */
    static List<String> of(TeardownInProgress teardown, long now) {
        Teardown known = teardown.known();
        List<String> lines = new ArrayList<>();
        String age = (teardown.isFoundLate() ? "more than " : "") + Units.duration(teardown.age(now));
        if (teardown.isWaitedFor()) {
            lines.add(thread(known.caller()) + " waits uninterruptibly in "
                    + call(known.trigger() != Trigger.EXIT, known.context().handle()));
            lines.add("It " + teardown.explanation() + ". It has lasted " + age + ".");
        } else {
            lines.add("No thread waits for the context 0x"
                    + Long.toHexString(known.context().handle()) + ": " + teardown.explanation() + ".");
            lines.add("This has lasted " + age + ".");
        }
        lines.addAll(release(teardown.waitReason()));
        if (Boolean.TRUE.equals(teardown.pendingSigkill())) {
            lines.add(ReleaseText.SIGKILL);
        }
        return lines;
    }

    private static List<String> release(@Nullable WaitReason reason) {
        return reason == null
                ? List.of()
                : switch (reason) {
                    case REQUESTS -> List.of(ReleaseText.REQUESTS, ReleaseText.NOT_KILL);
                    case SIBLINGS -> List.of(ReleaseText.CALL + ".");
                    case MMAP_LOCK -> List.of(ReleaseText.MMAP_LOCK);
                    default -> List.of();
                };
    }

    // ---- ended ----

    /** Sentences about a teardown that ended. */
    static List<String> of(Teardown t) {
        List<String> lines = new ArrayList<>();
        lines.add(end(t));
        if (t.trigger() != Trigger.ROLLBACK) {
            waits(t, lines);
        }
        Integer outstanding = t.outstanding();
        if (outstanding != null) {
            lines.add(count(outstanding, "request") + (outstanding == 1 ? " was" : " were")
                    + " outstanding when it began.");
        }
        Long result = t.call().result();
        if (result != null && result < 0) {
            lines.add("io_destroy returned " + Errno.name((int) -result) + ".");
        }
        if (Boolean.TRUE.equals(t.call().pendingSigkill())) {
            lines.add("A SIGKILL was pending.");
        }
        return lines;
    }

    private static String end(Teardown t) {
        String context = "the context 0x" + Long.toHexString(t.context().handle());
        String held = t.held() == null ? "" : " for " + Units.duration(t.held());
        return switch (t.end()) {
            case VANISHED -> "One scan found " + context + ", a later one did not. No event reported its end.";
            case UNKNOWN -> thread(t.caller()) + " began to end " + context + ". The end was not observed.";
            default ->
                thread(t.caller()) + did(t.trigger()) + context + held + "."
                        + (t.end() == Teardown.End.INCOMPLETE ? " An event was lost, so some values are absent." : "");
        };
    }

    private static String did(@Nullable Trigger trigger) {
        return trigger == null
                ? " ended "
                : switch (trigger) {
                    case DESTROY -> " was in io_destroy of ";
                    case EXIT -> " was in exit_aio and ended ";
                    case ROLLBACK -> " took back, in an io_setup that failed late, ";
                };
    }

    private static void waits(Teardown t, List<String> lines) {
        List<String> parts = new ArrayList<>();
        part(parts, t.io(), REQUESTS);
        part(parts, t.inSiblings(), SIBLINGS);
        part(parts, t.grace(), GRACE + ", which is normal");
        if (!parts.isEmpty()) {
            lines.add("It waited " + String.join(", ", parts) + ".");
        }
    }

    private static void part(List<String> parts, @Nullable Long nanos, String what) {
        if (nanos != null && nanos > 0) {
            parts.add(Units.duration(nanos) + " " + what);
        }
    }

    static String count(long number, String what) {
        return number + " " + what + (number == 1 ? "" : "s");
    }
}
