package dev.aioscope.inventory;

import dev.aioscope.event.EventLayout;
import dev.aioscope.event.LiveContextEvent;
import dev.aioscope.lifecycle.Context;
import dev.aioscope.lifecycle.Task;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A context that a scan found in the table of an address space, or events where there are no scans. Unreadable values are null.
 *
 * @param owner the first thread that the scan found with this address space
 * @param setupTime when io_setup returned (CLOCK_BOOTTIME ns); null if not observed
 * @param mm the kernel's address of the address space, in the tier {@code proc} the pid
 * @param handle the {@code aio_context_t} of the program
 * @param charge the argument of io_setup, which fs.aio-nr counts
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

    /** Copies the record. */
    static LiveContext of(LiveContextEvent event) {
        Integer refs = known(event.outstandingRefs());
        return new LiveContext(
                Task.of(event),
                null,
                event.mm(),
                event.handle(),
                known(event.maxReqs()),
                known(event.nrEvents()),
                refs != null ? refs : known(event.outstandingSlots()),
                known(event.unreaped()));
    }

    /** A context that only its setup has shown; empty if its owner is unknown. */
    static Optional<LiveContext> of(Context context) {
        return Optional.ofNullable(context.owner())
                .map(owner -> new LiveContext(
                        owner,
                        context.setupTime(),
                        context.mm(),
                        context.handle(),
                        context.maxReqs(),
                        context.nrEvents(),
                        null,
                        null));
    }

    LiveContext withSetupTime(@Nullable Long time) {
        return new LiveContext(owner, time, mm, handle, charge, nrEvents, outstanding, unreaped);
    }

    private static @Nullable Integer known(int value) {
        return value == EventLayout.ABSENT_S32 ? null : (Integer) value;
    }
}
