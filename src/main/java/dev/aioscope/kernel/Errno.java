package dev.aioscope.kernel;

import com.sun.jna.platform.linux.ErrNo;
import java.lang.reflect.Field;
import java.util.HashMap;
import java.util.Map;

/** The errors of system calls by name: those of JNA's table, whose numbers are those of x86-64 and arm64. */
public final class Errno implements ErrNo {
    /** The kernel's own number for "not supported" (include/linux/errno.h); bpf(2) and perf_event_open return it. */
    private static final int ENOTSUPP = 524;

    private static final Map<Integer, String> NAMES = names();

    private Errno() {}

    private static Map<Integer, String> names() {
        Map<Integer, String> names = new HashMap<>(Map.of(ENOTSUPP, "ENOTSUPP"));
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
            default -> name(errno);
        };
    }
}
