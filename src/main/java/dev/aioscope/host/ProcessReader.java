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
 * Looks at one process at a time, by OSHI, for {@link Processes}.
 *
 * <pre>
 *   reads:  pid SPACE start             CLOCK_BOOTTIME, ns
 *   says:   executable TAB user TAB text of /proc/PID/cgroup TAB argument TAB argument ...
 *           or nothing, if there is no such process (any more)
 * </pre>
 */
final class ProcessReader {
    /** It has 56 MB, and takes less than half a second to start again. */
    private static final Duration IDLE = Duration.ofSeconds(60);

    private static final int LONGEST = 4096;
    private static final int MOST_ARGUMENTS = 256;

    private ProcessReader() {}

    /** Serves stdin until it ends. */
    public static void main(String[] arguments) throws InterruptedException {
        OperatingSystem system = new SystemInfo().getOperatingSystem();
        // So that the first question does not wait for classes to be loaded.
        answer(system, ProcessHandle.current().pid() + " 0");
        HelperProcess.serve("ready", question -> answer(system, question), IDLE);
    }

    private static String answer(OperatingSystem system, String question) {
        int space = question.indexOf(' ');
        int pid = Integer.parseInt(question.substring(0, space));
        long start = Long.parseLong(question.substring(space + 1));
        String cgroup = Host.read("/proc/" + pid + "/cgroup").orElse("");
        OSProcess process = system.getProcess(pid);
        if (process == null || !isSame(pid, start)) {
            return "";
        }
        List<String> fields = new ArrayList<>(List.of(process.getPath(), process.getUser(), cgroup));
        fields.addAll(process.getArguments().stream().limit(MOST_ARGUMENTS).toList());
        return fields.stream()
                .map(field -> escape(field.length() > LONGEST ? field.substring(0, LONGEST) : field))
                .collect(Collectors.joining("\t"));
    }

    /** Whether the process with this number began at that time. */
    private static boolean isSame(int pid, long start) {
        return isSame(Host.read("/proc/" + pid + "/stat").orElse(""), start);
    }

    /** The same from the text of {@code /proc/PID/stat}; another text tells of no process. */
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

    /** The text before {@link #escape}; what is no escape stays as it is. */
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
