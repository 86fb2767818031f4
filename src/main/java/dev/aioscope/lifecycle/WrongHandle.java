package dev.aioscope.lifecycle;

import dev.aioscope.kernel.Units;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Why an io_destroy did not find a context. Times are CLOCK_BOOTTIME ns.
 *
 * @param cause what is wrong with the handle
 * @param context the present or former context of the handle; null if unknown
 * @param destroyer the thread whose io_destroy ended that context, or is ending it
 * @param killedTime when that call made the handle invalid; null if unknown
 * @param drainedTime when the last request of that context completed; null if not yet known
 * @param draining whether that call still waits
 * @param outstanding outstanding requests when that call made the handle invalid
 */
public record WrongHandle(
        Cause cause,
        @Nullable Context context,
        @Nullable Task destroyer,
        @Nullable Long killedTime,
        @Nullable Long drainedTime,
        boolean draining,
        @Nullable Integer outstanding) {

    /** What is wrong with a handle. */
    public enum Cause {
        /** It is 0. */
        ZERO,
        /** It was destroyed before. */
        ALREADY_DESTROYED,
        /** Another thread destroyed it at the same time. */
        LOST_RACE,
        /** The program unmapped the ring: the context exists, but the kernel cannot find it. */
        RING_UNMAPPED,
        /** The ring's header is overwritten, or other memory is mapped over it. */
        RING_CORRUPTED,
        /** mremap moved the ring, which changes the handle. */
        RING_MOVED,
        /** It belongs to another address space: the parent or any other process. */
        OTHER_PROCESS,
        /** No context of this address space has it or had it recently. */
        NEVER_VALID;

        /** The name in JSON, spans and metrics. */
        public String label() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** Without a context. */
    static WrongHandle of(Cause cause) {
        return of(cause, null);
    }

    /** For a context that is not destroyed. */
    static WrongHandle of(Cause cause, @Nullable Context context) {
        return new WrongHandle(cause, context, null, null, null, false, null);
    }

    /** Whether the kernel can still write to buffers that the caller may consider free. */
    public boolean isIoInFlight() {
        return draining && (outstanding == null || outstanding > 0);
    }

    /** One sentence for developers. */
    String explanation(long now) {
        return switch (cause) {
            case ZERO -> "0 is never a handle";
            case ALREADY_DESTROYED -> "this handle was destroyed" + ago(now) + by() + drain();
            case LOST_RACE -> "another thread destroyed this handle at the same time" + by() + drain();
            case RING_UNMAPPED ->
                "the program has unmapped the ring of this context itself: it cannot be found any more" + charge();
            case RING_CORRUPTED ->
                "the ring of this context is overwritten: its id no longer leads to the context" + charge();
            case RING_MOVED -> "the ring of this context was moved by mremap: its handle is the new address";
            case OTHER_PROCESS ->
                "this handle belongs to another process" + owner() + ": a context is not inherited or shared";
            case NEVER_VALID -> "no context of this process has this handle, or is known to have had it recently";
        };
    }

    private String ago(long now) {
        return killedTime == null ? "" : " " + Units.duration(Math.max(0, now - killedTime)) + " ago";
    }

    private String by() {
        return destroyer == null ? "" : (cause == Cause.LOST_RACE ? ": thread " : " by thread ") + destroyer.tid();
    }

    private String drain() {
        if (isIoInFlight()) {
            return "; that call still waits for " + (outstanding == null ? "its" : outstanding)
                    + (outstanding != null && outstanding == 1 ? " request" : " requests")
                    + ": do not free or reuse their buffers yet";
        }
        if (outstanding != null && outstanding == 0) {
            return "; no request was outstanding";
        }
        return drainedTime == null || killedTime == null
                ? ""
                : "; its last request drained " + Units.duration(Math.max(0, drainedTime - killedTime)) + " later";
    }

    private String charge() {
        Integer charge = context == null ? null : context.maxReqs();
        return charge == null
                ? ", and stays until the process ends"
                : ", and its charge of " + Integer.toUnsignedString(charge) + " stays until the process ends";
    }

    private String owner() {
        Task owner = context == null ? null : context.owner();
        return owner == null ? "" : ", " + owner.pid();
    }
}
