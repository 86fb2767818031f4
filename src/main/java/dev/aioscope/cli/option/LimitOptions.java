package dev.aioscope.cli.option;

import dev.aioscope.daemon.DaemonOptions.Capacity;
import dev.aioscope.lifecycle.Limits;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** The options that say how much the daemon keeps at most, with the memory that each takes when it is full. */
public final class LimitOptions {
    @Configurable
    @Option(
            names = "--ring-size",
            paramLabel = "SIZE",
            defaultValue = "1m",
            converter = RingReader.class,
            description = "The ring between the kernel and the agent: a power of two from 4k to 64m of kernel memory"
                    + " (default: ${DEFAULT-VALUE}). What does not fit is lost and counted as ring_full.")
    private int ringBytes;

    @Configurable
    @Option(
            names = "--max-in-progress",
            paramLabel = "NUMBER",
            defaultValue = "4096",
            converter = MapReader.class,
            description =
                    "Threads inside io_setup or io_destroy of which the probes know at once, and half as many inside"
                            + " kill_ioctx, which an exit calls too (default: ${DEFAULT-VALUE}): 200 bytes of kernel memory each,"
                            + " taken at the start. One more is lost and counted as map_full.")
    private int inProgress;

    @Configurable
    @Option(
            names = "--max-contexts",
            paramLabel = "NUMBER",
            defaultValue = "65536",
            converter = TableReader.class,
            description =
                    "Live contexts that are remembered (default: ${DEFAULT-VALUE}): 550 bytes each. The oldest goes,"
                            + " and is counted as evicted_contexts.")
    private int contexts;

    @Configurable
    @Option(
            names = "--max-teardowns",
            paramLabel = "NUMBER",
            defaultValue = "16384",
            converter = TableReader.class,
            description = "Teardowns in progress (default: ${DEFAULT-VALUE}): 900 bytes each. The oldest is reported"
                    + " early, and counted as evicted_teardowns.")
    private int teardowns;

    @Configurable
    @Option(
            names = "--max-calls",
            paramLabel = "NUMBER",
            defaultValue = "16384",
            converter = TableReader.class,
            description = "Threads inside a teardown, and different stacks (default: ${DEFAULT-VALUE}): 400 bytes each."
                    + " The oldest goes, and is counted as evicted_calls.")
    private int calls;

    @Configurable
    @Option(
            names = "--max-queued-events",
            paramLabel = "NUMBER",
            defaultValue = "16384",
            converter = TableReader.class,
            description =
                    "News that wait to become traces (default: ${DEFAULT-VALUE}): 750 bytes each. What does not fit"
                            + " is lost and counted as queue_full; it is in the metrics all the same.")
    private int waiting;

    @Configurable
    @Option(
            names = "--max-identities",
            paramLabel = "NUMBER",
            defaultValue = "16384",
            converter = TableReader.class,
            description = "Processes whose executable, user and container are remembered (default: ${DEFAULT-VALUE}):"
                    + " 500 bytes and the command line each. The one that was not asked for longest goes.")
    private int identities;

    /** How much the daemon keeps at most. */
    public Capacity capacity() {
        return new Capacity(ringBytes, inProgress, new Limits(contexts, teardowns, calls), waiting, identities);
    }

    static final class MapReader extends IntegerRangeConverter {
        MapReader() {
            super(64, 1 << 20);
        }
    }

    static final class TableReader extends IntegerRangeConverter {
        TableReader() {
            super(64, 1 << 20);
        }
    }

    /** Reads {@code 64k} and {@code 4m}. */
    static final class RingReader implements ITypeConverter<Integer> {
        private static final Pattern SIZE = Pattern.compile("(\\d{1,5})([km])");
        private static final int LEAST = 4096;
        private static final int MOST = 64 << 20;

        @Override
        public Integer convert(String text) {
            Matcher matcher = SIZE.matcher(text.toLowerCase(Locale.ROOT));
            if (matcher.matches()) {
                long bytes =
                        Long.parseLong(matcher.group(1)) << (matcher.group(2).equals("k") ? 10 : 20);
                if (bytes >= LEAST && bytes <= MOST && Long.bitCount(bytes) == 1) {
                    return (int) bytes;
                }
            }
            throw new TypeConversionException("'" + text + "' is not a power of two from 4k to 64m, such as 256k");
        }
    }
}
