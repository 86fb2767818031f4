package dev.aioscope.event;

import java.util.List;
import java.util.stream.IntStream;

/** Inventory: one thread that waits in io_destroy or in exit_aio. */
public final class TaskInTeardownEvent extends Event {
    private static final int MOST_FRAMES =
            (EventLayout.TASK_IN_TEARDOWN_SIZE - EventLayout.TASK_IN_TEARDOWN_FRAMES) / Long.BYTES;

    TaskInTeardownEvent() {
        super(EventType.TASK_IN_TEARDOWN);
    }

    /** The argument of io_destroy; absent in exit_aio. */
    public long handle() {
        return u64(EventLayout.TASK_IN_TEARDOWN_HANDLE);
    }

    /** Why the context ends. */
    public Trigger trigger() {
        return Trigger.of(s32(EventLayout.TASK_IN_TEARDOWN_TRIGGER));
    }

    /** The bits of the task state; 2 is TASK_UNINTERRUPTIBLE. */
    public int state() {
        return s32(EventLayout.TASK_IN_TEARDOWN_STATE);
    }

    /** Whether a SIGKILL is pending for the thread. */
    public boolean pendingSigkill() {
        return s32(EventLayout.TASK_IN_TEARDOWN_PENDING_SIGKILL) != 0;
    }

    /**
     * A copy of the return addresses in the kernel, the innermost first.
     *
     * @throws CorruptEventException if there are more than a record can hold
     */
    public List<Long> kernelFrames() {
        int depth = s32(EventLayout.TASK_IN_TEARDOWN_DEPTH);
        if (depth < 0 || depth > MOST_FRAMES) {
            throw new CorruptEventException("invalid kernel stack depth " + depth);
        }
        return IntStream.range(0, depth)
                .mapToObj(i -> u64(EventLayout.TASK_IN_TEARDOWN_FRAMES + Long.BYTES * i))
                .toList();
    }

    /** Removes the kernel addresses from the record: they are valid only on their host and until its next boot. */
    public void forgetKernelFrames() {
        set(EventLayout.TASK_IN_TEARDOWN_DEPTH, 0);
    }
}
