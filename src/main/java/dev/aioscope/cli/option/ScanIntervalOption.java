package dev.aioscope.cli.option;

import dev.aioscope.config.PositiveDurationConverter;
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
                "The pause after a scan is four times its length, up to 30 s."
            })
    private Duration interval = Duration.ofSeconds(1);

    public Duration get() {
        return interval;
    }
}
