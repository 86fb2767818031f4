package dev.aioscope.event;

/**
 * The offsets of the fields in the structs of {@code probes/event.h}, in bytes from the record's start. A test compares
 * them with the header.
 *
 * <pre>
 *   0        8        16       24       32   36   40   44 46   48              64        72
 *   +--------+--------+--------+--------+----+----+----+--+--+----------------+---------+------------
 *   | time   | kioctx | mm     | cgroup |pid |tid |cpu |ty|si| comm           | process | the type's
 *   |        |        |        |        |    |    |    |pe|ze| (zero padded)  | start   | own fields
 *   +--------+--------+--------+--------+----+----+----+--+--+----------------+---------+------------
 * </pre>
 */
public final class EventLayout {
    /** Incremented when a field in recordings changes; a new record type, or a field in former padding, does not count. */
    public static final int VERSION = 1;

    /** A 64-bit field without a value. */
    public static final long ABSENT_U64 = -1L;

    /** A 16-bit field without a value. */
    static final int ABSENT_U16 = 0xffff;

    /** A 32-bit field without a value. */
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
    static final int PROCESS_START = 64;
    static final int HEADER_SIZE = 72;

    static final int SETUP_ENTER_TIME = 72;
    static final int SETUP_HANDLE = 80;
    static final int SETUP_RESULT = 88;
    static final int SETUP_AIO_NR = 96;
    static final int SETUP_AIO_MAX_NR = 104;
    static final int SETUP_MAX_REQS = 112;
    static final int SETUP_NR_EVENTS = 116;
    static final int SETUP_SIZE = 120;

    static final int TEARDOWN_CALL_TIME = 72;
    static final int TEARDOWN_HANDLE = 80;
    static final int TEARDOWN_AIO_NR = 88;
    static final int TEARDOWN_TRIGGER = 96;
    static final int TEARDOWN_MAX_REQS = 100;
    static final int TEARDOWN_NR_EVENTS = 104;
    static final int TEARDOWN_OUTSTANDING_SLOTS = 108;
    static final int TEARDOWN_OUTSTANDING_REFS = 112;
    static final int TEARDOWN_UNREAPED = 116;
    static final int TEARDOWN_SIBLINGS = 120;
    static final int TEARDOWN_RING = 124;
    static final int TEARDOWN_SIZE = 128;

    static final int KILL_EXIT_ENTER_TIME = 72;
    static final int KILL_EXIT_RESULT = 80;
    static final int KILL_EXIT_AIO_NR = 88;
    static final int KILL_EXIT_UNMAP_ENTER_TIME = 96;
    static final int KILL_EXIT_UNMAP_EXIT_TIME = 104;
    static final int KILL_EXIT_VOLUNTARY_SWITCHES = 112;
    static final int KILL_EXIT_UNMAP_RESULT = 120;
    static final int KILL_EXIT_PENDING_SIGKILL = 124;
    static final int KILL_EXIT_DEAD = 125;
    static final int KILL_EXIT_IN_TABLE = 126;
    static final int KILL_EXIT_SIZE = 128;

    static final int USERS_ENTER_TIME = 72;
    static final int USERS_CANCELLABLE_BEFORE = 80;
    static final int USERS_CANCELLABLE_AFTER = 84;
    static final int USERS_OUTSTANDING = 88;
    static final int USERS_RELEASED_BY = 92;
    static final int USERS_SIZE = 96;

    static final int REQS_RELEASED_BY = 72;
    static final int REQS_SIZE = 80;

    static final int DESTROY_EXIT_ENTER_TIME = 72;
    static final int DESTROY_EXIT_HANDLE = 80;
    static final int DESTROY_EXIT_RESULT = 88;
    static final int DESTROY_EXIT_VOLUNTARY_SWITCHES = 96;
    static final int DESTROY_EXIT_PENDING_SIGKILL = 104;
    static final int DESTROY_EXIT_RING = 108;
    static final int DESTROY_EXIT_SIZE = 112;

    static final int STACK_DEPTH = 72;
    static final int STACK_FRAMES = 80;
    static final int STACK_SIZE = 336;

    static final int USE_HANDLE = 72;
    static final int USE_RESULT = 80;
    static final int USE_CALL = 88;
    static final int USE_SIZE = 96;
    static final int STRAGGLER_INODE = 72;
    static final int STRAGGLER_MAGIC = 80;
    static final int STRAGGLER_OFFSET = 88;
    static final int STRAGGLER_RESULT = 96;
    static final int STRAGGLER_OPERATION = 104;
    static final int STRAGGLER_DEVICE = 108;
    static final int STRAGGLER_DEPTH = 112;
    static final int STRAGGLER_NAMES = 120;
    static final int STRAGGLER_SIZE = 504;

    static final int PROCESS_NAMESPACE_PID = 72;
    static final int PROCESS_NAMESPACE_TID = 76;
    static final int PROCESS_USER = 80;
    static final int PROCESS_GROUP = 84;
    static final int PROCESS_COMM = 88;
    static final int PROCESS_IS_HOST_PID_NAMESPACE = 104;
    static final int PROCESS_IS_HOST_MOUNT_NAMESPACE = 105;
    static final int PROCESS_IS_HOST_UTS_NAMESPACE = 106;
    static final int PROCESS_IS_HOST_USER_NAMESPACE = 107;
    static final int PROCESS_IS_EXECUTABLE_DELETED = 108;
    static final int PROCESS_IS_EXECUTABLE_CUT = 109;
    static final int PROCESS_IS_CGROUP_CUT = 110;
    static final int PROCESS_IS_CGROUP_V1_CUT = 111;
    static final int PROCESS_EXECUTABLE_BYTES = 112;
    static final int PROCESS_CGROUP_BYTES = 114;
    static final int PROCESS_CGROUP_V1_BYTES = 116;
    static final int PROCESS_NODE_NAME_BYTES = 118;
    static final int PROCESS_ARGUMENTS_BYTES = 120;
    static final int PROCESS_ARE_ARGUMENTS_CUT = 122;
    /** Without the texts that follow. */
    static final int PROCESS_SIZE = 128;

    static final int LIVE_CONTEXT_HANDLE = 72;
    static final int LIVE_CONTEXT_MAX_REQS = 80;
    static final int LIVE_CONTEXT_NR_EVENTS = 84;
    static final int LIVE_CONTEXT_OUTSTANDING_SLOTS = 88;
    static final int LIVE_CONTEXT_OUTSTANDING_REFS = 92;
    static final int LIVE_CONTEXT_UNREAPED = 96;
    static final int LIVE_CONTEXT_SLOT = 100;
    static final int LIVE_CONTEXT_SIZE = 104;

    static final int TASK_IN_TEARDOWN_HANDLE = 72;
    static final int TASK_IN_TEARDOWN_TRIGGER = 80;
    static final int TASK_IN_TEARDOWN_STATE = 84;
    static final int TASK_IN_TEARDOWN_PENDING_SIGKILL = 88;
    static final int TASK_IN_TEARDOWN_DEPTH = 92;
    static final int TASK_IN_TEARDOWN_FRAMES = 96;
    static final int TASK_IN_TEARDOWN_SIZE = 224;

    static final int TEARDOWN_STATE_WAIT_REASON = 72;
    static final int TEARDOWN_STATE_SIBLINGS = 76;
    static final int TEARDOWN_STATE_REQUESTS = 80;
    static final int TEARDOWN_STATE_SIZE = 88;

    private EventLayout() {}
}
