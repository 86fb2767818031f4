package dev.aioscope.probe.core;

import com.sun.jna.Memory;
import com.sun.jna.Pointer;
import dev.aioscope.kernel.Errno;
import dev.aioscope.kernel.Libc;
import dev.aioscope.probe.bpf.LoadFailure;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Keeps the warnings of libbpf instead of printing them: only they say which program failed and why. Thread-safe.
 */
final class LibBpfLog implements LibBpf.PrintCallback {
    private static final int WARNING = 0;
    private static final int MAX_LINES = 40;
    private static final int MAX_LENGTH = 1 << 16;

    /** A verifier log is one message of up to 16 MiB. */
    private static final int MAX_VERIFIER_LOG = 17 << 20;

    private static final Pattern PROGRAM = Pattern.compile("prog '([^']+)'");

    /** Warnings without information beyond the errno, or with advice that does not help. */
    private static final List<String> GENERAL = List.of(
            "failed to load object",
            "BPF program load failed",
            "failed to load: -",
            "permission error while running as root",
            "Failed to bump RLIMIT_MEMLOCK",
            "Retrying without BTF");

    private final List<String> lines = new ArrayList<>();

    @Override
    public synchronized int print(int level, Pointer format, Pointer arguments) {
        if (level != WARNING) {
            return 0;
        }
        List<String> all = text(format, arguments)
                .lines()
                .map(String::strip)
                .filter(line -> !line.isEmpty())
                .toList();
        lines.addAll(all.subList(Math.max(0, all.size() - MAX_LINES), all.size()));
        return 0;
    }

    private static String text(Pointer format, Pointer arguments) {
        boolean isVerifierLog = format.getString(0).contains("PROG LOAD LOG");
        int size = isVerifierLog ? MAX_VERIFIER_LOG : MAX_LENGTH;
        try (Memory buffer = new Memory(size)) {
            int length = Math.min(Math.max(Libc.vsnprintf(buffer, size, format, arguments), 0), size - 1);
            return LoadFailure.end(buffer, length);
        }
    }

    /** Drops all lines. */
    synchronized void clear() {
        lines.clear();
    }

    /** The lines since {@link #clear}. */
    synchronized List<String> lines() {
        return List.copyOf(lines);
    }

    /** The last program in the warnings, or null. */
    synchronized @Nullable String failedProgram() {
        String failed = null;
        for (String line : lines) {
            Matcher matcher = PROGRAM.matcher(line);
            if (matcher.find()) {
                failed = matcher.group(1);
            }
        }
        return failed;
    }

    /** Why the programs did not load, from the warnings. */
    LoadFailure failure(int errno) {
        List<String> verifier = verifierLines(lines());
        String reason = verifier.isEmpty() ? last(Errno.describe(errno)) : LoadFailure.withVerifier(errno, verifier);
        return new LoadFailure(failedProgram(), errno, reason);
    }

    /** The first specific warning followed by the error, or only the error. */
    String last(String error) {
        List<String> specific = lines().stream()
                .filter(line -> GENERAL.stream().noneMatch(line::contains))
                .map(line -> line.replaceFirst("^libbpf: ", "").replaceFirst("^prog '[^']*': ", ""))
                .toList();
        if (specific.isEmpty()) {
            return error;
        }
        String first = Errno.withNames(specific.get(0));
        return first.contains(error) ? first : first + " – " + error;
    }

    private static List<String> verifierLines(List<String> lines) {
        List<String> useful = new ArrayList<>();
        boolean inside = false;
        for (String line : lines) {
            if (line.contains("END PROG LOAD LOG")) {
                inside = true;
                break;
            }
            if (!line.startsWith("processed ")
                    && !line.contains("BEGIN PROG LOAD LOG")
                    && !line.startsWith("libbpf:")) {
                useful.add(line);
            }
        }
        return inside ? useful : List.of();
    }
}
