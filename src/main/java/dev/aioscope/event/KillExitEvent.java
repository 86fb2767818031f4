package dev.aioscope.event;

import org.jspecify.annotations.Nullable;

/** kill_ioctx returned: the wait begins. */
public final class KillExitEvent extends Event {
    KillExitEvent() {
        super(EventType.KILL_EXIT);
    }

    /** When kill_ioctx was entered. */
    public long enterTime() {
        return u64(EventLayout.KILL_EXIT_ENTER_TIME);
    }

    /** Return value: 0 or a negative errno. */
    public long result() {
        return u64(EventLayout.KILL_EXIT_RESULT);
    }

    /** fs.aio-nr at that moment; the memory of a host keeps it far below 2^63. */
    public long aioNr() {
        return u64(EventLayout.KILL_EXIT_AIO_NR);
    }

    /** When kill_ioctx called vm_munmap; absent if it did not. */
    public long unmapEnterTime() {
        return u64(EventLayout.KILL_EXIT_UNMAP_ENTER_TIME);
    }

    /** When vm_munmap returned. */
    public long unmapExitTime() {
        return u64(EventLayout.KILL_EXIT_UNMAP_EXIT_TIME);
    }

    /** Voluntary context switches of the task so far. */
    public long voluntarySwitches() {
        return u64(EventLayout.KILL_EXIT_VOLUNTARY_SWITCHES);
    }

    /** Return value of vm_munmap: 0 or a negative errno. */
    public int unmapResult() {
        return s32(EventLayout.KILL_EXIT_UNMAP_RESULT);
    }

    /** Whether a SIGKILL was pending for the caller. */
    public boolean pendingSigkill() {
        return s8(EventLayout.KILL_EXIT_PENDING_SIGKILL) != 0;
    }

    /** Whether the context was marked dead; null if not read. */
    public @Nullable Boolean dead() {
        return found(EventLayout.KILL_EXIT_DEAD);
    }

    /** Whether the address space still had the context in its table; null if not read. */
    public @Nullable Boolean inTable() {
        return found(EventLayout.KILL_EXIT_IN_TABLE);
    }
}
