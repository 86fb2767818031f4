package dev.aioscope.event;

/** The caller's memory at the address of a handle. */
public enum RingState {
    /** The probe did not read it. */
    NOT_READ,
    /** Nothing is mapped there. */
    UNREADABLE,
    /** Memory without the header of a ring. */
    OTHER,
    /** A ring. */
    PRESENT;

    /**
     * The value of {@code enum ring_state} in {@code probes/event.h}.
     *
     * @throws CorruptEventException if there is none
     */
    static RingState of(int code) {
        return switch (code) {
            case 0 -> NOT_READ;
            case 1 -> UNREADABLE;
            case 2 -> OTHER;
            case 3 -> PRESENT;
            default -> throw new CorruptEventException("ring " + code + " does not exist");
        };
    }
}
