package dev.aioscope.cli.option;

import dev.aioscope.kernel.WallClock;
import dev.aioscope.recording.Recorder;
import dev.aioscope.recording.Storage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** The options of the daemon's flight recorder. */
public final class RecorderOptions {
    private static final Logger LOG = LoggerFactory.getLogger("aioscope");
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
    private @Nullable Path folder;

    /** Begins to record; null if that is not wanted, or not possible, which is told. */
    public @Nullable Recorder start(WallClock clock, Map<String, String> environment) {
        if (size == 0) {
            return null;
        }
        try {
            return new Recorder(Storage.ring(folder(environment), size), clock);
        } catch (IOException e) {
            LOG.warn(
                    "No flight recorder: {} ({}) (hint: another recorder-directory, or recorder-size off)",
                    e.getMessage(),
                    e.getClass().getSimpleName());
            return null;
        }
    }

    private Path folder(Map<String, String> environment) {
        if (folder != null) {
            return folder;
        }
        String given = environment.getOrDefault("STATE_DIRECTORY", "");
        return Path.of(given.isEmpty() ? FOLDER : given.split(":", 2)[0]);
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
