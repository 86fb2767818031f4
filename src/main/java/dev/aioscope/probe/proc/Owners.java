package dev.aioscope.probe.proc;

import java.util.HashMap;
import java.util.Map;

/**
 * Whose each ring is. Up to 6.18 a forked child has the ring of its parent in its memory too, though it has no context:
 * of all that show a ring the eldest process has made it. What a look tells is kept for the next one, where the owner may
 * have unmapped its ring and sit in io_destroy, while its child still shows it. Of processes that share their memory
 * without being one (clone with CLONE_VM alone) the eldest stands for all.
 */
final class Owners {
    /**
     * A process that shows a ring.
     *
     * @param start when it began, CLOCK_BOOTTIME ns
     */
    record Owner(int pid, long start) {
        private Owner elder(Owner other) {
            return start < other.start || (start == other.start && pid <= other.pid) ? this : other;
        }
    }

    private Map<Long, Owner> before = Map.of();
    private Map<Long, Owner> now = new HashMap<>();

    /** Begins the next look. */
    void beginScan() {
        before = now;
        now = new HashMap<>();
    }

    /** Takes one of the processes that show the ring with this inode. */
    void add(long inode, Owner found) {
        Owner elder = found.elder(before.getOrDefault(inode, found));
        now.merge(inode, elder, Owner::elder);
    }

    /** Whether the ring is this process's own, after all of the look were added. */
    boolean owns(long inode, Owner found) {
        return found.equals(now.get(inode));
    }
}
