package dev.aioscope.agent;

import dev.aioscope.lifecycle.ForwardingListener;
import dev.aioscope.lifecycle.LifecycleListener;
import dev.aioscope.worker.Worker;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A bounded queue between the thread that reads events and a listener that may be slow. The queue drops and counts events
 * that do not fit. Events of a recording can wait, so they reach the listener directly on the reading thread.
 */
public final class ListenerQueue implements ForwardingListener, AutoCloseable {
    private static final long DRAIN_MILLIS = 500;

    private final BlockingQueue<Consumer<LifecycleListener>> queue;
    private final AtomicLong dropped = new AtomicLong();
    private final @Nullable LifecycleListener direct;
    private final @Nullable Worker worker;
    private volatile boolean isClosed;

    /** Starts a queue for the worker {@code listener} that drops what does not fit. */
    public ListenerQueue(LifecycleListener listener, int capacity) {
        this(listener, capacity, false);
    }

    /** Starts a queue for the worker {@code listener}. */
    public ListenerQueue(LifecycleListener listener, int capacity, boolean canWait) {
        this("listener", listener, capacity, canWait);
    }

    /**
     * Starts a queue.
     *
     * @param name of its worker
     * @param listener called on the queue's worker, or on the caller's thread if that can wait
     * @param capacity maximum number of queued events
     * @param canWait whether the caller can wait for the listener
     */
    ListenerQueue(String name, LifecycleListener listener, int capacity, boolean canWait) {
        queue = new ArrayBlockingQueue<>(capacity);
        direct = canWait ? listener : null;
        worker = canWait ? null : Worker.start(name, self -> deliver(self, listener));
    }

    @Override
    public void forward(Consumer<LifecycleListener> delivery) {
        if (direct != null) {
            delivery.accept(direct);
        } else if (!queue.offer(delivery)) {
            dropped.incrementAndGet();
        }
    }

    private void deliver(Worker self, LifecycleListener listener) throws InterruptedException {
        self.idle();
        Consumer<LifecycleListener> event = isClosed ? queue.poll() : queue.take();
        if (event == null) {
            throw new InterruptedException("closed and empty");
        }
        self.busy();
        event.accept(listener);
    }

    /** Number of events that the queue dropped. */
    public long dropped() {
        return dropped.get();
    }

    /** Delivers the queued events for up to a second, then drops and counts the rest. */
    @Override
    public void close() {
        if (worker == null) {
            return;
        }
        isClosed = true;
        Consumer<LifecycleListener> end = listener -> {};
        try {
            // Wakes a worker that waits for an event.
            if (queue.offer(end, DRAIN_MILLIS, TimeUnit.MILLISECONDS)) {
                worker.join(DRAIN_MILLIS);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        worker.close();
        dropped.addAndGet(queue.stream().filter(event -> event != end).count());
    }
}
