package dev.aioscope.event;

/** A record that describes a context. */
public abstract class ContextEvent extends Event {
    ContextEvent(EventType type) {
        super(type);
    }

    /** The aio_context_t of the program. */
    public abstract long handle();

    /** The argument of io_setup: the charge. */
    public abstract int maxReqs();

    /** Slots in the ring. */
    public abstract int nrEvents();
}
