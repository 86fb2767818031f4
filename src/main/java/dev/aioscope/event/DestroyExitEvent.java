package dev.aioscope.event;

/** io_destroy returned. */
public final class DestroyExitEvent extends Event {
    DestroyExitEvent() {
        super(EventType.DESTROY_EXIT);
    }

    /** When io_destroy was entered. */
    public long enterTime() {
        return u64(EventLayout.DESTROY_EXIT_ENTER_TIME);
    }

    /** The aio_context_t of the program. */
    public long handle() {
        return u64(EventLayout.DESTROY_EXIT_HANDLE);
    }

    /** Return value: 0 or a negative errno. */
    public long result() {
        return u64(EventLayout.DESTROY_EXIT_RESULT);
    }

    /** Voluntary context switches during the call. */
    public long voluntarySwitches() {
        return u64(EventLayout.DESTROY_EXIT_VOLUNTARY_SWITCHES);
    }

    /** Whether a SIGKILL was pending for the caller. */
    public boolean pendingSigkill() {
        return s32(EventLayout.DESTROY_EXIT_PENDING_SIGKILL) != 0;
    }

    /** The mapping at the handle after a call that failed. */
    public RingState ring() {
        return RingState.of(s32(EventLayout.DESTROY_EXIT_RING));
    }
}
