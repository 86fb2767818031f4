package dev.aioscope.event;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Writes one record in the layout of the probes. Fields that are not set have the values that the probes send as absent.
 */
public final class EventBuilder {
    private final ByteBuffer buffer;
    private final EventType type;

    private EventBuilder(EventType type) {
        this(type, type.size());
    }

    private EventBuilder(EventType type, int size) {
        this.type = type;
        buffer = ByteBuffer.allocate(size).order(ByteOrder.nativeOrder());
        buffer.putShort(EventLayout.TYPE, (short) type.code());
        buffer.putShort(EventLayout.SIZE, (short) size);
        task(0, 0, "swapper/0");
    }

    public static EventBuilder setup() {
        return new EventBuilder(EventType.SETUP)
                .u64(EventLayout.SETUP_ENTER_TIME, EventLayout.ABSENT_U64)
                .u64(EventLayout.SETUP_HANDLE, EventLayout.ABSENT_U64)
                .u64(EventLayout.SETUP_AIO_NR, EventLayout.ABSENT_U64)
                .u64(EventLayout.SETUP_AIO_MAX_NR, EventLayout.ABSENT_U64)
                .s32(EventLayout.SETUP_NR_EVENTS, EventLayout.ABSENT_S32);
    }

    public static EventBuilder stack(long... frames) {
        EventBuilder stack = new EventBuilder(EventType.STACK).s32(EventLayout.STACK_DEPTH, frames.length);
        for (int i = 0; i < Math.min(frames.length, 32); i++) {
            stack.u64(EventLayout.STACK_FRAMES + 8 * i, frames[i]);
        }
        return stack;
    }

    public static EventBuilder killEnter(Trigger trigger) {
        return teardown(EventType.KILL_ENTER, trigger);
    }

    public static EventBuilder destroyEnter() {
        return teardown(EventType.DESTROY_ENTER, Trigger.DESTROY);
    }

    private static EventBuilder teardown(EventType type, Trigger trigger) {
        return new EventBuilder(type)
                .u64(EventLayout.TEARDOWN_CALL_TIME, EventLayout.ABSENT_U64)
                .u64(EventLayout.TEARDOWN_AIO_NR, EventLayout.ABSENT_U64)
                .s32(EventLayout.TEARDOWN_TRIGGER, trigger.code())
                .s32(EventLayout.TEARDOWN_MAX_REQS, EventLayout.ABSENT_S32)
                .s32(EventLayout.TEARDOWN_NR_EVENTS, EventLayout.ABSENT_S32)
                .s32(EventLayout.TEARDOWN_OUTSTANDING_SLOTS, EventLayout.ABSENT_S32)
                .s32(EventLayout.TEARDOWN_OUTSTANDING_REFS, EventLayout.ABSENT_S32)
                .s32(EventLayout.TEARDOWN_UNREAPED, EventLayout.ABSENT_S32)
                .s32(EventLayout.TEARDOWN_SIBLINGS, EventLayout.ABSENT_S32);
    }

    public static EventBuilder killExit() {
        return new EventBuilder(EventType.KILL_EXIT)
                .u64(EventLayout.KILL_EXIT_AIO_NR, EventLayout.ABSENT_U64)
                .u64(EventLayout.KILL_EXIT_UNMAP_ENTER_TIME, EventLayout.ABSENT_U64)
                .u64(EventLayout.KILL_EXIT_UNMAP_EXIT_TIME, EventLayout.ABSENT_U64)
                .s32(EventLayout.KILL_EXIT_UNMAP_RESULT, EventLayout.ABSENT_S32);
    }

    public static EventBuilder users() {
        return new EventBuilder(EventType.USERS)
                .s32(EventLayout.USERS_CANCELLABLE_BEFORE, 0)
                .s32(EventLayout.USERS_CANCELLABLE_AFTER, 0)
                .s32(EventLayout.USERS_OUTSTANDING, EventLayout.ABSENT_S32);
    }

    public static EventBuilder reqs() {
        return new EventBuilder(EventType.REQS);
    }

    public static EventBuilder free() {
        return new EventBuilder(EventType.FREE);
    }

    public static EventBuilder destroyExit() {
        return new EventBuilder(EventType.DESTROY_EXIT);
    }

    /** A call with a destroyed handle. */
    public static EventBuilder use(AioCall call) {
        return new EventBuilder(EventType.USE).s32(EventLayout.USE_CALL, call.code());
    }

    public static EventBuilder liveContext() {
        return new EventBuilder(EventType.LIVE_CONTEXT)
                .s32(EventLayout.LIVE_CONTEXT_MAX_REQS, EventLayout.ABSENT_S32)
                .s32(EventLayout.LIVE_CONTEXT_NR_EVENTS, EventLayout.ABSENT_S32)
                .s32(EventLayout.LIVE_CONTEXT_OUTSTANDING_SLOTS, EventLayout.ABSENT_S32)
                .s32(EventLayout.LIVE_CONTEXT_OUTSTANDING_REFS, EventLayout.ABSENT_S32)
                .s32(EventLayout.LIVE_CONTEXT_UNREAPED, EventLayout.ABSENT_S32);
    }

    public static EventBuilder taskInTeardown(Trigger trigger) {
        return new EventBuilder(EventType.TASK_IN_TEARDOWN)
                .u64(EventLayout.TASK_IN_TEARDOWN_HANDLE, EventLayout.ABSENT_U64)
                .s32(EventLayout.TASK_IN_TEARDOWN_TRIGGER, trigger.code())
                .s32(EventLayout.TASK_IN_TEARDOWN_STATE, 2);
    }

    /** A late completion with the names of a file and of the directories above it. */
    public static EventBuilder straggler(int operation, long offset, long result, int device, String... names) {
        EventBuilder straggler = new EventBuilder(EventType.STRAGGLER)
                .s32(EventLayout.STRAGGLER_OPERATION, operation)
                .u64(EventLayout.STRAGGLER_OFFSET, offset)
                .u64(EventLayout.STRAGGLER_RESULT, result)
                .s32(EventLayout.STRAGGLER_DEVICE, device)
                .s32(EventLayout.STRAGGLER_DEPTH, names.length);
        for (int i = 0; i < names.length; i++) {
            straggler.buffer.put(EventLayout.STRAGGLER_NAMES + 48 * i, names[i].getBytes(StandardCharsets.UTF_8));
        }
        return straggler;
    }

    /** A teardown state with both counts absent. */
    public static EventBuilder teardownState(int waitReason) {
        return new EventBuilder(EventType.TEARDOWN_STATE)
                .s32(EventLayout.TEARDOWN_STATE_WAIT_REASON, waitReason)
                .s32(EventLayout.TEARDOWN_STATE_SIBLINGS, EventLayout.ABSENT_S32)
                .s32(EventLayout.TEARDOWN_STATE_REQUESTS, EventLayout.ABSENT_S32);
    }

    /** Sets the counts of a TEARDOWN_STATE: sibling threads and outstanding requests. */
    public EventBuilder left(int siblings, int requests) {
        return s32(only(EventLayout.TEARDOWN_STATE_SIBLINGS, EventType.TEARDOWN_STATE), siblings)
                .s32(EventLayout.TEARDOWN_STATE_REQUESTS, requests);
    }

    /** Sets the kernel stack of a TASK_IN_TEARDOWN. */
    public EventBuilder kernelFrames(long... frames) {
        s32(only(EventLayout.TASK_IN_TEARDOWN_DEPTH, EventType.TASK_IN_TEARDOWN), frames.length);
        for (int i = 0; i < frames.length; i++) {
            u64(EventLayout.TASK_IN_TEARDOWN_FRAMES + 8 * i, frames[i]);
        }
        return this;
    }

    /**
     * Who a process is; a text that is null is absent. Its namespaces, numbers, user and group are unknown.
     *
     * @param executable absolute path
     * @param cgroup absolute path
     * @param cgroupV1 absolute path
     * @param arguments each ends with a zero
     */
    public static EventBuilder process(
            @Nullable String executable,
            @Nullable String cgroup,
            @Nullable String cgroupV1,
            @Nullable String nodeName,
            @Nullable String arguments) {
        ByteArrayOutputStream texts = new ByteArrayOutputStream();
        int[] lengths = {
            append(texts, executable == null ? null : inwards(executable)),
            append(texts, cgroup == null ? null : inwards(cgroup) + '\0'),
            append(texts, cgroupV1 == null ? null : inwards(cgroupV1) + '\0'),
            append(texts, nodeName == null ? null : nodeName + '\0'),
            append(texts, arguments)
        };
        EventBuilder process = new EventBuilder(
                        EventType.PROCESS, EventLayout.PROCESS_SIZE + (texts.size() + 7) / 8 * 8)
                .s32(EventLayout.PROCESS_NAMESPACE_PID, EventLayout.ABSENT_S32)
                .s32(EventLayout.PROCESS_NAMESPACE_TID, EventLayout.ABSENT_S32)
                .s32(EventLayout.PROCESS_USER, -1)
                .s32(EventLayout.PROCESS_GROUP, -1);
        for (int i = 0; i < lengths.length; i++) {
            process.buffer.putShort(EventLayout.PROCESS_EXECUTABLE_BYTES + Short.BYTES * i, (short) lengths[i]);
        }
        process.buffer.put(EventLayout.PROCESS_SIZE, texts.toByteArray());
        return process;
    }

    /** The names of a path, the innermost first, each with a zero. */
    private static String inwards(String path) {
        List<String> names = new ArrayList<>(List.of(path.substring(1).split("/", 0)));
        Collections.reverse(names);
        return path.equals("/") ? "" : String.join("\0", names) + '\0';
    }

    private static int append(ByteArrayOutputStream to, @Nullable String text) {
        if (text == null) {
            return EventLayout.ABSENT_U16;
        }
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        to.writeBytes(bytes);
        return bytes.length;
    }

    /** Sets the numbers of a PROCESS in its own pid namespace. */
    public EventBuilder inNamespace(int pid, int tid, boolean isOfHost) {
        buffer.put(only(EventLayout.PROCESS_IS_HOST_PID_NAMESPACE, EventType.PROCESS), (byte) (isOfHost ? 2 : 1));
        return s32(EventLayout.PROCESS_NAMESPACE_PID, pid).s32(EventLayout.PROCESS_NAMESPACE_TID, tid);
    }

    /** Sets the user and the group of a PROCESS. */
    public EventBuilder owner(int user, int group) {
        return s32(only(EventLayout.PROCESS_USER, EventType.PROCESS), user).s32(EventLayout.PROCESS_GROUP, group);
    }

    /** Sets the name of the main thread of a PROCESS. */
    public EventBuilder mainThread(String comm) {
        buffer.put(only(EventLayout.PROCESS_COMM, EventType.PROCESS), comm.getBytes(StandardCharsets.UTF_8));
        return this;
    }

    /** Marks the texts of a PROCESS: the outermost names of all paths and the rest of the arguments are missing. */
    public EventBuilder cut() {
        buffer.put(only(EventLayout.PROCESS_IS_EXECUTABLE_CUT, EventType.PROCESS), (byte) 1)
                .put(EventLayout.PROCESS_IS_CGROUP_CUT, (byte) 1)
                .put(EventLayout.PROCESS_IS_CGROUP_V1_CUT, (byte) 1)
                .put(EventLayout.PROCESS_ARE_ARGUMENTS_CUT, (byte) 1);
        return this;
    }

    /** Marks the executable of a PROCESS as deleted. */
    public EventBuilder deleted() {
        buffer.put(only(EventLayout.PROCESS_IS_EXECUTABLE_DELETED, EventType.PROCESS), (byte) 1);
        return this;
    }

    public EventBuilder time(long time) {
        return u64(EventLayout.TIME, time);
    }

    public EventBuilder kioctx(long kioctx) {
        return u64(EventLayout.KIOCTX, kioctx);
    }

    public EventBuilder mm(long mm) {
        return u64(EventLayout.MM, mm);
    }

    public EventBuilder cgroup(long cgroup) {
        return u64(EventLayout.CGROUP, cgroup);
    }

    public EventBuilder task(int pid, int tid, String comm) {
        rename(buffer, pid, tid, comm);
        return this;
    }

    /** The start of the process, CLOCK_BOOTTIME ns. */
    public EventBuilder processStart(long time) {
        return u64(EventLayout.PROCESS_START, time);
    }

    /** Changes the thread of a record. */
    static void rename(ByteBuffer record, int pid, int tid, String comm) {
        byte[] name = comm.getBytes(StandardCharsets.UTF_8);
        for (int i = 0; i < EventLayout.COMM_LENGTH; i++) {
            record.put(EventLayout.COMM + i, i < name.length ? name[i] : 0);
        }
        record.putInt(EventLayout.PID, pid).putInt(EventLayout.TID, tid);
    }

    /** Adds to all times of a record that are not absent. */
    static void postpone(ByteBuffer record, EventType type, long nanos) {
        int[] times = switch (type) {
            case SETUP -> new int[] {EventLayout.SETUP_ENTER_TIME};
            case KILL_ENTER, DESTROY_ENTER -> new int[] {EventLayout.TEARDOWN_CALL_TIME};
            case KILL_EXIT ->
                new int[] {
                    EventLayout.KILL_EXIT_ENTER_TIME,
                    EventLayout.KILL_EXIT_UNMAP_ENTER_TIME,
                    EventLayout.KILL_EXIT_UNMAP_EXIT_TIME
                };
            case USERS -> new int[] {EventLayout.USERS_ENTER_TIME};
            case DESTROY_EXIT -> new int[] {EventLayout.DESTROY_EXIT_ENTER_TIME};
            default -> new int[0];
        };
        record.putLong(EventLayout.TIME, record.getLong(EventLayout.TIME) + nanos);
        for (int at : times) {
            long time = record.getLong(at);
            record.putLong(at, time == EventLayout.ABSENT_U64 ? time : time + nanos);
        }
    }

    public EventBuilder enterTime(long time) {
        return u64(
                switch (type) {
                    case SETUP -> EventLayout.SETUP_ENTER_TIME;
                    case KILL_EXIT -> EventLayout.KILL_EXIT_ENTER_TIME;
                    case USERS -> EventLayout.USERS_ENTER_TIME;
                    case DESTROY_EXIT -> EventLayout.DESTROY_EXIT_ENTER_TIME;
                    default -> throw other();
                },
                time);
    }

    public EventBuilder callTime(long time) {
        return u64(only(EventLayout.TEARDOWN_CALL_TIME, EventType.KILL_ENTER, EventType.DESTROY_ENTER), time);
    }

    public EventBuilder handle(long handle) {
        return u64(
                switch (type) {
                    case SETUP -> EventLayout.SETUP_HANDLE;
                    case KILL_ENTER, DESTROY_ENTER -> EventLayout.TEARDOWN_HANDLE;
                    case DESTROY_EXIT -> EventLayout.DESTROY_EXIT_HANDLE;
                    case USE -> EventLayout.USE_HANDLE;
                    case LIVE_CONTEXT -> EventLayout.LIVE_CONTEXT_HANDLE;
                    case TASK_IN_TEARDOWN -> EventLayout.TASK_IN_TEARDOWN_HANDLE;
                    default -> throw other();
                },
                handle);
    }

    public EventBuilder result(long result) {
        return u64(
                switch (type) {
                    case SETUP -> EventLayout.SETUP_RESULT;
                    case KILL_EXIT -> EventLayout.KILL_EXIT_RESULT;
                    case DESTROY_EXIT -> EventLayout.DESTROY_EXIT_RESULT;
                    case USE -> EventLayout.USE_RESULT;
                    default -> throw other();
                },
                result);
    }

    public EventBuilder aioNr(long aioNr) {
        return u64(
                switch (type) {
                    case SETUP -> EventLayout.SETUP_AIO_NR;
                    case KILL_ENTER, DESTROY_ENTER -> EventLayout.TEARDOWN_AIO_NR;
                    case KILL_EXIT -> EventLayout.KILL_EXIT_AIO_NR;
                    default -> throw other();
                },
                aioNr);
    }

    public EventBuilder aioMaxNr(long aioMaxNr) {
        return u64(only(EventLayout.SETUP_AIO_MAX_NR, EventType.SETUP), aioMaxNr);
    }

    /** Sets the charge and the number of ring slots. */
    public EventBuilder size(int maxReqs, int nrEvents) {
        return switch (type) {
            case SETUP -> s32(EventLayout.SETUP_MAX_REQS, maxReqs).s32(EventLayout.SETUP_NR_EVENTS, nrEvents);
            case KILL_ENTER, DESTROY_ENTER ->
                s32(EventLayout.TEARDOWN_MAX_REQS, maxReqs).s32(EventLayout.TEARDOWN_NR_EVENTS, nrEvents);
            case LIVE_CONTEXT ->
                s32(EventLayout.LIVE_CONTEXT_MAX_REQS, maxReqs).s32(EventLayout.LIVE_CONTEXT_NR_EVENTS, nrEvents);
            default -> throw other();
        };
    }

    /** Sets the requests outstanding by slots and by references, unreaped requests, and threads inside other calls. */
    public EventBuilder requests(int slots, int refs, int unreaped, int siblings) {
        only(0, EventType.KILL_ENTER, EventType.DESTROY_ENTER);
        return s32(EventLayout.TEARDOWN_OUTSTANDING_SLOTS, slots)
                .s32(EventLayout.TEARDOWN_OUTSTANDING_REFS, refs)
                .s32(EventLayout.TEARDOWN_UNREAPED, unreaped)
                .s32(EventLayout.TEARDOWN_SIBLINGS, siblings);
    }

    public EventBuilder unmap(long enter, long exit, int result) {
        only(0, EventType.KILL_EXIT);
        return u64(EventLayout.KILL_EXIT_UNMAP_ENTER_TIME, enter)
                .u64(EventLayout.KILL_EXIT_UNMAP_EXIT_TIME, exit)
                .s32(EventLayout.KILL_EXIT_UNMAP_RESULT, result);
    }

    public EventBuilder cancel(int before, int after, int outstanding) {
        only(0, EventType.USERS);
        return s32(EventLayout.USERS_CANCELLABLE_BEFORE, before)
                .s32(EventLayout.USERS_CANCELLABLE_AFTER, after)
                .s32(EventLayout.USERS_OUTSTANDING, outstanding);
    }

    public EventBuilder releasedBy(ReleasedBy releasedBy) {
        return s32(
                type == EventType.USERS
                        ? EventLayout.USERS_RELEASED_BY
                        : only(EventLayout.REQS_RELEASED_BY, EventType.REQS),
                switch (releasedBy) {
                    case UNKNOWN -> 0;
                    case RCU -> 1;
                    case HOLDER -> 2;
                });
    }

    public EventBuilder voluntarySwitches(long switches) {
        return u64(
                type == EventType.KILL_EXIT
                        ? EventLayout.KILL_EXIT_VOLUNTARY_SWITCHES
                        : only(EventLayout.DESTROY_EXIT_VOLUNTARY_SWITCHES, EventType.DESTROY_EXIT),
                switches);
    }

    /** Sets what the handle points to. */
    public EventBuilder ring(RingState ring) {
        return s32(
                type == EventType.KILL_ENTER
                        ? EventLayout.TEARDOWN_RING
                        : only(EventLayout.DESTROY_EXIT_RING, EventType.DESTROY_EXIT),
                switch (ring) {
                    case NOT_READ -> 0;
                    case UNREADABLE -> 1;
                    case OTHER -> 2;
                    case PRESENT -> 3;
                });
    }

    /** Sets the state after kill_ioctx. */
    public EventBuilder afterKill(boolean dead, boolean inTable) {
        buffer.put(only(EventLayout.KILL_EXIT_DEAD, EventType.KILL_EXIT), (byte) (dead ? 2 : 1));
        buffer.put(EventLayout.KILL_EXIT_IN_TABLE, (byte) (inTable ? 2 : 1));
        return this;
    }

    public EventBuilder pendingSigkill(boolean pending) {
        if (type == EventType.KILL_EXIT) {
            buffer.put(EventLayout.KILL_EXIT_PENDING_SIGKILL, (byte) (pending ? 1 : 0));
            return this;
        }
        return s32(
                switch (type) {
                    case DESTROY_EXIT -> EventLayout.DESTROY_EXIT_PENDING_SIGKILL;
                    case TASK_IN_TEARDOWN -> EventLayout.TASK_IN_TEARDOWN_PENDING_SIGKILL;
                    default -> throw other();
                },
                pending ? 1 : 0);
    }

    /** Returns a buffer of exactly the bytes of the record, in the byte order of the host. */
    public ByteBuffer build() {
        return buffer;
    }

    private EventBuilder u64(int at, long value) {
        buffer.putLong(at, value);
        return this;
    }

    private EventBuilder s32(int at, int value) {
        buffer.putInt(at, value);
        return this;
    }

    private int only(int at, EventType... types) {
        for (EventType allowed : types) {
            if (allowed == type) {
                return at;
            }
        }
        throw other();
    }

    private IllegalStateException other() {
        return new IllegalStateException("a record " + type + " does not have this field");
    }
}
