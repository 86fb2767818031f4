package dev.aioscope.lifecycle;

import dev.aioscope.event.Operation;
import dev.aioscope.event.StragglerEvent;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A request that completed while the teardown of its context was stuck.
 *
 * @param teardown the stuck teardown
 * @param time when the request completed, CLOCK_BOOTTIME ns
 * @param operation its operation
 * @param path path of its file in the file system; null for a file without a name, such as a pipe
 * @param inode inode of its file, unsigned
 * @param magic magic number of its file system
 * @param major major number of the block device, or of the one that holds the file system; 0 if there is none
 * @param minor minor number of the same
 * @param offset file offset; null except for reads and writes
 * @param result bytes, or a negative errno
 */
public record Straggler(
        TeardownInProgress teardown,
        long time,
        Operation operation,
        @Nullable String path,
        long inode,
        long magic,
        int major,
        int minor,
        @Nullable Long offset,
        long result) {
    private static final int MINOR_BITS = 20;

    /** The most path components that a record holds. */
    private static final int MOST_NAMES = 8;

    static Straggler of(StragglerEvent event, TeardownInProgress teardown) {
        return new Straggler(
                teardown,
                event.time(),
                event.operation(),
                path(event.names()),
                event.inode(),
                event.magic(),
                event.device() >>> MINOR_BITS,
                event.device() & ((1 << MINOR_BITS) - 1),
                Absent.u64(event.offset()),
                event.result());
    }

    /** How long the teardown had lasted, ns. */
    public long age() {
        return teardown.age(time);
    }

    /** The device numbers in the format of sysfs. */
    public String device() {
        return major + ":" + minor;
    }

    private static @Nullable String path(List<String> names) {
        StringBuilder path = new StringBuilder();
        for (String name : names) {
            // "/" is the name of the root of a file system.
            if (!name.equals("/") && !name.isEmpty()) {
                path.insert(0, "/" + name);
            }
        }
        boolean isCut = names.size() == MOST_NAMES && !names.get(MOST_NAMES - 1).equals("/");
        return path.isEmpty() ? null : isCut ? "…" + path : path.toString();
    }
}
