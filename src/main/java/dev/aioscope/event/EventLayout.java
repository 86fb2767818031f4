package dev.aioscope.event;

/**
 * Where each field of a record lies: the offsets of the structs in {@code probes/event.h}, bytes from the record's
 * start. A test compiles the header and compares.
 *
 * <pre>
 *   0        8        16       24       32   36   40   44 46   48              64
 *   +--------+--------+--------+--------+----+----+----+--+--+----------------+------------
 *   | time   | kioctx | mm     | cgroup |pid |tid |cpu |ty|si| comm           | the type's
 *   |        |        |        |        |    |    |    |pe|ze| (zero padded)  | own fields
 *   +--------+--------+--------+--------+----+----+----+--+--+----------------+------------
 * </pre>
 */
public final class EventLayout {
    /** Marks a 64-bit field that could not be seen. */
    public static final long ABSENT_U64 = -1L;

    /** Marks a 32-bit field that could not be seen. */
    public static final int ABSENT_S32 = Integer.MIN_VALUE;

    static final int TIME = 0;
    static final int KIOCTX = 8;
    static final int MM = 16;
    static final int CGROUP = 24;
    static final int PID = 32;
    static final int TID = 36;
    static final int CPU = 40;
    static final int TYPE = 44;
    static final int SIZE = 46;
    static final int COMM = 48;
    static final int COMM_LENGTH = 16;
    static final int HEADER_SIZE = 64;

    static final int SETUP_ENTER_TIME = 64;
    static final int SETUP_HANDLE = 72;
    static final int SETUP_RESULT = 80;
    static final int SETUP_AIO_NR = 88;
    static final int SETUP_AIO_MAX_NR = 96;
    static final int SETUP_MAX_REQS = 104;
    static final int SETUP_NR_EVENTS = 108;
    static final int SETUP_SIZE = 112;

    static final int TEARDOWN_CALL_TIME = 64;
    static final int TEARDOWN_HANDLE = 72;
    static final int TEARDOWN_AIO_NR = 80;
    static final int TEARDOWN_TRIGGER = 88;
    static final int TEARDOWN_MAX_REQS = 92;
    static final int TEARDOWN_NR_EVENTS = 96;
    static final int TEARDOWN_OUTSTANDING_SLOTS = 100;
    static final int TEARDOWN_OUTSTANDING_REFS = 104;
    static final int TEARDOWN_UNREAPED = 108;
    static final int TEARDOWN_SIBLINGS = 112;
    static final int TEARDOWN_SIZE = 120;

    static final int KILL_EXIT_ENTER_TIME = 64;
    static final int KILL_EXIT_RESULT = 72;
    static final int KILL_EXIT_AIO_NR = 80;
    static final int KILL_EXIT_UNMAP_ENTER_TIME = 88;
    static final int KILL_EXIT_UNMAP_EXIT_TIME = 96;
    static final int KILL_EXIT_VOLUNTARY_SWITCHES = 104;
    static final int KILL_EXIT_UNMAP_RESULT = 112;
    static final int KILL_EXIT_PENDING_SIGKILL = 116;
    static final int KILL_EXIT_SIZE = 120;

    static final int USERS_ENTER_TIME = 64;
    static final int USERS_CANCELLABLE_BEFORE = 72;
    static final int USERS_CANCELLABLE_AFTER = 76;
    static final int USERS_OUTSTANDING = 80;
    static final int USERS_RELEASED_BY = 84;
    static final int USERS_SIZE = 88;

    static final int REQS_RELEASED_BY = 64;
    static final int REQS_SIZE = 72;

    static final int DESTROY_EXIT_ENTER_TIME = 64;
    static final int DESTROY_EXIT_HANDLE = 72;
    static final int DESTROY_EXIT_RESULT = 80;
    static final int DESTROY_EXIT_VOLUNTARY_SWITCHES = 88;
    static final int DESTROY_EXIT_PENDING_SIGKILL = 96;
    static final int DESTROY_EXIT_SIZE = 104;

    static final int STACK_DEPTH = 64;
    static final int STACK_FRAMES = 72;
    static final int STACK_SIZE = 328;

    static final int LIVE_CONTEXT_HANDLE = 64;
    static final int LIVE_CONTEXT_TASK_START = 72;
    static final int LIVE_CONTEXT_MAX_REQS = 80;
    static final int LIVE_CONTEXT_NR_EVENTS = 84;
    static final int LIVE_CONTEXT_OUTSTANDING_SLOTS = 88;
    static final int LIVE_CONTEXT_OUTSTANDING_REFS = 92;
    static final int LIVE_CONTEXT_UNREAPED = 96;
    static final int LIVE_CONTEXT_SLOT = 100;
    static final int LIVE_CONTEXT_SIZE = 104;

    static final int TASK_IN_TEARDOWN_TASK_START = 64;
    static final int TASK_IN_TEARDOWN_HANDLE = 72;
    static final int TASK_IN_TEARDOWN_TRIGGER = 80;
    static final int TASK_IN_TEARDOWN_STATE = 84;
    static final int TASK_IN_TEARDOWN_PENDING_SIGKILL = 88;
    static final int TASK_IN_TEARDOWN_SIZE = 96;

    private EventLayout() {}
}
