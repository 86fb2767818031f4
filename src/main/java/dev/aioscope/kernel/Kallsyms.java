package dev.aioscope.kernel;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;

/**
 * Addresses of kernel symbols by name. Without CAP_SYSLOG, or with {@code kernel.kptr_restrict=2}, the kernel shows every
 * address as 0; without CONFIG_KALLSYMS_ALL it lists functions only. Immutable.
 */
public final class Kallsyms {
    /** The most that a symbol covers, bytes: bounds the last one of a section. */
    private static final long MAX_SIZE = 8192;

    private static final Kallsyms EMPTY = new Kallsyms(Map.of());

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

    /** Whether /proc shows a list, with or without addresses. */
    public static boolean isVisible() {
        return KallsymsReader.isVisible();
    }

    /** Finds these symbols; none if the list cannot be read. Takes some 100 ms. */
    public static Kallsyms read(Set<String> names) {
        try {
            SymbolSearch search = new SymbolSearch(names);
            KallsymsReader.read(search);
            return new Kallsyms(search.found);
        } catch (IOException e) {
            return EMPTY;
        }
    }

    static Kallsyms read(Path list, Set<String> names) {
        try {
            SymbolSearch search = new SymbolSearch(names);
            KallsymsReader.read(list, search);
            return new Kallsyms(search.found);
        } catch (IOException e) {
            return EMPTY;
        }
    }

    private static final class SymbolSearch implements KallsymsReader.Visitor {
        private final Set<String> names;
        /** Skips most of the hundreds of thousands of names by their length alone. */
        private final boolean[] isLength;

        private final Map<String, Range> found = new HashMap<>();
        /** Symbols whose end is the next address. */
        private final Map<String, Long> open = new HashMap<>();

        SymbolSearch(Set<String> names) {
            this.names = names;
            isLength = new boolean
                    [1 + names.stream().mapToInt(String::length).max().orElse(0)];
            names.forEach(name -> isLength[name.length()] = true);
        }

        @Override
        public void symbol(long address, int type, byte[] name, int length) {
            if (!open.isEmpty()) {
                close(address);
            }
            if (address != 0 && length < isLength.length && isLength[length]) {
                String symbol = new String(name, 0, length, StandardCharsets.US_ASCII);
                if (names.contains(symbol) && !found.containsKey(symbol)) {
                    open.put(symbol, address);
                }
            }
        }

        private void close(long next) {
            open.entrySet().removeIf(entry -> {
                long begin = entry.getValue();
                if (next == begin) {
                    return false;
                }
                boolean isNear = Long.compareUnsigned(next, begin) > 0 && next - begin < MAX_SIZE;
                found.put(entry.getKey(), new Range(begin, isNear ? next : begin + MAX_SIZE));
                return true;
            });
        }
    }
}
