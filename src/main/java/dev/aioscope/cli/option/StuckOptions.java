package dev.aioscope.cli.option;

import dev.aioscope.agent.DutyCycle;
import dev.aioscope.config.Configurable;
import dev.aioscope.config.PositiveDurationConverter;
import java.time.Duration;
import picocli.CommandLine.Option;

/** When to report a stuck teardown, and how often to trace what it waits for. */
public final class StuckOptions {
    @Configurable
    @Option(
            names = "--stuck-after",
            paramLabel = "TIME",
            defaultValue = "1s",
            converter = PositiveDurationConverter.class,
            description = "Report a teardown as stuck after this time (default: ${DEFAULT-VALUE}).")
    private Duration after = DutyCycle.STUCK_AFTER;

    @Configurable
    @Option(
            names = "--late-completion-pause",
            paramLabel = "TIME",
            defaultValue = "1m",
            converter = PositiveDurationConverter.class,
            description = {
                "Pause between late-completion traces (default: ${DEFAULT-VALUE}).",
                "Such a trace shows what a stuck teardown waits for. Meanwhile a probe runs at every completion of"
                        + " the host."
            })
    private Duration lateCompletionPause = DutyCycle.LATE_COMPLETION_PAUSE;

    public Duration after() {
        return after;
    }

    public Duration lateCompletionPause() {
        return lateCompletionPause;
    }
}
