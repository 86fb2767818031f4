package dev.aioscope.lifecycle;

import org.jspecify.annotations.Nullable;

/**
 * One {@code struct kioctx} from setup to teardown. An unobserved value is null. Times are CLOCK_BOOTTIME ns.
 *
 * @param generation number of the context in this run of the agent: the kernel reuses pointers and handles at once,
 *     generations are unique
 * @param kioctx the kernel's address of the struct, in the tier {@code proc} the inode of its ring; 0 if unknown
 * @param mm the kernel's address of the owner's {@code struct mm_struct}, in the tier {@code proc} the pid; 0 if
 *     unknown
 * @param handle the {@code aio_context_t} of the program
 * @param maxReqs the argument of io_setup: the charge to the quota
 * @param nrEvents slots in the ring
 * @param owner the thread that called io_setup, or the one that a scan found
 * @param setupEnterTime when io_setup was entered
 * @param setupTime when io_setup returned; null for a context older than the agent
 * @param setupStack where the program called io_setup; null if not recorded
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

    /** A context of which only its identity is known. */
    public static Context of(long generation, long kioctx, long mm, long handle) {
        return new Context(generation, kioctx, mm, handle, null, null, null, null, null, null);
    }

    Context withAddresses(long kioctx, long mm) {
        return new Context(
                generation, kioctx, mm, handle, maxReqs, nrEvents, owner, setupEnterTime, setupTime, setupStack);
    }

    /** mremap moves the ring, whose address is the handle. */
    public Context withHandle(long handle) {
        return new Context(
                generation, kioctx, mm, handle, maxReqs, nrEvents, owner, setupEnterTime, setupTime, setupStack);
    }

    /** With this charge and ring size. */
    public Context withSize(@Nullable Integer maxReqs, @Nullable Integer nrEvents) {
        return new Context(
                generation, kioctx, mm, handle, maxReqs, nrEvents, owner, setupEnterTime, setupTime, setupStack);
    }

    /** With this owner. */
    public Context withOwner(@Nullable Task owner) {
        return new Context(
                generation, kioctx, mm, handle, maxReqs, nrEvents, owner, setupEnterTime, setupTime, setupStack);
    }

    /** With the times and the stack of its io_setup. */
    public Context withSetup(@Nullable Long setupEnterTime, @Nullable Long setupTime, @Nullable UserStack setupStack) {
        return new Context(
                generation, kioctx, mm, handle, maxReqs, nrEvents, owner, setupEnterTime, setupTime, setupStack);
    }

    /** The id in JSON and spans: the handle and the generation, unique in one run of the agent. */
    public String id() {
        return Long.toHexString(handle) + "-" + generation;
    }
}
