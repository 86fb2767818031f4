package dev.aioscope.host;

import dev.aioscope.kernel.HelperProcess;
import dev.aioscope.kernel.Host;
import dev.aioscope.kernel.Libc;
import dev.aioscope.kernel.TaskStat;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Helper process of {@link Processes}: reads one process at a time. Names and arguments are any bytes; invalid UTF-8
 * becomes U+FFFD.
 *
 * <pre>
 *   stdin:  pid SPACE start             CLOCK_BOOTTIME, ns
 *   stdout: executable TAB user TAB text of /proc/PID/cgroup TAB argument TAB argument ...
 *           or an empty line if there is no such process
 * </pre>
 */
final class ProcessReader {
    /** The helper uses 50 MB and restarts in less than half a second. */
    private static final Duration IDLE = Duration.ofSeconds(60);

    private static final int MAX_FIELD_LENGTH = 4096;
    private static final int MAX_ARGUMENTS = 256;
    private static final int MAX_BYTES = 1 << 16;

    /** The end of a command line or argument of which the rest is missing. */
    private static final String CUT = "…";

    /** The kernel adds it to the path of a file that was deleted. */
    private static final String DELETED = " (deleted)";

    private ProcessReader() {}

    /** Answers queries on stdin until it is closed. */
    public static void main(String[] arguments) throws InterruptedException {
        // Load classes before the first query.
        answer(ProcessHandle.current().pid() + " 0");
        HelperProcess.serve("ready", ProcessReader::answer, IDLE);
    }

    private static String answer(String query) {
        int space = query.indexOf(' ');
        return answer(Integer.parseInt(query.substring(0, space)), Long.parseLong(query.substring(space + 1)));
    }

    /** The answer about the process with this start; an empty line if there is none. */
    static String answer(int pid, long start) {
        Path directory = Path.of("/proc", Integer.toString(pid));
        List<String> fields =
                new ArrayList<>(List.of(executable(directory), user(directory), read(directory.resolve("cgroup"))));
        fields.addAll(arguments(directory.resolve("cmdline")));
        // Last, because another process can have received the PID meanwhile.
        return !isSame(pid, start)
                ? ""
                : fields.stream().map(field -> escape(cut(field))).collect(Collectors.joining("\t"));
    }

    private static String read(Path file) {
        return Host.read(file.toString()).orElse("");
    }

    private static String executable(Path directory) {
        try {
            String path = Files.readSymbolicLink(directory.resolve("exe")).toString();
            return path.endsWith(DELETED) ? path.substring(0, path.length() - DELETED.length()) : path;
        } catch (IOException e) {
            return "";
        }
    }

    /** The name of the real user, or its number if it has no name. */
    private static String user(Path directory) {
        return read(directory.resolve("status"))
                .lines()
                .filter(line -> line.startsWith("Uid:"))
                .map(line -> line.split("\\s+", -1)[1])
                .findFirst()
                .map(uid -> Libc.userName(Integer.parseUnsignedInt(uid)).orElse(uid))
                .orElse("");
    }

    private static List<String> arguments(Path file) {
        try (InputStream in = Files.newInputStream(file)) {
            return arguments(in.readNBytes(MAX_BYTES + 1));
        } catch (IOException e) {
            return List.of();
        }
    }

    /** Parses a command line, of which more than {@link #MAX_BYTES} are not used. */
    static List<String> arguments(byte[] bytes) {
        String text = new String(bytes, 0, Math.min(bytes.length, MAX_BYTES), StandardCharsets.UTF_8);
        // Programs that change their title leave empty arguments at the end.
        List<String> all = text.isEmpty() ? List.of() : List.of(text.split("\0", 0));
        return bytes.length <= MAX_BYTES && all.size() <= MAX_ARGUMENTS
                ? all
                : Stream.concat(all.stream().limit(MAX_ARGUMENTS), Stream.of(CUT))
                        .toList();
    }

    private static String cut(String text) {
        if (text.length() <= MAX_FIELD_LENGTH) {
            return text;
        }
        int end =
                Character.isHighSurrogate(text.charAt(MAX_FIELD_LENGTH - 1)) ? MAX_FIELD_LENGTH - 1 : MAX_FIELD_LENGTH;
        return text.substring(0, end) + CUT;
    }
    /** Whether the process with this PID started at that time. */
    private static boolean isSame(int pid, long start) {
        return isSame(Host.read("/proc/" + pid + "/stat").orElse(""), start);
    }

    /** Whether the text of {@code /proc/PID/stat} is of a process that started at that time; false for malformed text. */
    static boolean isSame(String stat, long start) {
        return TaskStat.parse(stat)
                .filter(process -> Math.abs(process.start() - start) / TaskStat.TICK <= 1)
                .isPresent();
    }

    static String escape(String text) {
        return text.replace("\\", "\\\\")
                .replace("\t", "\\t")
                .replace("\n", "\\n")
                .replace("\r", "\\r");
    }

    /** Reverses {@link #escape}; keeps unknown escapes. */
    static String unescape(String text) {
        StringBuilder plain = new StringBuilder();
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '\\' && i + 1 < text.length()) {
                i++;
                char escaped = text.charAt(i);
                plain.append(
                        switch (escaped) {
                            case 't' -> '\t';
                            case 'n' -> '\n';
                            case 'r' -> '\r';
                            default -> escaped;
                        });
            } else {
                plain.append(c);
            }
        }
        return plain.toString();
    }
}
