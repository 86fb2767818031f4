package dev.aioscope.inventory;

import dev.aioscope.event.Event;
import dev.aioscope.event.EventLayout;
import dev.aioscope.lifecycle.Task;
import org.jspecify.annotations.Nullable;

/**
 * A context that a look found in the table of an address space. What could not be read is null.
 *
 * @param owner the first thread found that has this address space
 * @param setupTime when io_setup returned (CLOCK_BOOTTIME ns); null if that was not seen
 * @param mm the kernel's address of the address space, or what stands for it
 * @param handle the {@code aio_context_t} of the program
 * @param charge the number given to io_setup, which fs.aio-nr counts
 * @param nrEvents slots in the ring
 * @param outstanding requests submitted and not completed
 * @param unreaped requests completed that the program has not read
 */
public record LiveContext(
        Task owner,
        @Nullable Long setupTime,
        long mm,
        long handle,
        @Nullable Integer charge,
        @Nullable Integer nrEvents,
        @Nullable Integer outstanding,
        @Nullable Integer unreaped) {

    /** Copies a {@code LIVE_CONTEXT}. */
    static LiveContext of(Event event) {
        Integer refs = seen(event.outstandingRefs());
        return new LiveContext(
                Task.of(event),
                null,
                event.mm(),
                event.handle(),
                seen(event.maxReqs()),
                seen(event.nrEvents()),
                refs != null ? refs : seen(event.outstandingSlots()),
                seen(event.unreaped()));
    }

    LiveContext withSetupTime(@Nullable Long time) {
        return new LiveContext(owner, time, mm, handle, charge, nrEvents, outstanding, unreaped);
    }

    private static @Nullable Integer seen(int value) {
        return value == EventLayout.ABSENT_S32 ? null : (Integer) value;
    }
}
