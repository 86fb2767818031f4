package dev.aioscope.host;

import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/** Parses the text of {@code /proc/PID/cgroup}. */
public final class CgroupPath {
    /** On cgroup v1, the hierarchies of these controllers follow containers; the most reliable one is first. */
    private static final List<String> CONTROLLERS = List.of("memory", "pids", "cpu", "devices", "name=systemd");

    private CgroupPath() {}

    /**
     * The cgroup v2 path, or the most specific v1 path if the v2 path is the root.
     *
     * @param text lines of {@code hierarchy:controllers:path}; other lines are ignored
     * @return empty if the text has no path
     */
    public static Optional<String> parse(String text) {
        List<String[]> lines = text.lines()
                .map(line -> line.split(":", 3))
                .filter(parts -> parts.length == 3 && parts[2].startsWith("/"))
                .toList();
        Optional<String> v2 = lines.stream()
                .filter(parts -> parts[0].equals("0") && parts[1].isEmpty())
                .map(parts -> parts[2])
                .findFirst();
        Optional<String> v1 = lines.stream()
                .filter(parts -> rank(parts[1]) < CONTROLLERS.size() && !parts[2].equals("/"))
                .min(Comparator.comparingInt(parts -> rank(parts[1])))
                .map(parts -> parts[2]);
        return v2.filter(path -> !path.equals("/")).or(() -> v1).or(() -> v2);
    }

    /** The lowest index of these controllers in {@link #CONTROLLERS}. */
    private static int rank(String controllers) {
        return List.of(controllers.split(",", -1)).stream()
                .mapToInt(CONTROLLERS::indexOf)
                .filter(index -> index >= 0)
                .min()
                .orElse(CONTROLLERS.size());
    }
}
