package dev.aioscope.cli.option;

import dev.aioscope.agent.DutyCycle;
import dev.aioscope.config.PositiveDurationConverter;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The option that limits how long a command runs. */
public final class TimeLimitOption {
    @Option(
            names = "--for",
            paramLabel = "TIME",
            converter = PositiveDurationConverter.class,
            description = "Stop after this time, such as 500ms, 10s, 5m or 1h.")
    private @Nullable Duration limit;

    public boolean isSet() {
        return limit != null;
    }

    /** Applies the limit to a duty cycle; without one the cycle runs until something else stops it. */
    public void apply(DutyCycle cycle) {
        if (limit != null) {
            cycle.endAfter(limit);
        }
    }
}
