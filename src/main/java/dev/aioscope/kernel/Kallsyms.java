package dev.aioscope.kernel;

import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;

/**
 * Addresses of kernel symbols from {@code /proc/kallsyms}. Without CAP_SYSLOG, or with {@code kernel.kptr_restrict=2},
 * the kernel shows every address as 0; without CONFIG_KALLSYMS_ALL it lists functions only.
 */
public final class Kallsyms {
    /** Longer than any function that is looked up; keeps the last symbol of a section from seeming endless. */
    private static final long LONGEST = 8192;

    private static final Path KALLSYMS = Path.of("/proc/kallsyms");

    private final Map<String, Range> ranges;

    private Kallsyms(Map<String, Range> ranges) {
        this.ranges = ranges;
    }

    /**
     * A symbol.
     *
     * @param begin its address
     * @param end the address of the next symbol
     */
    public record Range(long begin, long end) {
        static final Range NONE = new Range(0, 0);
    }

    /** The symbol, or a range of zeros if the kernel hides it or does not have it. */
    public Range find(String name) {
        return ranges.getOrDefault(name, Range.NONE);
    }

    /**
     * Looks these up; a list that cannot be read is an empty one. If the list is the standard input, it is read from
     * there, which works once: the kernel shows addresses to whom it showed them when the file was opened, and the
     * systemd unit has it opened by root.
     */
    public static Kallsyms read(Set<String> names) {
        try {
            // In another mount namespace than that of the file its path begins where its file system does.
            if (Files.readSymbolicLink(Path.of("/proc/self/fd/0")).endsWith(KALLSYMS.getFileName())) {
                return new Kallsyms(scan(new Bytes(new FileInputStream(FileDescriptor.in)), names));
            }
        } catch (IOException e) {
            return new Kallsyms(Map.of());
        }
        return read(KALLSYMS, names);
    }

    static Kallsyms read(Path kallsyms, Set<String> names) {
        try (InputStream in = Files.newInputStream(kallsyms)) {
            return new Kallsyms(scan(new Bytes(in), names));
        } catch (IOException e) {
            return new Kallsyms(Map.of());
        }
    }

    /** Lines are {@code address type name [module]}; the kernel itself comes first, in the order of the addresses. */
    private static Map<String, Range> scan(Bytes in, Set<String> names) throws IOException {
        Map<String, Range> found = new HashMap<>();
        Map<String, Long> open = new HashMap<>();
        byte[] name = new byte[512];
        // Hundreds of thousands of lines while somebody waits for the start: most are told by their length.
        boolean[] isLength = new boolean[name.length + 1];
        names.forEach(wanted -> isLength[wanted.length()] = true);
        while (true) {
            long address = 0;
            int c = in.read();
            for (; c != ' ' && c >= 0; c = in.read()) {
                address = address << 4 | Character.digit(c, 16);
            }
            if (c < 0) {
                return found;
            }
            in.read();
            in.read();
            int length = 0;
            for (c = in.read(); c != '\n' && c != '\t' && c >= 0; c = in.read()) {
                if (length < name.length) {
                    name[length++] = (byte) c;
                }
            }
            while (c != '\n' && c >= 0) {
                c = in.read();
            }
            if (!open.isEmpty()) {
                close(open, address, found);
            }
            if (address != 0 && isLength[length]) {
                String symbol = new String(name, 0, length, StandardCharsets.US_ASCII);
                if (names.contains(symbol) && !found.containsKey(symbol)) {
                    open.put(symbol, address);
                }
            }
        }
    }

    /** A stream byte by byte, without a lock for each. */
    private static final class Bytes {
        private final InputStream in;
        private final byte[] buffer = new byte[1 << 16];
        private int at;
        private int end;

        Bytes(InputStream in) {
            this.in = in;
        }

        /** The next byte, or -1 at the end. */
        int read() throws IOException {
            if (at == end) {
                at = 0;
                end = Math.max(0, in.read(buffer));
                if (end == 0) {
                    return -1;
                }
            }
            return buffer[at++] & 0xff;
        }
    }

    private static void close(Map<String, Long> open, long next, Map<String, Range> found) {
        open.entrySet().removeIf(entry -> {
            long begin = entry.getValue();
            if (next == begin) {
                return false;
            }
            boolean near = Long.compareUnsigned(next, begin) > 0 && next - begin < LONGEST;
            found.put(entry.getKey(), new Range(begin, near ? next : begin + LONGEST));
            return true;
        });
    }
}
