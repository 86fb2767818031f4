package dev.aioscope.cli.option;

import dev.aioscope.config.Configurable;
import dev.aioscope.config.RecorderSizeConverter;
import dev.aioscope.daemon.DaemonOptions.RecorderSettings;
import dev.aioscope.recording.Storage;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The options of the daemon's flight recorder. */
public final class RecorderOptions {
    @Configurable
    @Option(
            names = "--recorder-size",
            paramLabel = "SIZE",
            defaultValue = "32m",
            converter = RecorderSizeConverter.class,
            description = {
                "Record the latest events in files of SIZE (default: ${DEFAULT-VALUE}).",
                "From 8m to 1024g, or off. aioscope replay reads the files. A stuck teardown or a refused io_setup copies them"
                        + " to a snapshot, at most every five minutes; the latest " + Storage.SNAPSHOTS + " are kept."
            })
    private long size;

    @Mixin
    private RecorderDirectoryOption directory;

    /** What the flight recorder keeps. */
    public RecorderSettings settings() {
        return new RecorderSettings(size, directory.directory(System.getenv()));
    }
}
