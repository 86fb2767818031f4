package dev.aioscope.http;

/** HTTP cannot be served by these settings. The message has the form {@code cannot …: reason (hint: …)}. */
public final class HttpException extends RuntimeException {
    private static final long serialVersionUID = 1;

    /** Keeps the underlying exception. */
    public HttpException(String problem, String hint, Throwable cause) {
        super(problem + " (hint: " + hint + ")", cause);
    }

    /** Has no underlying exception. */
    public HttpException(String problem, String hint) {
        super(problem + " (hint: " + hint + ")");
    }
}
