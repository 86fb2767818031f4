package dev.aioscope.probe.bcc;

import com.sun.jna.Memory;
import com.sun.jna.Pointer;
import dev.aioscope.kernel.HelperProcess;
import dev.aioscope.kernel.TaskStat;
import dev.aioscope.probe.ProbeException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Resolves user addresses to names with libbcc's symbol cache. It parses files of any user's processes, and libbcc stays in
 * memory, so {@link UserSymbols} runs it as a separate process.
 *
 * <pre>
 *   prints: ready            or  error TAB message TAB hint, and exits
 *   reads:  pid SPACE address SPACE address ...    the addresses in hexadecimal
 *   prints: frame TAB frame ...                    in that order; an empty line for an unknown process
 * </pre>
 */
final class Symbolizer {
    /** Caches outlive their processes, so that the last calls of a process have names too. */
    private static final int MAX_PROCESSES = 16;

    private static final int MAX_NAME = 200;

    private record Cache(long start, Pointer pointer) {}

    private final Map<Integer, Cache> caches = new LinkedHashMap<>(16, 0.75f, true);

    private Symbolizer() {}

    /** Answers questions until standard input ends. */
    public static void main(String[] arguments) throws InterruptedException {
        try {
            LibBcc.load();
        } catch (ProbeException e) {
            System.out.println("error\t" + e.getMessage() + "\t" + e.hint());
            System.exit(1);
        }
        Symbolizer symbolizer = new Symbolizer();
        // Warms up, so that the first answer, whose process may exit soon, is as fast as the others.
        symbolizer.answer(ProcessHandle.current().pid() + " 1000");
        HelperProcess.serve("ready", symbolizer::answer);
    }

    private String answer(String question) {
        List<String> words = List.of(question.split(" ", -1));
        int pid = Integer.parseInt(words.get(0));
        Cache cache = cache(pid);
        List<String> frames = new ArrayList<>();
        if (cache != null) {
            for (int i = 1; i < words.size(); i++) {
                // All but the innermost are return addresses: the call is before them, possibly at the end of a
                // function.
                frames.add(frame(cache.pointer, Long.parseUnsignedLong(words.get(i), 16), i == 1 ? 0 : 1));
            }
        }
        return String.join("\t", frames);
    }

    /** Null if the process exited and has no cache. */
    private @Nullable Cache cache(int pid) {
        // The start time distinguishes the process from a later one with the same pid.
        Optional<Long> start = TaskStat.read("/proc/" + pid + "/stat").map(TaskStat::start);
        Cache known = caches.get(pid);
        if (known != null && start.orElse(known.start) == known.start) {
            return known;
        }
        if (start.isEmpty()) {
            return null;
        }
        if (known != null) {
            LibBcc.bcc_free_symcache(known.pointer, pid);
            caches.remove(pid);
        }
        Pointer pointer = LibBcc.bcc_symcache_new(pid, Pointer.NULL);
        if (pointer == null) {
            return null;
        }
        Cache made = new Cache(start.get(), pointer);
        caches.put(pid, made);
        if (caches.size() > MAX_PROCESSES) {
            Map.Entry<Integer, Cache> eldest = caches.entrySet().iterator().next();
            LibBcc.bcc_free_symcache(eldest.getValue().pointer, eldest.getKey());
            caches.remove(eldest.getKey());
        }
        return made;
    }

    private static String frame(Pointer cache, long address, int behind) {
        try (Memory symbol = new Memory(32)) { // struct bcc_symbol: name, demangle_name, module, offset
            symbol.clear();
            boolean isFound = LibBcc.bcc_symcache_resolve(cache, address - behind, symbol) == 0;
            String name = isFound ? text(symbol.getPointer(8)) : "";
            String module = text(symbol.getPointer(16));
            long offset = symbol.getLong(24) + behind;
            if (isFound) {
                LibBcc.bcc_symbol_free_demangle_name(symbol);
            }
            return (name.isEmpty() ? "0x" + Long.toHexString(address) : name + "+0x" + Long.toHexString(offset))
                    + (module.isEmpty() ? "" : " (" + module.substring(module.lastIndexOf('/') + 1) + ")");
        }
    }

    /** Replaces control characters, since names from any user's files must not break the protocol or a terminal. */
    private static String text(@Nullable Pointer name) {
        String text = name == null ? "" : name.getString(0, "UTF-8").replaceAll("\\p{Cntrl}", "?");
        return text.length() > MAX_NAME ? text.substring(0, MAX_NAME) + "…" : text;
    }
}
