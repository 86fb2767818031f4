package dev.aioscope.kernel;

import com.sun.jna.platform.linux.ErrNo;
import java.lang.reflect.Field;
import java.util.HashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The errors of system calls by name: those of JNA's table, whose numbers are those of x86-64 and arm64. */
public final class Errno implements ErrNo {
    /** BPF and perf events return this error of the kernel's own, which no C library knows. */
    public static final int ENOTSUPP = 524;

    /** Errors that are the kernel's own (include/linux/errno.h): some calls return them all the same. */
    private static final Map<Integer, String> INTERNAL = Map.ofEntries(
            Map.entry(512, "ERESTARTSYS"),
            Map.entry(513, "ERESTARTNOINTR"),
            Map.entry(514, "ERESTARTNOHAND"),
            Map.entry(515, "ENOIOCTLCMD"),
            Map.entry(516, "ERESTART_RESTARTBLOCK"),
            Map.entry(517, "EPROBE_DEFER"),
            Map.entry(518, "EOPENSTALE"),
            Map.entry(519, "ENOPARAM"),
            Map.entry(521, "EBADHANDLE"),
            Map.entry(522, "ENOTSYNC"),
            Map.entry(523, "EBADCOOKIE"),
            Map.entry(ENOTSUPP, "ENOTSUPP"),
            Map.entry(525, "ETOOSMALL"),
            Map.entry(526, "ESERVERFAULT"),
            Map.entry(527, "EBADTYPE"),
            Map.entry(528, "EJUKEBOX"),
            Map.entry(529, "EIOCBQUEUED"),
            Map.entry(530, "ERECALLCONFLICT"),
            Map.entry(531, "ENOGRACE"));

    /** An error that a C library or libbpf does not know, with its number. */
    private static final Pattern UNKNOWN =
            Pattern.compile("(?:ERROR: strerror_r\\(-?(\\d{1,9})\\)=-?\\d+|[Uu]nknown error \\(?-?(\\d{1,9})\\)?)");

    private static final Map<Integer, String> NAMES = names();

    private Errno() {}

    private static Map<Integer, String> names() {
        Map<Integer, String> names = new HashMap<>(INTERNAL);
        try {
            for (Field field : ErrNo.class.getFields()) {
                names.put(field.getInt(null), field.getName());
            }
        } catch (IllegalAccessException e) {
            throw new IllegalStateException("cannot read the table of error names", e);
        }
        return Map.copyOf(names);
    }

    /** The name, or {@code errno 999} if there is none; {@code errno} is positive. */
    public static String name(int errno) {
        return NAMES.getOrDefault(errno, "errno " + errno);
    }

    /** The name with its meaning. */
    public static String describe(int errno) {
        return switch (errno) {
            case EPERM -> "EPERM (operation not permitted)";
            case EACCES -> "EACCES (permission denied)";
            case ENOENT -> "ENOENT (does not exist)";
            case E2BIG -> "E2BIG (too large)";
            case EINVAL -> "EINVAL (invalid argument)";
            case ENOMEM -> "ENOMEM (no memory, or RLIMIT_MEMLOCK too low)";
            case EOPNOTSUPP -> "EOPNOTSUPP (not supported)";
            case ENOTSUPP -> "ENOTSUPP (not supported by this kernel)";
            default -> name(errno) + (INTERNAL.containsKey(errno) ? " (an internal error of the kernel)" : "");
        };
    }

    /** The text of another library, with names for the errors that it does not know. */
    public static String withNames(String text) {
        return UNKNOWN.matcher(text).replaceAll(unknown -> {
            int errno = Integer.parseInt(unknown.group(1) != null ? unknown.group(1) : unknown.group(2));
            return Matcher.quoteReplacement(describe(errno));
        });
    }
}
