package dev.aioscope.lifecycle;

import org.jspecify.annotations.Nullable;

/**
 * One {@code struct kioctx} from its set-up to its end. What was not seen is null.
 *
 * @param generation counts the contexts that the agent has seen: pointers and handles are used again at once, the
 *     generation is not
 * @param kioctx the kernel's address of the struct, or what stands for it; 0 where nothing could see it
 * @param mm the kernel's address of the owner's {@code struct mm_struct}, or what stands for it; 0 where it was not seen
 * @param handle the {@code aio_context_t} of the program
 * @param maxReqs the number given to io_setup: what the context charges to the quota
 * @param nrEvents slots in the ring
 * @param owner the thread that called io_setup, or what the inventory found
 * @param setupEnterTime when that io_setup began (CLOCK_BOOTTIME ns)
 * @param setupTime when io_setup returned (CLOCK_BOOTTIME ns); null for a context older than the agent
 * @param setupStack where the program called io_setup, if that was to be recorded
 */
public record Context(
        long generation,
        long kioctx,
        long mm,
        long handle,
        @Nullable Integer maxReqs,
        @Nullable Integer nrEvents,
        @Nullable Task owner,
        @Nullable Long setupEnterTime,
        @Nullable Long setupTime,
        @Nullable UserStack setupStack) {

    /** One of which it was not seen when its io_setup began. */
    public Context(
            long generation,
            long kioctx,
            long mm,
            long handle,
            @Nullable Integer maxReqs,
            @Nullable Integer nrEvents,
            @Nullable Task owner,
            @Nullable Long setupTime,
            @Nullable UserStack setupStack) {
        this(generation, kioctx, mm, handle, maxReqs, nrEvents, owner, null, setupTime, setupStack);
    }

    /** The same context after mremap has moved its ring, which is its handle. */
    Context movedTo(long handle) {
        return new Context(
                generation, kioctx, mm, handle, maxReqs, nrEvents, owner, setupEnterTime, setupTime, setupStack);
    }

    /** The id in JSON and spans: the handle, and the generation that makes it unique in one run of the agent. */
    public String id() {
        return Long.toHexString(handle) + "-" + generation;
    }
}
