package dev.aioscope.probe.core;

import com.sun.jna.Pointer;
import dev.aioscope.kernel.Errno;
import dev.aioscope.kernel.Libc;
import dev.aioscope.probe.bpf.LoadFailure;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What libbpf prints. It is kept instead of shown: the warnings are the only place where libbpf says which program
 * failed and why.
 */
final class LibBpfLog implements LibBpf.PrintCallback {
    private static final int WARNING = 0;
    private static final int MOST_LINES = 40;
    private static final Pattern PROGRAM = Pattern.compile("prog '([^']+)'");

    /** What libbpf says at every failure: it tells no more than the errno, or advises what does not help. */
    private static final List<String> GENERAL = List.of(
            "failed to load object",
            "BPF program load failed",
            "failed to load: -",
            "permission error while running as root");

    private final List<String> lines = new ArrayList<>();

    @Override
    public synchronized int print(int level, Pointer format, Pointer arguments) {
        if (level != WARNING) {
            return 0;
        }
        // A verifier log comes as one message of up to 16 MiB, and its end is what tells.
        boolean isVerifierLog = format.getString(0).contains("PROG LOAD LOG");
        byte[] text = new byte[isVerifierLog ? 17 << 20 : 1 << 16];
        int length = Libc.vsnprintf(text, text.length, format, arguments);
        String message = new String(text, 0, Math.min(Math.max(length, 0), text.length - 1), StandardCharsets.UTF_8);
        List<String> all = message.lines()
                .map(String::strip)
                .filter(line -> !line.isEmpty())
                .toList();
        lines.addAll(all.subList(Math.max(0, all.size() - MOST_LINES), all.size()));
        return 0;
    }

    /** Forgets what was printed so far. */
    synchronized void clear() {
        lines.clear();
    }

    /** What was printed since {@link #clear}. */
    synchronized List<String> lines() {
        return List.copyOf(lines);
    }

    /** The program that libbpf named last, or null. */
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

    /** Why the programs could not be loaded, read out of what libbpf printed. */
    LoadFailure failure(int errno) {
        List<String> verifier = verifierLines(lines());
        String reason = verifier.isEmpty() ? last(Errno.describe(errno)) : LoadFailure.withVerifier(errno, verifier);
        return new LoadFailure(failedProgram(), errno, reason);
    }

    /** The warning that tells most, or {@code otherwise} if there is none. */
    String last(String otherwise) {
        List<String> telling = lines().stream()
                .filter(line -> GENERAL.stream().noneMatch(line::contains))
                .map(line -> line.replaceFirst("^libbpf: ", "").replaceFirst("^prog '[^']*': ", ""))
                .toList();
        return telling.isEmpty() ? otherwise : telling.get(0) + " – " + otherwise;
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
