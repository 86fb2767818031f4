package dev.aioscope.event;

/** Who dropped the last reference on one of the two counters of a context. */
public enum ReleasedBy {
    /** The kernel's symbols were hidden, so that the two could not be told apart. */
    UNKNOWN,
    /** The RCU grace period that follows percpu_ref_kill: nothing else was left by then. */
    RCU,
    /** A request that completed, or a thread that left an AIO call. */
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
