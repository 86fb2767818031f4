package dev.aioscope.cli.option;

import java.time.Duration;
import picocli.CommandLine.Option;

/** The scan interval of interactive commands. */
public final class ScanIntervalOption {
    @Option(
            names = "--scan-interval",
            paramLabel = "TIME",
            defaultValue = "1s",
            converter = PositiveDurationConverter.class,
            description = {
                "Scan all tasks at this interval (default: ${DEFAULT-VALUE}).",
                "Scans take at most a fifth of the time."
            })
    private Duration interval = Duration.ofSeconds(1);

    public Duration get() {
        return interval;
    }
}
