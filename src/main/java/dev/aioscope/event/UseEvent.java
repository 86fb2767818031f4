package dev.aioscope.event;

/** A call other than io_destroy got a destroyed handle. */
public final class UseEvent extends Event {
    UseEvent() {
        super(EventType.USE);
    }

    /** The aio_context_t of the program. */
    public long handle() {
        return u64(EventLayout.USE_HANDLE);
    }

    /** Return value: a negative errno, or a number, see {@code probes/event.h}. */
    public long result() {
        return u64(EventLayout.USE_RESULT);
    }

    /** The call. */
    public AioCall call() {
        return AioCall.of(s32(EventLayout.USE_CALL));
    }
}
