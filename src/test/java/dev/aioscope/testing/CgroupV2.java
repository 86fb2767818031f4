package dev.aioscope.testing;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** The hierarchy of cgroup v2 of this host. */
public final class CgroupV2 {
    private CgroupV2() {}

    /** Where it is mounted; empty if it is not, or not for writing. */
    public static Optional<Path> mounted() throws IOException {
        return Files.readAllLines(Path.of("/proc/self/mounts")).stream()
                .map(line -> line.split(" ", -1))
                .filter(fields -> fields[2].equals("cgroup2") && Files.isWritable(Path.of(fields[1])))
                .map(fields -> Path.of(fields[1]))
                .findFirst();
    }
}
