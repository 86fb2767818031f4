package dev.aioscope.event;

/** free_ioctx_reqs was entered: no request is outstanding, and the kernel wakes the waiter. */
public final class ReqsEvent extends Event {
    ReqsEvent() {
        super(EventType.REQS);
    }

    /** Which code dropped the last reference of a request. */
    public ReleasedBy releasedBy() {
        return ReleasedBy.of(s32(EventLayout.REQS_RELEASED_BY));
    }
}
