package dev.aioscope.host;

import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Chooses the path of a process's cgroup that says most about its container. */
public final class CgroupPath {
    /** On cgroup v1, the hierarchies of these controllers follow containers; the most reliable one is first. */
    private static final List<String> CONTROLLERS = List.of("memory", "pids", "cpu", "devices", "name=systemd");

    private static final Pattern PARENTS = Pattern.compile("^(?:/\\.\\.)+(?=/|$)");

    /** Replaces the outermost names where they are missing. */
    private static final String CUT = "…";

    private CgroupPath() {}

    /**
     * The path in {@code /proc/PID/cgroup} that says most.
     *
     * @param text lines of {@code hierarchy:controllers:path}; other lines are ignored
     * @return empty if the text has no path
     */
    public static Optional<String> parse(String text) {
        return List.of(text.split("\n", -1)).stream()
                .map(line -> line.split(":", 3))
                .filter(parts -> parts.length == 3 && parts[2].startsWith("/"))
                .sorted(Comparator.comparingInt(parts -> rank(parts[0], parts[1])))
                .map(parts -> fromRoot(parts[2]))
                .filter(path -> !path.isEmpty())
                .reduce(CgroupPath::choose);
    }

    /** A reader in a cgroup namespace sees paths from its own cgroup, so that the outermost names are missing. */
    private static String fromRoot(String path) {
        String rest = PARENTS.matcher(path).replaceFirst("");
        return rest.equals(path) || rest.isEmpty() ? rest : CUT + rest;
    }

    /**
     * The path that says most: a container before a unit, a unit before none, and else the first. On a hybrid host, the
     * v2 path can name the unit of the container's runtime.
     *
     * @param v2 path in the cgroup v2 hierarchy; null if there is none
     * @param v1 path in the hierarchy of a cgroup v1 controller; null if there is none
     * @return null if there is neither
     */
    public static @Nullable String choose(@Nullable String v2, @Nullable String v1) {
        return v2 == null || (v1 != null && Container.detail(v1) > Container.detail(v2)) ? v1 : v2;
    }

    /** Orders lines by reliability, the most reliable first. */
    private static int rank(String hierarchy, String controllers) {
        return hierarchy.equals("0") && controllers.isEmpty()
                ? -1
                : List.of(controllers.split(",", -1)).stream()
                        .mapToInt(CONTROLLERS::indexOf)
                        .filter(index -> index >= 0)
                        .min()
                        .orElse(CONTROLLERS.size());
    }
}
