package dev.aioscope.cli.option;

import java.time.Duration;
import picocli.CommandLine.Option;

/** The option that says how often to look, for commands that people wait for. */
public final class ScanIntervalOption {
    @Option(
            names = "--scan-interval",
            paramLabel = "TIME",
            defaultValue = "1s",
            converter = PositiveDurationConverter.class,
            description =
                    "Between two looks at the host's tasks (default: ${DEFAULT-VALUE}); a look takes a fifth of the"
                            + " time at most.")
    private Duration interval = Duration.ofSeconds(1);

    public Duration get() {
        return interval;
    }
}
