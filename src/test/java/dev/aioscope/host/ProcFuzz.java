package dev.aioscope.host;

import dev.aioscope.kernel.TaskStat;
import java.nio.charset.StandardCharsets;

/** Whatever /proc/PID/stat, /proc/PID/cgroup and the reader of them say. */
public final class ProcFuzz {
    private ProcFuzz() {}

    /** What Jazzer calls. */
    public static void fuzzerTestOneInput(byte[] bytes) {
        String text = new String(bytes, StandardCharsets.UTF_8);
        TaskStat.parse(text);
        ProcessReader.isSame(text, 1);
        CgroupPath.path(text).ifPresent(Container::of);
        Container.of(text);
        Processes.parse(text);
    }
}
