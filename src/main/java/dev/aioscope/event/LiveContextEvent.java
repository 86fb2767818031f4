package dev.aioscope.event;

/** Inventory: one context in the table of an address space. */
public final class LiveContextEvent extends ContextEvent {
    LiveContextEvent() {
        super(EventType.LIVE_CONTEXT);
    }

    @Override
    public long handle() {
        return u64(EventLayout.LIVE_CONTEXT_HANDLE);
    }

    @Override
    public int maxReqs() {
        return s32(EventLayout.LIVE_CONTEXT_MAX_REQS);
    }

    @Override
    public int nrEvents() {
        return s32(EventLayout.LIVE_CONTEXT_NR_EVENTS);
    }

    /** Requests not completed, from the ring's free slots. */
    public int outstandingSlots() {
        return s32(EventLayout.LIVE_CONTEXT_OUTSTANDING_SLOTS);
    }

    /** Requests not completed, from the references on the context. */
    public int outstandingRefs() {
        return s32(EventLayout.LIVE_CONTEXT_OUTSTANDING_REFS);
    }

    /** Requests completed that the program has not read. */
    public int unreaped() {
        return s32(EventLayout.LIVE_CONTEXT_UNREAPED);
    }

    /** The slot in the table of the address space. */
    public int slot() {
        return s32(EventLayout.LIVE_CONTEXT_SLOT);
    }
}
