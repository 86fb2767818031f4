package dev.aioscope.event;

import java.util.Locale;

/** The calls other than io_destroy that take a handle. */
public enum AioCall {
    /** One of them, but unknown which. */
    UNKNOWN(0),
    /** Submits requests. */
    IO_SUBMIT(1),
    /** Reads completions. */
    IO_GETEVENTS(2),
    /** The same, with a mask of signals. */
    IO_PGETEVENTS(3),
    /** Cancels a request. */
    IO_CANCEL(4);

    private final int code;

    AioCall(int code) {
        this.code = code;
    }

    /** The value of {@code enum aio_call} in {@code probes/event.h}. */
    public int code() {
        return code;
    }

    /** The name of the call. */
    public String label() {
        return this == UNKNOWN ? "another call" : name().toLowerCase(Locale.ROOT);
    }

    /**
     * The call with this code.
     *
     * @throws CorruptEventException if there is none
     */
    static AioCall of(int code) {
        return switch (code) {
            case 0 -> UNKNOWN;
            case 1 -> IO_SUBMIT;
            case 2 -> IO_GETEVENTS;
            case 3 -> IO_PGETEVENTS;
            case 4 -> IO_CANCEL;
            default -> throw new CorruptEventException("call " + code + " does not exist");
        };
    }
}
