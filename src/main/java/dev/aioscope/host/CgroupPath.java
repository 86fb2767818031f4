package dev.aioscope.host;

import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Chooses the cgroup of a process that says most about its container: a line of {@code /proc/PID/cgroup}. */
public final class CgroupPath {
    /** On cgroup v1, the hierarchies of these controllers follow containers; the most reliable one is first. */
    private static final List<String> CONTROLLERS = List.of("memory", "pids", "cpu", "devices", "name=systemd");

    private static final Pattern PARENTS = Pattern.compile("^(?:/\\.\\.)+(?=/|$)");

    /** Replaces the outermost names where they are missing. */
    private static final String CUT = "…";

    /** The controllers whose hierarchy the probes look for, in this order. */
    private static final List<String> V1_OF_RECORDS = List.of("memory", "pids", "cpu", "devices", "freezer");

    /** How the line of cgroup v2 begins. */
    private static final String V2 = "0::";

    private CgroupPath() {}

    /** The path in a line; a path remains as it is. */
    public static String of(String line) {
        String[] parts = line.split(":", 3);
        return parts.length == 3 && !parts[0].contains("/") ? parts[2] : line;
    }

    /**
     * Makes a line of a path that a record has for cgroup v1.
     *
     * @param hierarchies {@code /proc/cgroups}: name, hierarchy, and further columns of each controller; empty if unknown
     */
    public static Function<String, String> linesOfV1(String hierarchies) {
        List<String[]> controllers = hierarchies
                .lines()
                .map(line -> line.split("\t", -1))
                .filter(columns -> columns.length > 1)
                .toList();
        return V1_OF_RECORDS.stream()
                .flatMap(name -> controllers.stream().filter(columns -> columns[0].equals(name)))
                .map(columns -> columns[1])
                .filter(hierarchy -> !hierarchy.equals("0"))
                .findFirst()
                .map(hierarchy -> controllers.stream()
                        .filter(columns -> columns[1].equals(hierarchy))
                        .map(columns -> columns[0])
                        .collect(Collectors.joining(",", hierarchy + ":", ":")))
                .map(prefix -> (Function<String, String>) prefix::concat)
                .orElse(Function.identity());
    }

    /** The line of a path in cgroup v2. */
    public static String lineOfV2(String path) {
        return V2 + path;
    }

    /**
     * The line of {@code /proc/PID/cgroup} that says most.
     *
     * @param text lines of {@code hierarchy:controllers:path}; other lines are ignored
     * @return empty if the text has no path
     */
    public static Optional<String> parse(String text) {
        return List.of(text.split("\n", -1)).stream()
                .map(line -> line.split(":", 3))
                .filter(parts -> parts.length == 3 && parts[2].startsWith("/"))
                .sorted(Comparator.comparingInt(parts -> rank(parts[0], parts[1])))
                .map(parts -> new String[] {parts[0], parts[1], fromRoot(parts[2])})
                .filter(parts -> !parts[2].isEmpty())
                .map(parts -> String.join(":", parts))
                .reduce(CgroupPath::choose);
    }

    /** A reader in a cgroup namespace sees paths from its own cgroup, so that the outermost names are missing. */
    private static String fromRoot(String path) {
        String rest = PARENTS.matcher(path).replaceFirst("");
        return rest.equals(path) || rest.isEmpty() ? rest : CUT + rest;
    }

    /**
     * The line or path that says most: a container before a unit, a unit before none, and else the first. On a hybrid host, the
     * v2 path can name the unit of the container's runtime.
     *
     * @param v2 path in the cgroup v2 hierarchy; null if there is none
     * @param v1 path in the hierarchy of a cgroup v1 controller; null if there is none
     * @return null if there is neither
     */
    public static @Nullable String choose(@Nullable String v2, @Nullable String v1) {
        return v2 == null || (v1 != null && Container.detail(of(v1)) > Container.detail(of(v2))) ? v1 : v2;
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
