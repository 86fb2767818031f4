package dev.aioscope.lifecycle;

import dev.aioscope.event.Trigger;
import dev.aioscope.event.WaitReason;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A teardown that goes on. What was not seen is null.
 *
 * @param known what is known so far; its end is {@link Teardown.End#IN_PROGRESS}
 * @param seenSince when it was first seen, CLOCK_BOOTTIME ns
 * @param waitReason what it waited for at the latest look
 * @param requestsLeft requests not completed then
 * @param siblingsLeft threads inside an AIO call on the context then
 * @param pendingSigkill whether a SIGKILL waited for the caller then
 * @param kernelStack where the caller waited then: addresses in the kernel, the innermost first; empty if not seen
 * @param isStuck whether it has lasted for so long that it was told of
 */
public record TeardownInProgress(
        Teardown known,
        long seenSince,
        @Nullable WaitReason waitReason,
        @Nullable Integer requestsLeft,
        @Nullable Integer siblingsLeft,
        @Nullable Boolean pendingSigkill,
        List<Long> kernelStack,
        boolean isStuck) {

    /** Copies the stack. */
    public TeardownInProgress {
        kernelStack = List.copyOf(kernelStack);
    }

    /** Whether only a look found it: it began before it was first seen, and how is not known. */
    public boolean isFoundLate() {
        return known.call().enterTime() == null && known.phases().killEnterTime() == null;
    }

    /** Whether a thread waits; else only the memory of the context is left. */
    public boolean isWaitedFor() {
        return waitReason != WaitReason.DEFERRED_FREE;
    }

    /**
     * Whether its end was reported before: an exit of which every record was seen, and then that its caller is not woken.
     */
    public boolean isReported() {
        return known.trigger() == Trigger.EXIT
                && known.phases().killEnterTime() != null
                && known.phases().killExitTime() != null
                && known.phases().usersEnterTime() != null
                && known.phases().reqsTime() != null
                && known.phases().freeTime() != null;
    }

    /** How long it has lasted at this time, ns; longer if it was found late. */
    public long age(long now) {
        return Math.max(0, now - since());
    }

    private long since() {
        if (!isWaitedFor() && known.phases().reqsTime() != null) {
            return known.phases().reqsTime();
        }
        return known.startTime() != null ? known.startTime() : seenSince;
    }

    /** What it waits for and what ends that, as a sentence. */
    public String explanation() {
        if (waitReason == null) {
            return known.phases().reqsTime() == null
                    ? "what it waits for cannot be seen here"
                    : "its requests are gone; what else it waits for cannot be seen here";
        }
        return switch (waitReason) {
            case MMAP_LOCK ->
                "waits for the lock on its own address space (mmap_lock): another thread of the process holds it";
            case GRACE -> "waits for an RCU grace period, which takes some 15 ms: longer is an RCU stall of the kernel";
            case SIBLINGS ->
                "waits for " + counted(siblingsLeft, "thread", "threads")
                        + " inside io_submit, io_getevents or io_cancel on the same context";
            case REQUESTS -> "waits for " + counted(requestsLeft, "request", "requests") + " to complete";
            case CANCELLED_POLLS ->
                "waits for " + counted(requestsLeft, "cancelled poll", "cancelled polls")
                        + ", which a kernel thread is to complete";
            case WAKE -> "no request is left and the caller was to be woken: a wake-up that was lost, if it lasts";
            case DEFERRED_FREE ->
                "no request is left, but the memory of the context is not freed: RCU or the kernel's workers stall";
        };
    }

    private static String counted(@Nullable Integer count, String one, String more) {
        return count == null ? more : count + " " + (count == 1 ? one : more);
    }
}
