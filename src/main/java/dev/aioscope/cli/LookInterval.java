package dev.aioscope.cli;

import java.time.Duration;
import picocli.CommandLine.Option;

/** The option that says how often to look, for commands that people wait for. */
final class LookInterval {
    @Option(
            names = "--interval",
            paramLabel = "TIME",
            defaultValue = "1s",
            converter = Units.PositiveReader.class,
            description =
                    "Between two looks at the host's tasks (default: ${DEFAULT-VALUE}); a look takes a fifth of the"
                            + " time at most.")
    private Duration interval = Duration.ofSeconds(1);

    Duration get() {
        return interval;
    }
}
