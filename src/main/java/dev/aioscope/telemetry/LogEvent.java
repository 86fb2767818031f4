package dev.aioscope.telemetry;

import io.opentelemetry.api.logs.Severity;

/** The events of log records. {@code dashboards/logs.md} lists the same. */
enum LogEvent {
    STUCK("aio.teardown.stuck", Severity.WARN, "A scan found a teardown stuck, after `--stuck-after` (1 s)"),
    OVER("aio.teardown.over", Severity.INFO, "A teardown ended that was reported as stuck"),
    STRAGGLER(
            "aio.straggler",
            Severity.INFO,
            "A request completed while its teardown was stuck; the first " + StuckTraces.MAX_STRAGGLERS
                    + " of a teardown have a record"),
    REFUSAL_LASTING(
            "aio.refusal.lasting",
            Severity.WARN,
            "The quota does not suffice ten seconds after an io_setup was refused"),
    REFUSAL_OVER(
            "aio.refusal.over",
            Severity.INFO,
            "A lasting refusal ended: the quota suffices, or the process has not repeated the call for ten seconds"),
    VIOLATION(
            "aio.spec.violation",
            Severity.WARN,
            "A teardown violated a clause of the [specification](audit.md); one record per clause");

    private final String label;
    private final Severity severity;
    private final String description;

    LogEvent(String label, Severity severity, String description) {
        this.label = label;
        this.severity = severity;
        this.description = description;
    }

    /** The event name of the record. */
    String label() {
        return label;
    }

    Severity severity() {
        return severity;
    }

    /** When there is a record. */
    String description() {
        return description;
    }
}
