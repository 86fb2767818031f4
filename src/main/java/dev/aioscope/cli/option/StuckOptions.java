package dev.aioscope.cli.option;

import dev.aioscope.agent.DutyCycle;
import java.time.Duration;
import picocli.CommandLine.Option;

/** When a teardown that goes on is told of, and how often what it waits for is watched. */
public final class StuckOptions {
    @Configurable
    @Option(
            names = "--stuck-after",
            paramLabel = "TIME",
            defaultValue = "1s",
            converter = PositiveDurationConverter.class,
            description = "A teardown that lasts so long is told of while it goes on (default: ${DEFAULT-VALUE}).")
    private Duration after = DutyCycle.STUCK_AFTER;

    @Configurable
    @Option(
            names = "--late-completion-pause",
            paramLabel = "TIME",
            defaultValue = "1m",
            converter = PositiveDurationConverter.class,
            description = {
                "Between two episodes in which the completions that a stuck teardown waits for are watched"
                        + " (default: ${DEFAULT-VALUE}).",
                "In an episode a probe runs at every completion of the host."
            })
    private Duration lateCompletionPause = DutyCycle.LATE_COMPLETION_PAUSE;

    public Duration after() {
        return after;
    }

    public Duration lateCompletionPause() {
        return lateCompletionPause;
    }
}
