package dev.aioscope.cli.option;

import dev.aioscope.config.Configurable;
import dev.aioscope.daemon.DaemonOptions.RecorderSettings;
import dev.aioscope.recording.Storage;
import java.nio.file.Path;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** The options of the daemon's flight recorder. */
public final class RecorderOptions {
    private static final String DEFAULT_DIRECTORY = "/var/lib/aioscope";

    @Configurable
    @Option(
            names = "--recorder-size",
            paramLabel = "SIZE",
            defaultValue = "32m",
            converter = SizeConverter.class,
            description = {
                "Record the latest events in files of SIZE (default: ${DEFAULT-VALUE}).",
                "From 8m to 1024g, or off. aioscope replay reads the files. A stuck teardown or a refused io_setup copies them"
                        + " to a snapshot, at most every five minutes; the latest " + Storage.SNAPSHOTS + " are kept."
            })
    private long size;

    @Configurable
    @Option(
            names = "--recorder-directory",
            paramLabel = "DIR",
            description = {
                "Write the recorder's files here.",
                "The default is STATE_DIRECTORY, which systemd sets, or " + DEFAULT_DIRECTORY + "."
            })
    private @Nullable Path directory;

    /** What the flight recorder keeps. */
    public RecorderSettings settings() {
        return new RecorderSettings(size, directory);
    }

    /** Reads {@code 32m} and {@code 1g} as bytes, and {@code off} as 0. */
    static final class SizeConverter implements ITypeConverter<Long> {
        private static final Pattern SIZE = Pattern.compile("(\\d{1,5})([mg])");

        /** Identities take up to a quarter of each file of the ring. */
        private static final long MIN_BYTES = 8 << 20;

        private static final long MAX_BYTES = 1L << 40;

        @Override
        public Long convert(String text) {
            if (text.equals("off")) {
                return 0L;
            }
            Matcher matcher = SIZE.matcher(text.toLowerCase(Locale.ROOT));
            if (matcher.matches()) {
                long bytes =
                        Long.parseLong(matcher.group(1)) << (matcher.group(2).equals("m") ? 20 : 30);
                if (bytes >= MIN_BYTES && bytes <= MAX_BYTES) {
                    return bytes;
                }
            }
            throw new TypeConversionException(
                    "expected a size from 8m to 1024g, such as 32m, or off, got '" + text + "'");
        }
    }
}
