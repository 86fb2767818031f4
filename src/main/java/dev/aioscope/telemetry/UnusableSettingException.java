package dev.aioscope.telemetry;

/** The agent, not the SDK, rejects a setting of OpenTelemetry. */
final class UnusableSettingException extends IllegalArgumentException {
    private static final long serialVersionUID = 1;

    private final String kind;
    private final String hint;

    /**
     * Has a message without secrets.
     *
     * @param kind the last words of the property's name, or all of them
     */
    UnusableSettingException(String kind, String message, String hint) {
        super(message);
        this.kind = kind;
        this.hint = hint;
    }

    String kind() {
        return kind;
    }

    String hint() {
        return hint;
    }
}
