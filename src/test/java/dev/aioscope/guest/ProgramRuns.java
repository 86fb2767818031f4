package dev.aioscope.guest;

import dev.aioscope.kernel.Host;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/**
 * How often the kernel ran the BPF programs of this process, and for how long in all. The time includes reading the clock
 * twice for each run.
 */
record ProgramRuns(long count, long nanos) {
    /** Lets the kernel count. */
    static void enable() throws IOException {
        Files.writeString(Path.of("/proc/sys/kernel/bpf_stats_enabled"), "1");
    }

    static ProgramRuns now() throws IOException {
        long count = 0;
        long nanos = 0;
        try (Stream<Path> files = Files.list(Path.of("/proc/self/fdinfo"))) {
            for (Path file : files.toList()) {
                String info = Host.read(file.toString()).orElse("");
                count += number(info, "run_cnt");
                nanos += number(info, "run_time_ns");
            }
        }
        return new ProgramRuns(count, nanos);
    }

    private static long number(String info, String name) {
        return info.lines()
                .filter(line -> line.startsWith(name + ":"))
                .mapToLong(
                        line -> Long.parseLong(line.substring(name.length() + 1).strip()))
                .sum();
    }

    ProgramRuns since(ProgramRuns before) {
        return new ProgramRuns(count - before.count, nanos - before.nanos);
    }
}
