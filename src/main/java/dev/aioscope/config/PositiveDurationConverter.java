package dev.aioscope.config;

import java.time.Duration;

/** Parses a duration of at least 1 ms, so that no interval is a busy loop. */
public final class PositiveDurationConverter extends DurationConverter {
    /** Rejects zero. */
    public PositiveDurationConverter() {
        super(Duration.ofMillis(1));
    }
}
