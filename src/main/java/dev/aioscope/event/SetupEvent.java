package dev.aioscope.event;

import java.math.BigInteger;
import org.jspecify.annotations.Nullable;

/** io_setup returned. */
public final class SetupEvent extends ContextEvent {
    SetupEvent() {
        super(EventType.SETUP);
    }

    /** When io_setup was entered. */
    public long enterTime() {
        return u64(EventLayout.SETUP_ENTER_TIME);
    }

    @Override
    public long handle() {
        return u64(EventLayout.SETUP_HANDLE);
    }

    /** Return value: 0 or a negative errno. */
    public long result() {
        return u64(EventLayout.SETUP_RESULT);
    }

    /** fs.aio-nr at that moment; null if not read. */
    public @Nullable BigInteger aioNr() {
        long bits = u64(EventLayout.SETUP_AIO_NR);
        return bits == EventLayout.ABSENT_U64 ? null : UnsignedNumber.of(bits);
    }

    /** fs.aio-max-nr at that moment; null if not read. 2^64 - 1 is a usual limit: here it does not mean absent. */
    public @Nullable BigInteger aioMaxNr() {
        long bits = u64(EventLayout.SETUP_AIO_MAX_NR);
        return bits == EventLayout.ABSENT_U64 && aioNr() == null ? null : UnsignedNumber.of(bits);
    }

    @Override
    public int maxReqs() {
        return s32(EventLayout.SETUP_MAX_REQS);
    }

    @Override
    public int nrEvents() {
        return s32(EventLayout.SETUP_NR_EVENTS);
    }
}
