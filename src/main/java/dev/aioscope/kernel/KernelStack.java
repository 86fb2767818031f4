package dev.aioscope.kernel;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Names of the functions on a stack in the kernel, from {@code /proc/kallsyms}; each is looked up once. */
public final class KernelStack {
    private static final int MOST = 4096;

    /** Longer than any function that waits; beyond lies another one that is not listed. */
    private static final long LONGEST = 1 << 16;

    private static final Map<Long, String> KNOWN = new HashMap<>();

    private KernelStack() {}

    /** A function's symbol. */
    private record Symbol(long begin, String name) {}

    /**
     * The functions in which these addresses lie, without their offsets. An address whose function the kernel hides is left
     * out. Addresses that are asked for the first time take some 100 ms.
     */
    public static List<String> functions(List<Long> addresses) {
        synchronized (KNOWN) {
            Set<Long> unknown = new HashSet<>(addresses);
            unknown.removeAll(KNOWN.keySet());
            if (!unknown.isEmpty()) {
                if (KNOWN.size() + unknown.size() > MOST) {
                    KNOWN.clear();
                    unknown.addAll(addresses);
                }
                KNOWN.putAll(read(Path.of("/proc/kallsyms"), unknown));
            }
            return addresses.stream()
                    .map(address -> KNOWN.getOrDefault(address, ""))
                    .filter(name -> !name.isEmpty())
                    .toList();
        }
    }

    /** The function of each address; empty where none is found. */
    static Map<Long, String> read(Path kallsyms, Set<Long> addresses) {
        Map<Long, Symbol> nearest = new HashMap<>();
        try (BufferedReader lines = Files.newBufferedReader(kallsyms, StandardCharsets.ISO_8859_1)) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                compare(line, addresses, nearest);
            }
        } catch (IOException e) {
            // As if the kernel had hidden all of them.
        }
        Map<Long, String> names = new HashMap<>();
        for (long address : addresses) {
            Symbol symbol = nearest.get(address);
            names.put(address, symbol != null && address - symbol.begin < LONGEST ? symbol.name : "");
        }
        return names;
    }

    /** Lines are {@code address type name [module]}, the address 16 digits; types of functions are t, T, w and W. */
    private static void compare(String line, Set<Long> addresses, Map<Long, Symbol> nearest) {
        if (line.length() < 20 || "tTwW".indexOf(line.charAt(17)) < 0) {
            return;
        }
        long begin = Long.parseUnsignedLong(line, 0, 16, 16);
        for (long address : addresses) {
            Symbol best = nearest.get(address);
            boolean isBefore = begin != 0 && Long.compareUnsigned(begin, address) <= 0;
            if (isBefore && (best == null || Long.compareUnsigned(begin, best.begin) > 0)) {
                nearest.put(address, new Symbol(begin, line.substring(19).replaceFirst("\\s.*", "")));
            }
        }
    }
}
