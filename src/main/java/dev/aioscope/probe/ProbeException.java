package dev.aioscope.probe;

/** The probes cannot do what was asked: the message names the cause, {@link #hint} what would change it. */
public final class ProbeException extends RuntimeException {
    private static final long serialVersionUID = 1;
    private final String hint;

    /** Takes the cause and the hint, each a sentence without its full stop. */
    public ProbeException(String cause, String hint) {
        super(cause);
        this.hint = hint;
    }

    /** What to do about it. */
    public String hint() {
        return hint;
    }
}
