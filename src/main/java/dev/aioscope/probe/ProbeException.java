package dev.aioscope.probe;

/** The probes cannot do what was asked: the message names the cause, {@link #cure} what would change it. */
public final class ProbeException extends RuntimeException {
    private static final long serialVersionUID = 1;
    private final String cure;

    /** Takes the cause and the cure, each a sentence without its full stop. */
    public ProbeException(String cause, String cure) {
        super(cause);
        this.cure = cure;
    }

    /** What to do about it. */
    public String cure() {
        return cure;
    }
}
