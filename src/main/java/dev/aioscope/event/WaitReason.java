package dev.aioscope.event;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** The reason why a teardown in progress waits. */
public enum WaitReason {
    /** The lock of the address space: io_destroy looks up the context, or unmaps its ring. */
    MMAP_LOCK(1),
    /** An RCU grace period: normal, about 15 ms each at HZ=250. */
    GRACE(2),
    /** Threads inside io_submit, io_getevents or io_cancel on the context. */
    SIBLINGS(3),
    /** Outstanding requests. */
    REQUESTS(4),
    /** The wake-up: no request is outstanding. */
    WAKE(5),
    /** Cancelled requests that have not completed; all outstanding ones are cancelled. */
    CANCELLED_POLLS(null),
    /** The freeing of the context, after the caller has returned. */
    DEFERRED_FREE(null);

    private final @Nullable Integer code;

    WaitReason(@Nullable Integer code) {
        this.code = code;
    }

    /** The name in JSON, metrics and spans. */
    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }

    /**
     * The value of {@code enum wait_reason} in {@code probes/event.h}.
     *
     * @throws IllegalStateException if it has none
     */
    int code() {
        if (code == null) {
            throw new IllegalStateException(this + " is in no record");
        }
        return code;
    }

    /**
     * The reason with this value of {@code enum wait_reason}; null for unobserved. The last two have no value: they follow
     * from several events.
     *
     * @throws CorruptEventException if there is none
     */
    static @Nullable WaitReason of(int code) {
        if (code == 0) {
            return null;
        }
        for (WaitReason waitReason : values()) {
            if (waitReason.code != null && waitReason.code == code) {
                return waitReason;
            }
        }
        throw new CorruptEventException("waits_for " + code + " does not exist");
    }
}
