package dev.aioscope.cli;

import dev.aioscope.agent.Watch;
import java.time.Duration;
import picocli.CommandLine.Option;

/** When a teardown that goes on is told of, and how often what it waits for is watched. */
final class StuckOption {
    @Configurable
    @Option(
            names = "--stuck-after",
            paramLabel = "TIME",
            defaultValue = "1s",
            converter = Units.PositiveReader.class,
            description = "A teardown that lasts so long is told of while it goes on (default: ${DEFAULT-VALUE}).")
    private Duration after = Watch.STUCK_AFTER;

    @Configurable
    @Option(
            names = "--straggler-pause",
            paramLabel = "TIME",
            defaultValue = "1m",
            converter = Units.PositiveReader.class,
            description = {
                "Between two episodes in which the completions that a stuck teardown waits for are watched"
                        + " (default: ${DEFAULT-VALUE}).",
                "In an episode a probe runs at every completion of the host."
            })
    private Duration stragglerPause = Watch.STRAGGLER_PAUSE;

    Duration after() {
        return after;
    }

    Duration stragglerPause() {
        return stragglerPause;
    }
}
