package dev.aioscope.telemetry;

/** The configuration of telemetry is invalid. The message names the setting and the reason. */
public final class TelemetryException extends RuntimeException {
    private static final long serialVersionUID = 1;

    private final String hint;

    /** Takes the error, as {@code cannot use SETTING: REASON}, and what to do about it. */
    public TelemetryException(String error, String hint, Throwable cause) {
        super(error, cause);
        this.hint = hint;
    }

    /** What to do. */
    public String hint() {
        return hint;
    }
}
