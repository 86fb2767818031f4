package dev.aioscope.probe.proc;

import java.util.HashMap;
import java.util.Map;

/**
 * Finds the owner of each ring: the eldest process that maps it. Up to 6.18 a forked child also maps the ring of its parent,
 * without a context. The result of a scan counts in the next one, where the owner may have unmapped its ring and wait in
 * io_destroy while its child still maps it. Of processes that share memory (clone with CLONE_VM alone) the eldest is the
 * owner.
 */
final class Owners {
    /**
     * A process that maps a ring.
     *
     * @param start its start, CLOCK_BOOTTIME ns
     */
    record Owner(int pid, long start) {
        private Owner older(Owner other) {
            return start < other.start || (start == other.start && pid <= other.pid) ? this : other;
        }
    }

    private Map<Long, Owner> before = Map.of();
    private Map<Long, Owner> now = new HashMap<>();

    /** Begins the next scan. */
    void beginScan() {
        before = now;
        now = new HashMap<>();
    }

    /** Adds a process that maps the ring with this inode. */
    void add(long inode, Owner found) {
        Owner older = found.older(before.getOrDefault(inode, found));
        now.merge(inode, older, Owner::older);
    }

    /** Whether this process owns the ring; valid after all processes of the scan were added. */
    boolean owns(long inode, Owner found) {
        return found.equals(now.get(inode));
    }
}
