package dev.aioscope.host;

import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/** The cgroup of a process, from the text of {@code /proc/PID/cgroup}. */
public final class CgroupPath {
    /** Where cgroup v1 is in use, these controllers follow containers. */
    private static final List<String> TELLING = List.of("memory", "pids", "cpu", "devices", "name=systemd");

    private CgroupPath() {}

    /**
     * The path that tells most: that of cgroup v2, unless it is the root because v1 does the work.
     *
     * @param text lines of {@code hierarchy:controllers:path}; others are left out
     * @return empty if there is none
     */
    public static Optional<String> path(String text) {
        List<String[]> lines = text.lines()
                .map(line -> line.split(":", 3))
                .filter(parts -> parts.length == 3 && parts[2].startsWith("/"))
                .toList();
        Optional<String> second = lines.stream()
                .filter(parts -> parts[0].equals("0") && parts[1].isEmpty())
                .map(parts -> parts[2])
                .findFirst();
        Optional<String> first = lines.stream()
                .filter(parts -> rank(parts[1]) < TELLING.size() && !parts[2].equals("/"))
                .min(Comparator.comparingInt(parts -> rank(parts[1])))
                .map(parts -> parts[2]);
        return second.filter(path -> !path.equals("/")).or(() -> first).or(() -> second);
    }

    /** The place of the first of these controllers among those that tell. */
    private static int rank(String controllers) {
        return List.of(controllers.split(",", -1)).stream()
                .mapToInt(TELLING::indexOf)
                .filter(place -> place >= 0)
                .min()
                .orElse(TELLING.size());
    }
}
