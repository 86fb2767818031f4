package dev.aioscope.daemon;

import dev.aioscope.lifecycle.LifecycleListener;
import dev.aioscope.lifecycle.Teardown;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;

/** Keeps the teardowns that ended last. Thread-safe. */
public final class RecentTeardowns implements LifecycleListener {
    private final int capacity;
    private final Deque<Teardown> latest = new ArrayDeque<>();

    /** Keeps at capacity {@code capacity} teardowns. */
    public RecentTeardowns(int capacity) {
        this.capacity = capacity;
    }

    @Override
    public synchronized void onTeardown(Teardown teardown) {
        if (latest.size() == capacity) {
            latest.removeLast();
        }
        latest.addFirst(teardown);
    }

    /** The teardowns, the latest first. */
    public synchronized List<Teardown> latest() {
        return List.copyOf(latest);
    }
}
