package dev.aioscope.kernel;

/** A kernel's type information (BTF) is invalid or unreadable. */
public final class BtfException extends RuntimeException {
    private static final long serialVersionUID = 1;

    BtfException(String message) {
        super(message);
    }
}
