package dev.aioscope.event;

/** A record that cannot be what the probes send: it is counted and left out, the others are not touched. */
public final class CorruptEventException extends RuntimeException {
    private static final long serialVersionUID = 1;

    /** Takes what was wrong with the record. */
    public CorruptEventException(String message) {
        super(message);
    }
}
