package dev.aioscope.probe.bpf;

import java.util.ArrayDeque;
import java.util.Deque;

/**
 * Releases what a constructor or factory has acquired so far if a later step fails, the latest first. An error of a release
 * does not prevent the others.
 */
public final class Rollback implements AutoCloseable {
    private final Deque<Runnable> releases = new ArrayDeque<>();

    /** Registers the release of a resource, right after its acquisition. */
    public void add(Runnable release) {
        releases.push(release);
    }

    /** Keeps all resources. Call it after the last step. */
    public void commit() {
        releases.clear();
    }

    @Override
    public void close() {
        if (!releases.isEmpty()) {
            try {
                releases.pop().run();
            } finally {
                close();
            }
        }
    }
}
