package dev.aioscope.event;

import org.jspecify.annotations.Nullable;

/** Inventory: the state of one followed context in teardown. */
public final class TeardownStateEvent extends Event {
    TeardownStateEvent() {
        super(EventType.TEARDOWN_STATE);
    }

    /** What the teardown waits for; null if the probe could not read the context. */
    public @Nullable WaitReason waitReason() {
        return WaitReason.of(s32(EventLayout.TEARDOWN_STATE_WAIT_REASON));
    }

    /** Outstanding requests. */
    public int requests() {
        return s32(EventLayout.TEARDOWN_STATE_REQUESTS);
    }

    /** Other threads inside an AIO call on the context. */
    public int siblings() {
        return s32(EventLayout.TEARDOWN_STATE_SIBLINGS);
    }
}
