package dev.aioscope.agent;

import dev.aioscope.host.Processes;
import dev.aioscope.lifecycle.Context;
import dev.aioscope.lifecycle.ForwardingListener;
import dev.aioscope.lifecycle.LifecycleListener;
import java.util.function.Consumer;

/**
 * Has each process looked at as soon as a context of it is seen, so that it can be named after its end. A thread of its
 * own does it: whoever reads or tells events does not wait.
 */
public final class IdentityCollector implements ForwardingListener, AutoCloseable {
    private static final int WAITING = 16_384;

    private final ListenerQueue queue;
    private final Processes processes;
    private final LifecycleListener next;

    /** Hands all news on to {@code next}, and those of new contexts to {@code processes}, which the caller prepares and closes. */
    public IdentityCollector(Processes processes, LifecycleListener next) {
        this.processes = processes;
        this.next = next;
        this.queue = new ListenerQueue(processes, WAITING);
    }

    @Override
    public void onSetup(Context context) {
        if (!processes.knows(context)) {
            queue.onSetup(context);
        }
        next.onSetup(context);
    }

    @Override
    public void onFound(Context context) {
        if (!processes.knows(context)) {
            queue.onFound(context);
        }
        next.onFound(context);
    }

    @Override
    public void tell(Consumer<LifecycleListener> news) {
        news.accept(next);
    }

    /** How often a process was to be looked at and was not: it had ended, or there were too many. */
    public long unidentified() {
        return processes.unidentified() + queue.dropped();
    }

    /** ScanFollower at those that are waiting, for half a second at most. */
    @Override
    public void close() {
        queue.close();
    }
}
