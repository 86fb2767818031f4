package dev.aioscope.event;

/** Which code dropped the last reference on one of the two counters of a context. */
public enum ReleasedBy {
    /** Unknown: the kernel's symbols were hidden. */
    UNKNOWN,
    /** The RCU grace period after percpu_ref_kill: no other reference remained. */
    RCU,
    /** A completed request, or a thread that left an AIO call. */
    HOLDER;

    /**
     * The value of {@code enum released_by} in {@code probes/event.h}.
     *
     * @throws CorruptEventException if there is none
     */
    static ReleasedBy of(int code) {
        return switch (code) {
            case 0 -> UNKNOWN;
            case 1 -> RCU;
            case 2 -> HOLDER;
            default -> throw new CorruptEventException("released_by " + code + " does not exist");
        };
    }
}
