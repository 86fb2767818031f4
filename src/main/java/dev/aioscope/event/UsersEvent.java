package dev.aioscope.event;

/** free_ioctx_users ran: no thread is inside a call on the context any more. */
public final class UsersEvent extends Event {
    UsersEvent() {
        super(EventType.USERS);
    }

    /** When free_ioctx_users was entered. */
    public long enterTime() {
        return u64(EventLayout.USERS_ENTER_TIME);
    }

    /** Requests with a ki_cancel before free_ioctx_users cancelled them. */
    public int cancellableBefore() {
        return s32(EventLayout.USERS_CANCELLABLE_BEFORE);
    }

    /** Requests with a ki_cancel after that. */
    public int cancellableAfter() {
        return s32(EventLayout.USERS_CANCELLABLE_AFTER);
    }

    /** Requests not completed, from the references on the context. */
    public int outstanding() {
        return s32(EventLayout.USERS_OUTSTANDING);
    }

    /** Which code dropped the last reference of a caller. */
    public ReleasedBy releasedBy() {
        return ReleasedBy.of(s32(EventLayout.USERS_RELEASED_BY));
    }
}
