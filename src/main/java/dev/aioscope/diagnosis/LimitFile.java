package dev.aioscope.diagnosis;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.PatternSyntaxException;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The file that sets fs.aio-max-nr at boot. Of several files the last by name wins; of two with the same name, the one in
 * the first directory replaces the other. systemd-sysctl and {@code sysctl --system} agree on this, except that only the
 * latter reads /etc/sysctl.conf, last.
 *
 * @param path of the file; null if no file sets it
 * @param line in the file
 * @param value in the file
 * @param isLast whether the file takes precedence over the fragment that aioscope suggests
 */
public record LimitFile(
        @Nullable String path, int line, @Nullable String value, boolean isLast) {
    private static final String KEY = "fs/aio-max-nr";
    private static final String NAME = "99-aio-max-nr.conf";
    private static final String FRAGMENT = "/etc/sysctl.d/" + NAME;
    private static final String CONF = "/etc/sysctl.conf";
    private static final LimitFile NONE = new LimitFile(null, 0, null, false);

    /** In descending priority. */
    private static final List<String> DIRECTORIES =
            List.of("/etc/sysctl.d", "/run/sysctl.d", "/usr/local/lib/sysctl.d", "/usr/lib/sysctl.d", "/lib/sysctl.d");

    /** Finds it on this host; in a container with the host's pid namespace, on the host. */
    public static LimitFile find() {
        Path host = Path.of("/proc/1/root/");
        try {
            return find(Files.isSameFile(Path.of("/"), host) ? Path.of("/") : host);
        } catch (IOException e) {
            return find(Path.of("/"));
        }
    }

    /** Finds it below another root. */
    static LimitFile find(Path root) {
        LimitFile explicit = null;
        LimitFile pattern = NONE;
        for (String file : files(root)) {
            List<String> lines = read(root, file);
            for (int i = 0; i < lines.size(); i++) {
                Assignment assignment = Assignment.of(lines.get(i));
                if (assignment.key.equals(KEY)) {
                    explicit = assignment.value == null ? NONE : of(file, i + 1, assignment.value);
                } else if (assignment.value != null && matches(assignment.key)) {
                    pattern = of(file, i + 1, assignment.value);
                }
            }
        }
        // A pattern does not apply to a key that a line names.
        return explicit == null ? pattern : explicit;
    }

    private static LimitFile of(String file, int line, String value) {
        String name = file.substring(file.lastIndexOf('/') + 1);
        return new LimitFile(file, line, value, file.equals(CONF) || name.compareTo(NAME) > 0);
    }

    /** A line of a file; without a value it excludes the key from patterns. */
    private record Assignment(String key, @Nullable String value) {
        static Assignment of(String line) {
            String text = line.strip();
            int equals = text.indexOf('=');
            if (text.startsWith("#") || text.startsWith(";") || (equals < 0 && !text.startsWith("-"))) {
                return new Assignment("", null);
            }
            String key = (equals < 0 ? text : text.substring(0, equals))
                    .replaceFirst("^-", "")
                    .strip();
            return new Assignment(
                    key.matches("[^/.]*\\..*") ? swapped(key) : key,
                    equals < 0 ? null : text.substring(equals + 1).strip());
        }

        /** Dots separate the parts of this key, so a slash in it means a dot. */
        private static String swapped(String key) {
            return key.replace('/', '\0').replace('.', '/').replace('\0', '.');
        }
    }

    private static boolean matches(String pattern) {
        try {
            return FileSystems.getDefault().getPathMatcher("glob:" + pattern).matches(Path.of(KEY));
        } catch (PatternSyntaxException e) {
            return false;
        }
    }

    /** The files in the order in which they apply. */
    private static List<String> files(Path root) {
        Map<String, String> byName = new TreeMap<>();
        for (String directory : DIRECTORIES) {
            Path path = below(root, directory);
            if (!Files.isReadable(path)) {
                continue;
            }
            try (Stream<Path> entries = Files.list(path)) {
                entries.filter(Files::exists)
                        .map(entry -> entry.getFileName().toString())
                        .filter(name -> name.endsWith(".conf") && !name.startsWith("."))
                        .forEach(name -> byName.putIfAbsent(name, directory + "/" + name));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        List<String> files = new ArrayList<>(byName.values());
        if (!Files.isDirectory(below(root, "/run/systemd/system"))) {
            files.add(CONF);
        }
        return files;
    }

    /** Its lines; none for a link to /dev/null, which masks files of the same name. */
    private static List<String> read(Path root, String file) {
        Path path = below(root, file);
        try {
            return Files.isRegularFile(path) ? Files.readAllLines(path, StandardCharsets.ISO_8859_1) : List.of();
        } catch (IOException e) {
            return List.of();
        }
    }

    private static Path below(Path root, String path) {
        return root.resolve(path.substring(1));
    }

    /** Where the limit comes from, as a clause. */
    public String origin() {
        return path == null
                ? "no sysctl.d file sets fs.aio-max-nr"
                : path + ", line " + line + ", sets fs.aio-max-nr to " + value;
    }

    /** The line to write for another limit. */
    public static String fragment(Object limit) {
        return "fs.aio-max-nr = " + limit;
    }

    /** Where to write it. */
    public String place() {
        return isLast ? "line " + line + " of " + path : FRAGMENT;
    }

    /** Where the limit comes from, and how to change it. */
    public String advice(Object limit) {
        return origin() + "; " + hint(limit);
    }

    /** How to change the limit now and for good, on one line. */
    public String hint(Object limit) {
        return "run sysctl -w fs.aio-max-nr=" + limit + "; to keep it, write '" + fragment(limit) + "' to " + place();
    }
}
