package dev.aioscope.cli.option;

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
    private static final String FOLDER = "/var/lib/aioscope";

    @Configurable
    @Option(
            names = "--recorder-size",
            paramLabel = "SIZE",
            defaultValue = "32m",
            converter = SizeReader.class,
            description = {
                "Keep the latest records in a ring of files of this size, from 8m on, for aioscope replay; off for none"
                        + " (default: ${DEFAULT-VALUE}).",
                "A teardown that is stuck and a refusal set a copy aside, every five minutes at most; the latest "
                        + Storage.SNAPSHOTS + " are kept."
            })
    private long size;

    @Configurable
    @Option(
            names = "--recorder-directory",
            paramLabel = "FOLDER",
            description = "The folder of these files; else STATE_DIRECTORY, which systemd sets, or " + FOLDER + ".")
    private @Nullable Path directory;

    /** What the flight recorder keeps. */
    public RecorderSettings settings() {
        return new RecorderSettings(size, directory);
    }

    /** Reads {@code 32m} and {@code 1g} as bytes, and {@code off} as 0. */
    static final class SizeReader implements ITypeConverter<Long> {
        private static final Pattern SIZE = Pattern.compile("(\\d{1,5})([mg])");

        /** Identities take up to a quarter of each file of the ring. */
        private static final long LEAST = 8 << 20;

        @Override
        public Long convert(String text) {
            if (text.equals("off")) {
                return 0L;
            }
            Matcher matcher = SIZE.matcher(text.toLowerCase(Locale.ROOT));
            if (matcher.matches()) {
                long bytes =
                        Long.parseLong(matcher.group(1)) << (matcher.group(2).equals("m") ? 20 : 30);
                if (bytes >= LEAST) {
                    return bytes;
                }
            }
            throw new TypeConversionException("'" + text + "' is not a size from 8m on, such as 32m or 1g, nor off");
        }
    }
}
