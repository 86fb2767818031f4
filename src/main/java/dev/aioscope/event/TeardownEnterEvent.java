package dev.aioscope.event;

/** kill_ioctx was entered, or in the tier {@code syscall} io_destroy. */
public final class TeardownEnterEvent extends ContextEvent {
    TeardownEnterEvent(EventType type) {
        super(type);
    }

    /** When io_destroy was entered; absent outside of it. */
    public long callTime() {
        return u64(EventLayout.TEARDOWN_CALL_TIME);
    }

    @Override
    public long handle() {
        return u64(EventLayout.TEARDOWN_HANDLE);
    }

    /** fs.aio-nr at that moment; the memory of a host keeps it far below 2^63. */
    public long aioNr() {
        return u64(EventLayout.TEARDOWN_AIO_NR);
    }

    /** Why the context ends. */
    public Trigger trigger() {
        return Trigger.of(s32(EventLayout.TEARDOWN_TRIGGER));
    }

    @Override
    public int maxReqs() {
        return s32(EventLayout.TEARDOWN_MAX_REQS);
    }

    @Override
    public int nrEvents() {
        return s32(EventLayout.TEARDOWN_NR_EVENTS);
    }

    /** Requests not completed, from the ring's free slots. */
    public int outstandingSlots() {
        return s32(EventLayout.TEARDOWN_OUTSTANDING_SLOTS);
    }

    /** Requests not completed, from the references on the context. */
    public int outstandingRefs() {
        return s32(EventLayout.TEARDOWN_OUTSTANDING_REFS);
    }

    /** Requests completed that the program has not read. */
    public int unreaped() {
        return s32(EventLayout.TEARDOWN_UNREAPED);
    }

    /** Other threads inside an AIO call on the context. */
    public int siblings() {
        return s32(EventLayout.TEARDOWN_SIBLINGS);
    }

    /** The mapping at the handle before kill_ioctx unmaps the ring. */
    public RingState ring() {
        return RingState.of(s32(EventLayout.TEARDOWN_RING));
    }
}
