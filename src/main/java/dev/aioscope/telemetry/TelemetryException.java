package dev.aioscope.telemetry;

/** Telemetry cannot be set up as asked: the message names the setting, the cause and the hint. */
public final class TelemetryException extends RuntimeException {
    private static final long serialVersionUID = 1;

    /** Takes what is wrong, what to do about it, and the exception that said so. */
    public TelemetryException(String cause, String hint, Throwable origin) {
        super(cause + "; " + hint, origin);
    }
}
