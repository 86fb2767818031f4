package dev.aioscope.event;

import java.util.Locale;

/** The operation of a request. */
public enum Operation {
    /** Unknown: the kernel's symbols were hidden. */
    UNKNOWN,
    READ,
    WRITE,
    FSYNC,
    FDSYNC,
    POLL;

    /** The name in JSON. */
    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }

    /**
     * The value of {@code enum operation} in {@code probes/event.h}.
     *
     * @throws CorruptEventException if there is none
     */
    static Operation of(int code) {
        return switch (code) {
            case 0 -> UNKNOWN;
            case 1 -> READ;
            case 2 -> WRITE;
            case 3 -> FSYNC;
            case 4 -> FDSYNC;
            case 5 -> POLL;
            default -> throw new CorruptEventException("operation " + code + " does not exist");
        };
    }
}
