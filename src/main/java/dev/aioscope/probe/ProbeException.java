package dev.aioscope.probe;

/** The probes failed: the message is {@code cannot VERB OBJECT: REASON}, {@link #hint} how to fix it. */
public class ProbeException extends RuntimeException {
    private static final long serialVersionUID = 1;
    private final String hint;

    /** Takes the message and the hint, each a sentence without its full stop. */
    public ProbeException(String message, String hint) {
        super(message);
        this.hint = hint;
    }

    /** How to fix it. */
    public String hint() {
        return hint;
    }
}
