package dev.aioscope.http;

/** HTTP cannot be served as asked: the message names the setting, the cause and the hint. */
public final class HttpException extends RuntimeException {
    private static final long serialVersionUID = 1;

    /** Takes what is wrong, what to do about it, and the exception that said so. */
    public HttpException(String cause, String hint, Throwable origin) {
        super(cause + "; " + hint, origin);
    }

    /** The same without an exception. */
    public HttpException(String cause, String hint) {
        super(cause + "; " + hint);
    }
}
