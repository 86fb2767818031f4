package dev.aioscope.lifecycle;

import dev.aioscope.event.Trigger;
import dev.aioscope.event.WaitReason;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A teardown in progress. Unobserved values are null.
 *
 * @param known the state so far; its end is {@link Teardown.End#IN_PROGRESS}
 * @param seenSince when it was first observed, CLOCK_BOOTTIME ns
 * @param waitReason what it waited for at the latest scan
 * @param outstandingNow outstanding requests at that scan
 * @param siblingsNow threads inside an AIO call on the context at that scan
 * @param pendingSigkill whether a SIGKILL was pending for the caller at that scan
 * @param kernelStack return addresses in the kernel at that scan, the innermost first; empty if not read
 * @param isStuck whether it was reported as stuck
 */
public record TeardownInProgress(
        Teardown known,
        long seenSince,
        @Nullable WaitReason waitReason,
        @Nullable Integer outstandingNow,
        @Nullable Integer siblingsNow,
        @Nullable Boolean pendingSigkill,
        List<Long> kernelStack,
        boolean isStuck) {

    /** Copies the stack. */
    public TeardownInProgress {
        kernelStack = List.copyOf(kernelStack);
    }

    /** Whether only a scan found it: it began earlier, at an unknown time. */
    public boolean isFoundLate() {
        return known.call().enterTime() == null && known.phases().killEnterTime() == null;
    }

    /** Whether a thread waits; otherwise only the memory remains to be freed. */
    public boolean isWaitedFor() {
        return waitReason != WaitReason.DEFERRED_FREE;
    }

    /**
     * Whether its end was reported: all records of the exit arrived, but then its caller was found still waiting.
     */
    public boolean isReported() {
        return known.trigger() == Trigger.EXIT
                && known.phases().killEnterTime() != null
                && known.phases().killExitTime() != null
                && known.phases().usersEnterTime() != null
                && known.phases().reqsTime() != null
                && known.phases().freeTime() != null;
    }

    /** How long it has lasted at this time, ns; at least that long if {@link #isFoundLate}. */
    public long age(long now) {
        return Math.max(0, now - since());
    }

    private long since() {
        if (!isWaitedFor() && known.phases().reqsTime() != null) {
            return known.phases().reqsTime();
        }
        return known.startTime() != null ? known.startTime() : seenSince;
    }

    /** The wait and what ends it, as a clause with "it" as the subject. */
    public String explanation() {
        if (waitReason == null) {
            return known.phases().reqsTime() == null
                    ? "waits for an unknown reason"
                    : "waits for an unknown reason, though no request is outstanding";
        }
        return switch (waitReason) {
            case MMAP_LOCK -> "waits for mmap_lock of its address space, which another thread of the process holds";
            case GRACE -> "waits for an RCU grace period, which takes about 15 ms; a longer wait is an RCU stall";
            case SIBLINGS ->
                "waits for " + counted(siblingsNow, "thread", "threads")
                        + " inside io_submit, io_getevents or io_cancel on the same context";
            case REQUESTS -> "waits for " + counted(outstandingNow, "request", "requests") + " to complete";
            case CANCELLED_POLLS ->
                "waits for " + counted(outstandingNow, "cancelled poll", "cancelled polls")
                        + ", which a kernel thread has to complete";
            case WAKE ->
                "waits for its wake-up, though no request is outstanding: if this lasts, the kernel has lost the wake-up";
            case DEFERRED_FREE ->
                "no request is outstanding, but the kernel has not freed the context: RCU or its workers stall";
        };
    }

    private static String counted(@Nullable Integer count, String one, String more) {
        return count == null ? more : count + " " + (count == 1 ? one : more);
    }
}
