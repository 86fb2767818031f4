package dev.aioscope.telemetry;

import static java.util.concurrent.TimeUnit.NANOSECONDS;

import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.logs.LogRecordBuilder;
import io.opentelemetry.api.logs.Logger;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanContext;
import io.opentelemetry.context.Context;
import org.jspecify.annotations.Nullable;

/** Emits events as log records, each in the trace of its span. */
final class EventLog {
    private final Logger logger;

    EventLog(Logger logger) {
        this.logger = logger;
    }

    /**
     * Emits one record.
     *
     * @param epochNanos null if the time was not observed
     * @param body what happened, as a sentence
     * @param span the span that the event belongs to; invalid if it has none
     */
    void emit(LogEvent event, @Nullable Long epochNanos, String body, SpanContext span, Attributes attributes) {
        LogRecordBuilder builder = logger.logRecordBuilder()
                .setEventName(event.label())
                .setSeverity(event.severity())
                .setSeverityText(event.severity().name())
                .setBody(body)
                .setContext(Context.root().with(Span.wrap(span)))
                .setAllAttributes(attributes);
        if (epochNanos != null) {
            builder.setTimestamp(epochNanos, NANOSECONDS);
        }
        builder.emit();
    }
}
