package dev.aioscope.event;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** What a teardown that goes on waits for. */
public enum WaitReason {
    /** The lock on the address space: io_destroy looks for the context, or unmaps its ring. */
    MMAP_LOCK(1),
    /** The end of an RCU grace period: normal, some 15 ms each at HZ=250. */
    GRACE(2),
    /** Threads inside io_submit, io_getevents or io_cancel on the context. */
    SIBLINGS(3),
    /** Requests that are not completed. */
    REQUESTS(4),
    /** The waiter was to be woken: no request is left. */
    WAKE(5),
    /** Requests all of which were cancelled, and whose completion is to come. */
    CANCELLED_POLLS(null),
    /** The caller has gone on; the memory of the context is to be freed. */
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
     * What has this value of {@code enum wait_reason}; null for one that could not be seen. The last two are none of it: the
     * records of several events tell them.
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
