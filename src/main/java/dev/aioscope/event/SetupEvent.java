package dev.aioscope.event;

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

    /** fs.aio-nr at that moment. */
    public long aioNr() {
        return u64(EventLayout.SETUP_AIO_NR);
    }

    /** fs.aio-max-nr at that moment. */
    public long aioMaxNr() {
        return u64(EventLayout.SETUP_AIO_MAX_NR);
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
