package dev.aioscope.agent;

import dev.aioscope.lifecycle.ForwardingListener;
import dev.aioscope.lifecycle.LifecycleListener;
import dev.aioscope.worker.ErrorBoundary;
import java.util.function.Consumer;

/**
 * Passes each report to a listener. A failure of the listener costs it that report, and neither the caller nor the other
 * listeners anything.
 */
public record GuardedListener(ErrorBoundary boundary, LifecycleListener listener) implements ForwardingListener {
    /**
     * Guards a listener.
     *
     * @param name under which its failures count
     */
    public static GuardedListener of(String name, LifecycleListener listener) {
        return new GuardedListener(ErrorBoundary.of(name), listener);
    }

    @Override
    public void forward(Consumer<LifecycleListener> report) {
        boundary.run(() -> report.accept(listener));
    }
}
