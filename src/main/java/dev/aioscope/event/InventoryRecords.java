package dev.aioscope.event;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;

/** Writes the records of an inventory in the format of the probes, for a scan without them. */
public final class InventoryRecords {
    private static final int TASK_UNINTERRUPTIBLE = 2;
    private static final int MOST_FRAMES =
            (EventLayout.TASK_IN_TEARDOWN_SIZE - EventLayout.TASK_IN_TEARDOWN_FRAMES) / Long.BYTES;

    private ByteBuffer records = ByteBuffer.allocate(1024).order(ByteOrder.nativeOrder());

    /**
     * The thread of a record.
     *
     * @param time when the scan read it, CLOCK_BOOTTIME ns
     * @param mm identifies its address space
     * @param cgroup the id of its cgroup v2
     * @param processStart when its process began, CLOCK_BOOTTIME ns
     */
    public record Subject(long time, long mm, long cgroup, int pid, int tid, String comm, long processStart) {}

    /**
     * Adds a {@code LIVE_CONTEXT}. Its charge and its requests are absent.
     *
     * @param kioctx identifies the context
     * @param nrEvents slots in the ring
     * @param unreaped requests completed that the program has not read, or {@link EventLayout#ABSENT_S32}
     * @param slot in the table of the address space, or {@link EventLayout#ABSENT_S32}
     */
    public void liveContext(Subject owner, long kioctx, long handle, int nrEvents, int unreaped, int slot) {
        int at = begin(EventType.LIVE_CONTEXT, owner, kioctx);
        records.putLong(at + EventLayout.LIVE_CONTEXT_HANDLE, handle)
                .putInt(at + EventLayout.LIVE_CONTEXT_MAX_REQS, EventLayout.ABSENT_S32)
                .putInt(at + EventLayout.LIVE_CONTEXT_NR_EVENTS, nrEvents)
                .putInt(at + EventLayout.LIVE_CONTEXT_OUTSTANDING_SLOTS, EventLayout.ABSENT_S32)
                .putInt(at + EventLayout.LIVE_CONTEXT_OUTSTANDING_REFS, EventLayout.ABSENT_S32)
                .putInt(at + EventLayout.LIVE_CONTEXT_UNREAPED, unreaped)
                .putInt(at + EventLayout.LIVE_CONTEXT_SLOT, slot);
    }

    /**
     * Adds a {@code TASK_IN_TEARDOWN}: a thread in an uninterruptible wait.
     *
     * @param handle the argument of io_destroy, or {@link EventLayout#ABSENT_U64} in exit_aio
     * @param frames return addresses in the kernel, the innermost first; a record holds at most 16
     */
    public void taskInTeardown(
            Subject caller, Trigger trigger, long handle, boolean pendingSigkill, List<Long> frames) {
        int at = begin(EventType.TASK_IN_TEARDOWN, caller, 0);
        int depth = Math.min(frames.size(), MOST_FRAMES);
        records.putLong(at + EventLayout.TASK_IN_TEARDOWN_HANDLE, handle)
                .putInt(at + EventLayout.TASK_IN_TEARDOWN_TRIGGER, trigger.code())
                .putInt(at + EventLayout.TASK_IN_TEARDOWN_STATE, TASK_UNINTERRUPTIBLE)
                .putInt(at + EventLayout.TASK_IN_TEARDOWN_PENDING_SIGKILL, pendingSigkill ? 1 : 0)
                .putInt(at + EventLayout.TASK_IN_TEARDOWN_DEPTH, depth);
        for (int i = 0; i < depth; i++) {
            records.putLong(at + EventLayout.TASK_IN_TEARDOWN_FRAMES + Long.BYTES * i, frames.get(i));
        }
    }

    /**
     * Adds a {@code TEARDOWN_STATE} of a context with unknown address, for the thread that waits. Its requests are absent.
     *
     * @param waitReason one that has a code
     * @param siblings threads inside an AIO call on the context, or {@link EventLayout#ABSENT_S32}
     */
    public void teardownState(Subject waiter, WaitReason waitReason, int siblings) {
        int at = begin(EventType.TEARDOWN_STATE, waiter, 0);
        records.putInt(at + EventLayout.TEARDOWN_STATE_WAIT_REASON, waitReason.code())
                .putInt(at + EventLayout.TEARDOWN_STATE_SIBLINGS, siblings)
                .putInt(at + EventLayout.TEARDOWN_STATE_REQUESTS, EventLayout.ABSENT_S32);
    }

    /** Writes the header; returns where the record begins. */
    private int begin(EventType type, Subject task, long kioctx) {
        int at = records.position();
        if (records.remaining() < type.size()) {
            records = ByteBuffer.allocate(2 * records.capacity())
                    .order(ByteOrder.nativeOrder())
                    .put(records.flip());
        }
        records.position(at + type.size());
        byte[] comm = Arrays.copyOf(task.comm.getBytes(StandardCharsets.UTF_8), EventLayout.COMM_LENGTH);
        records.putLong(at + EventLayout.TIME, task.time)
                .putLong(at + EventLayout.KIOCTX, kioctx)
                .putLong(at + EventLayout.MM, task.mm)
                .putLong(at + EventLayout.CGROUP, task.cgroup)
                .putInt(at + EventLayout.PID, task.pid)
                .putInt(at + EventLayout.TID, task.tid)
                .putLong(at + EventLayout.PROCESS_START, task.processStart)
                .putShort(at + EventLayout.TYPE, (short) type.code())
                .putShort(at + EventLayout.SIZE, (short) type.size())
                .put(at + EventLayout.COMM, comm);
        return at;
    }

    /** A copy of the records, one after the other, in the byte order of the host. */
    public byte[] bytes() {
        return Arrays.copyOf(records.array(), records.position());
    }
}
