package dev.aioscope.kernel;

/** A kernel's type information that is not what the format allows, or cannot be read. */
public final class BtfException extends RuntimeException {
    private static final long serialVersionUID = 1;

    BtfException(String message) {
        super(message);
    }
}
