package dev.aioscope.diagnosis;

import dev.aioscope.agent.ProbeSource;
import dev.aioscope.kernel.Aio;
import dev.aioscope.lifecycle.FailedCall;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.FileSystems;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Supplier;
import java.util.regex.PatternSyntaxException;
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
 * @param unread unreadable files and directories that could set it instead, with reasons; null if there are none
 */
public record LimitFile(
        @Nullable String path,
        int line,
        @Nullable String value,
        boolean isLast,
        @Nullable String unread) {
    private static final String KEY = "fs/aio-max-nr";
    private static final String NAME = "99-aio-max-nr.conf";
    private static final String FRAGMENT = "/etc/sysctl.d/" + NAME;
    private static final String CONF = "/etc/sysctl.conf";
    private static final LimitFile NONE = new LimitFile(null, 0, null, false, null);

    private static volatile @Nullable Reading latest;

    /** In descending priority. */
    private static final List<String> DIRECTORIES =
            List.of("/etc/sysctl.d", "/run/sysctl.d", "/usr/local/lib/sysctl.d", "/usr/lib/sysctl.d", "/lib/sysctl.d");

    /** Finds it among the host's files, also in a container that can reach them. */
    public static LimitFile find() {
        try {
            return find(HostFiles.open());
        } catch (IOException e) {
            return NONE.without(List.of(HostFiles.unreadable("/proc/1/root of the host", e)));
        }
    }

    /** Finds it for events of this source, null for a recording. Reads the files at most once per second; thread-safe. */
    public static Supplier<@Nullable LimitFile> of(ProbeSource source) {
        return () -> source.isRecording() ? null : latest();
    }

    private static LimitFile latest() {
        Reading last = latest;
        if (last == null || System.nanoTime() - last.time > 1_000_000_000) {
            last = new Reading(System.nanoTime(), find());
            latest = last;
        }
        return last.file;
    }

    private record Reading(long time, LimitFile file) {}

    /** Finds it among these files. */
    static LimitFile find(HostFiles host) {
        List<String> unread = new ArrayList<>();
        List<String> files = files(host, unread);
        List<String> unreadFiles = new ArrayList<>();
        LimitFile explicit = null;
        LimitFile pattern = NONE;
        for (String file : files) {
            List<String> lines = List.of();
            try {
                lines = host.lines(file);
            } catch (IOException e) {
                unreadFiles.add(HostFiles.unreadable(file, e));
            }
            for (int i = 0; i < lines.size(); i++) {
                Assignment assignment = Assignment.of(lines.get(i));
                if (assignment.key.equals(KEY)) {
                    explicit = assignment.value == null ? NONE : of(file, i + 1, assignment.value);
                    // The last file decides, whatever these contain.
                    unreadFiles.clear();
                } else if (assignment.value != null && matches(assignment.key)) {
                    pattern = of(file, i + 1, assignment.value);
                }
            }
        }
        unread.addAll(unreadFiles);
        // A pattern does not apply to a key that a line names.
        return (explicit == null ? pattern : explicit).without(unread);
    }

    private LimitFile without(List<String> files) {
        return new LimitFile(path, line, value, isLast, files.isEmpty() ? null : String.join(", ", files));
    }

    private static LimitFile of(String file, int line, String value) {
        String name = file.substring(file.lastIndexOf('/') + 1);
        return new LimitFile(file, line, value, file.equals(CONF) || name.compareTo(NAME) > 0, null);
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
    private static List<String> files(HostFiles host, List<String> unread) {
        Map<String, String> byName = new TreeMap<>();
        for (String directory : DIRECTORIES) {
            try {
                host.names(directory).stream()
                        .filter(name -> name.endsWith(".conf") && !name.startsWith("."))
                        .forEach(name -> byName.putIfAbsent(name, directory + "/" + name));
            } catch (IOException e) {
                unread.add(HostFiles.unreadable(directory, e));
            }
        }
        List<String> files = new ArrayList<>(byName.values());
        if (!host.hasDirectory("/run/systemd/system")) {
            files.add(CONF);
        }
        return files;
    }

    /** Where the limit comes from, as a clause. */
    public String origin() {
        if (path == null) {
            return unread == null
                    ? "no sysctl.d file sets fs.aio-max-nr"
                    : "cannot read " + unread + ", so the file that sets fs.aio-max-nr is unknown";
        }
        return path + ", line " + line + ", sets fs.aio-max-nr to " + value
                + (unread == null ? "" : ", unless a file sets it that is not readable: " + unread);
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

    /**
     * What would have helped a refused io_setup; null if unknown.
     *
     * @param find finds the file that sets the limit of this host; null for a recording
     */
    public static @Nullable String adviceAfter(FailedCall refusal, Supplier<@Nullable LimitFile> find) {
        if (refusal.isFiltered()) {
            return Aio.SECCOMP_HINT;
        }
        BigInteger needed = refusal.neededLimit();
        LimitFile file = needed == null ? null : find.get();
        return file == null || needed == null ? null : file.advice(needed);
    }

    /** How to change the limit now and for good, on one line. */
    public String hint(Object limit) {
        return "run sysctl -w fs.aio-max-nr=" + limit + "; to keep it, write '" + fragment(limit) + "' to " + place();
    }
}
