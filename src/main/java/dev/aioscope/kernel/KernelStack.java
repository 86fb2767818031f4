package dev.aioscope.kernel;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Names of the functions on a kernel stack. Remembers each address. Thread-safe. */
public final class KernelStack {
    private static final int MAX_KNOWN = 4096;

    /** Larger than any function that waits: an address further from a symbol lies in a function that is not listed. */
    private static final long MAX_SIZE = 1 << 16;

    private static final Map<Long, String> KNOWN = new HashMap<>();

    private KernelStack() {}

    /**
     * The functions that contain these addresses, without offsets. Omits an address whose function the kernel hides. New
     * addresses take some 100 ms together.
     */
    public static List<String> functions(List<Long> addresses) {
        synchronized (KNOWN) {
            Set<Long> unknown = new HashSet<>(addresses);
            unknown.removeAll(KNOWN.keySet());
            if (!unknown.isEmpty()) {
                if (KNOWN.size() + unknown.size() > MAX_KNOWN) {
                    KNOWN.clear();
                    unknown.addAll(addresses);
                }
                KNOWN.putAll(read(unknown));
            }
            return addresses.stream()
                    .map(address -> KNOWN.getOrDefault(address, ""))
                    .filter(name -> !name.isEmpty())
                    .toList();
        }
    }

    private static Map<Long, String> read(Collection<Long> addresses) {
        FunctionSearch search = new FunctionSearch(addresses);
        try {
            KallsymsReader.read(search);
        } catch (IOException e) {
            return new FunctionSearch(addresses).names(); // as if the kernel hid all of them
        }
        return search.names();
    }

    static Map<Long, String> read(Path list, Collection<Long> addresses) throws IOException {
        FunctionSearch search = new FunctionSearch(addresses);
        KallsymsReader.read(list, search);
        return search.names();
    }

    /** Finds for each address the nearest function that begins at or before it. */
    private static final class FunctionSearch implements KallsymsReader.Visitor {
        /** Added to an address, this makes the signed order that of unsigned addresses. */
        private static final long BIAS = Long.MIN_VALUE;

        /** Biased, ascending. */
        private final long[] addresses;
        /** For each address the nearest function after the address before it, biased; BIAS if there is none. */
        private final long[] begins;

        private final byte[][] names;

        FunctionSearch(Collection<Long> addresses) {
            this.addresses = addresses.stream()
                    .mapToLong(address -> address + BIAS)
                    .sorted()
                    .toArray();
            begins = new long[this.addresses.length];
            Arrays.fill(begins, BIAS);
            names = new byte[this.addresses.length][0];
        }

        @Override
        public void symbol(long address, int type, byte[] name, int length) {
            if ("tTwW".indexOf(type) < 0) {
                return;
            }
            long begin = address + BIAS;
            int found = Arrays.binarySearch(addresses, begin);
            int next = found < 0 ? ~found : found;
            if (next < begins.length && begin > begins[next]) {
                begins[next] = begin;
                names[next] = Arrays.copyOf(name, length);
            }
        }

        /** By address; empty where there is none. */
        Map<Long, String> names() {
            Map<Long, String> all = new HashMap<>();
            int nearest = 0;
            for (int i = 0; i < addresses.length; i++) {
                nearest = begins[i] == BIAS ? nearest : i;
                boolean isInside = begins[nearest] != BIAS && addresses[i] - begins[nearest] < MAX_SIZE;
                all.put(addresses[i] - BIAS, isInside ? new String(names[nearest], StandardCharsets.US_ASCII) : "");
            }
            return all;
        }
    }
}
