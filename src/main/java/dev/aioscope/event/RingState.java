package dev.aioscope.event;

/** What stands in the memory of the caller where a handle points. */
public enum RingState {
    /** It was not looked at. */
    NOT_READ,
    /** Nothing is mapped there. */
    UNREADABLE,
    /** Memory that does not begin as a ring does. */
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
