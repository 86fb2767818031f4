package dev.aioscope.cli;

import dev.aioscope.agent.Watch;
import java.time.Duration;
import picocli.CommandLine.Option;

/** When a teardown that goes on is told of. */
final class StuckOption {
    @Configurable
    @Option(
            names = "--stuck-after",
            paramLabel = "TIME",
            defaultValue = "1s",
            converter = Units.PositiveReader.class,
            description = "A teardown that lasts so long is told of while it goes on (default: ${DEFAULT-VALUE}).")
    private Duration after = Watch.STUCK_AFTER;

    Duration after() {
        return after;
    }
}
