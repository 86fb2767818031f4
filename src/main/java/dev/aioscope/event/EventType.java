package dev.aioscope.event;

import org.jspecify.annotations.Nullable;

/** The types of records. The codes and sizes are those of {@code probes/event.h}. */
public enum EventType {
    /** io_setup returned. */
    SETUP(1, EventLayout.SETUP_SIZE),
    /** io_destroy was entered; only sent by the tier {@code syscall}. */
    DESTROY_ENTER(2, EventLayout.TEARDOWN_SIZE),
    /** io_destroy returned. */
    DESTROY_EXIT(3, EventLayout.DESTROY_EXIT_SIZE),
    /** kill_ioctx was entered: a teardown begins. */
    KILL_ENTER(4, EventLayout.TEARDOWN_SIZE),
    /** kill_ioctx returned: the wait begins. */
    KILL_EXIT(5, EventLayout.KILL_EXIT_SIZE),
    /** free_ioctx_users ran: no thread is inside a call on the context any more. */
    USERS(6, EventLayout.USERS_SIZE),
    /** free_ioctx_reqs was entered: no request is outstanding, and the kernel wakes the waiter. */
    REQS(7, EventLayout.REQS_SIZE),
    /** free_ioctx was entered: the kernel frees the context. */
    FREE(8, EventLayout.HEADER_SIZE),
    /** The stack of a caller of io_setup or io_destroy, sent first; its time is exactly the call's entry. */
    STACK(9, EventLayout.STACK_SIZE),
    /** A call other than io_destroy got a destroyed handle; only sent if the agent checks such handles. */
    USE(10, EventLayout.USE_SIZE),
    /** A request of a followed context completed; only sent while the agent asks for it. */
    STRAGGLER(11, EventLayout.STRAGGLER_SIZE),
    /** Who a process is; sent before its first {@code SETUP}, and in a scan of the processes. */
    PROCESS(12, EventLayout.PROCESS_SIZE),
    /** Inventory: one context in the table of an address space. */
    LIVE_CONTEXT(16, EventLayout.LIVE_CONTEXT_SIZE),
    /** Inventory: one thread that waits in io_destroy or in exit_aio. */
    TASK_IN_TEARDOWN(17, EventLayout.TASK_IN_TEARDOWN_SIZE),
    /** Inventory: the state of one followed context in teardown. */
    TEARDOWN_STATE(18, EventLayout.TEARDOWN_STATE_SIZE);

    /** One more than the largest code. */
    static final int CODES = 32;

    private static final @Nullable EventType[] BY_CODE = new EventType[CODES];

    static {
        for (EventType type : values()) {
            BY_CODE[type.code] = type;
        }
    }

    private final int code;
    private final int size;

    EventType(int code, int size) {
        this.code = code;
        this.size = size;
    }

    /** The value of {@code enum event_type}. */
    public int code() {
        return code;
    }

    /** The size of a whole record of this type, bytes; of a {@code PROCESS} without its texts. */
    public int size() {
        return size;
    }

    /** Whether the probes send records of this type and size. */
    boolean allows(int recordSize) {
        return this == PROCESS ? recordSize >= size && recordSize % Long.BYTES == 0 : recordSize == size;
    }

    /** The type with this code; null for an unknown code. */
    public static @Nullable EventType of(int code) {
        return code >= 0 && code < BY_CODE.length ? BY_CODE[code] : null;
    }
}
