package dev.aioscope.host;

import dev.aioscope.kernel.HelperProcess;
import dev.aioscope.kernel.Host;
import dev.aioscope.kernel.TaskStat;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import oshi.SystemInfo;
import oshi.software.os.OSProcess;
import oshi.software.os.OperatingSystem;

/**
 * Helper process of {@link Processes}: reads one process at a time with OSHI.
 *
 * <pre>
 *   stdin:  pid SPACE start             CLOCK_BOOTTIME, ns
 *   stdout: executable TAB user TAB text of /proc/PID/cgroup TAB argument TAB argument ...
 *           or an empty line if there is no such process
 * </pre>
 */
final class ProcessReader {
    /** The helper uses 56 MB and restarts in less than half a second. */
    private static final Duration IDLE = Duration.ofSeconds(60);

    private static final int MAX_FIELD_LENGTH = 4096;
    private static final int MAX_ARGUMENTS = 256;

    private ProcessReader() {}

    /** Answers queries on stdin until it is closed. */
    public static void main(String[] arguments) throws InterruptedException {
        OperatingSystem system = new SystemInfo().getOperatingSystem();
        // Load classes before the first query.
        answer(system, ProcessHandle.current().pid() + " 0");
        HelperProcess.serve("ready", query -> answer(system, query), IDLE);
    }

    private static String answer(OperatingSystem system, String query) {
        int space = query.indexOf(' ');
        int pid = Integer.parseInt(query.substring(0, space));
        long start = Long.parseLong(query.substring(space + 1));
        String cgroup = Host.read("/proc/" + pid + "/cgroup").orElse("");
        OSProcess process = system.getProcess(pid);
        if (process == null || !isSame(pid, start)) {
            return "";
        }
        List<String> fields = new ArrayList<>(List.of(process.getPath(), process.getUser(), cgroup));
        fields.addAll(process.getArguments().stream().limit(MAX_ARGUMENTS).toList());
        return fields.stream()
                .map(field -> escape(field.length() > MAX_FIELD_LENGTH ? field.substring(0, MAX_FIELD_LENGTH) : field))
                .collect(Collectors.joining("\t"));
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
