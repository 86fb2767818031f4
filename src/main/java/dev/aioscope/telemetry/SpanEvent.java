package dev.aioscope.telemetry;

import io.opentelemetry.api.common.Attributes;

/**
 * An event of a span.
 *
 * @param time CLOCK_BOOTTIME ns
 */
record SpanEvent(String name, long time, Attributes attributes) {
    /** A clause of the specification was violated. */
    static final String VIOLATION = "aio.spec.violation";

    /** A scan found the teardown stuck. */
    static final String STUCK = "aio.teardown.stuck";

    /** A request completed while the teardown was stuck. */
    static final String STRAGGLER = "aio.straggler";
}
