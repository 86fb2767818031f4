package dev.aioscope.agent;

import dev.aioscope.host.Processes;
import dev.aioscope.lifecycle.Context;
import dev.aioscope.lifecycle.ForwardingListener;
import dev.aioscope.lifecycle.LifecycleListener;
import java.util.List;
import java.util.function.Consumer;

/**
 * Identifies each process at its first context, so that its name is known after it exits. A separate queue does the
 * work, so neither the reader nor a listener waits.
 */
public final class IdentityCollector implements ForwardingListener, AutoCloseable {
    private static final int CAPACITY = 16_384;

    private final ListenerQueue queue;
    private final Processes processes;
    private final LifecycleListener next;

    /** Forwards all events to {@code next}, and new contexts to {@code processes}, which the caller starts and closes. */
    public IdentityCollector(Processes processes, LifecycleListener next) {
        this.processes = processes;
        this.next = next;
        this.queue = new ListenerQueue("identities", processes, CAPACITY, false);
    }

    @Override
    public void onSetup(Context context) {
        if (!processes.isKnown(context)) {
            queue.onSetup(context);
        }
        next.onSetup(context);
    }

    @Override
    public void onFound(Context context) {
        if (!processes.isKnown(context)) {
            queue.onFound(context);
        }
        next.onFound(context);
    }

    @Override
    public void forward(Consumer<LifecycleListener> delivery) {
        delivery.accept(next);
    }

    /** Number of processes without an identity: the process had ended, or too many were queued. */
    public long unidentified() {
        return processes.unidentified() + queue.dropped();
    }

    /** How often the helper that reads processes did not start or did not answer. */
    public long helperFailures() {
        return processes.helperFailures();
    }

    /** Why processes cannot be identified at present; empty if they can. */
    public List<String> remarks() {
        return processes.fault().stream()
                .map(fault -> fault + " (hint: see the log; new processes stay without a name meanwhile)")
                .toList();
    }

    /** Identifies the queued processes for up to a second, then stops. Listeners no longer wait for a name. */
    @Override
    public void close() {
        queue.close();
        processes.hurry();
    }
}
