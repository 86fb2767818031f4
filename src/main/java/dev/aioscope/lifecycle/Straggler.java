package dev.aioscope.lifecycle;

import dev.aioscope.event.Event;
import dev.aioscope.event.Operation;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A request that completed while the teardown of its context was stuck.
 *
 * @param teardown what waited for it, as far as it is known
 * @param time when it completed, CLOCK_BOOTTIME ns
 * @param operation what it was to do
 * @param path of its file within its file system; null if it has no name, as a pipe
 * @param inode of its file
 * @param magic the number that tells the kind of its file system
 * @param major of the block device that it is, or that its file system is on; 0 for a file system without one
 * @param minor of the same
 * @param offset where in the file it began; null but for reads and writes
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

    /** Names that the probes can tell; there may be more above them. */
    private static final int MOST_NAMES = 8;

    static Straggler of(Event event, TeardownInProgress teardown) {
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

    /** How long its teardown had lasted, ns. */
    public long age() {
        return teardown.age(time);
    }

    /** The numbers of its device as sysfs has them. */
    public String device() {
        return major + ":" + minor;
    }

    private static @Nullable String path(List<String> names) {
        StringBuilder path = new StringBuilder();
        for (String name : names) {
            // The root of a file system is called so.
            if (!name.equals("/") && !name.isEmpty()) {
                path.insert(0, "/" + name);
            }
        }
        boolean isCut = names.size() == MOST_NAMES && !names.get(MOST_NAMES - 1).equals("/");
        return path.isEmpty() ? null : isCut ? "…" + path : path.toString();
    }
}
