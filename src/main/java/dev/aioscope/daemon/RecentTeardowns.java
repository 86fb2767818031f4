package dev.aioscope.daemon;

import dev.aioscope.lifecycle.LifecycleListener;
import dev.aioscope.lifecycle.Teardown;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;

/** Remembers the teardowns that ended last. */
public final class RecentTeardowns implements LifecycleListener {
    private final int most;
    private final Deque<Teardown> latest = new ArrayDeque<>();

    /** Remembers that many. */
    public RecentTeardowns(int most) {
        this.most = most;
    }

    @Override
    public synchronized void onTeardown(Teardown teardown) {
        if (latest.size() == most) {
            latest.removeLast();
        }
        latest.addFirst(teardown);
    }

    /** The latest first. */
    public synchronized List<Teardown> latest() {
        return List.copyOf(latest);
    }
}
