package dev.aioscope.host;

import dev.aioscope.kernel.TaskStat;
import java.nio.charset.StandardCharsets;

/** Fuzzes the parsers of /proc/PID/stat, /proc/PID/cgroup and the answers of {@link ProcessReader}. */
public final class ProcFuzz {
    private ProcFuzz() {}

    /** Entry point for Jazzer. */
    public static void fuzzerTestOneInput(byte[] bytes) {
        String text = new String(bytes, StandardCharsets.UTF_8);
        TaskStat.parse(text);
        ProcessReader.process(text, 1);
        CgroupPath.parse(text).ifPresent(Container::of);
        Container.of(text);
        ProcessReader.parse(text, 1);
    }
}
