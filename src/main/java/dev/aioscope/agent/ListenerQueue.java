package dev.aioscope.agent;

import dev.aioscope.lifecycle.ForwardingListener;
import dev.aioscope.lifecycle.LifecycleListener;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Stands between the thread that reads events and a listener that may be slow: what does not fit is dropped and counted.
 * What comes from a recording can wait: then the listener is told at once, on the thread that reads.
 */
public final class ListenerQueue implements ForwardingListener, AutoCloseable {
    /** The last of the news. */
    private enum End implements Consumer<LifecycleListener> {
        END;

        @Override
        public void accept(LifecycleListener listener) {}
    }

    private static final long DRAIN_MILLIS = 500;

    private final BlockingQueue<Consumer<LifecycleListener>> queue;
    private final AtomicLong dropped = new AtomicLong();
    private final @Nullable LifecycleListener direct;
    private final @Nullable Thread thread;

    /** The same for what happens now, which does not wait. */
    public ListenerQueue(LifecycleListener to, int capacity) {
        this(to, capacity, false);
    }

    /**
     * Starts to hand on.
     *
     * @param to called on a thread of this queue, or on the caller's if that can wait
     * @param capacity how much may wait
     * @param waits whether the caller can wait for the listener instead
     */
    public ListenerQueue(LifecycleListener to, int capacity, boolean waits) {
        queue = new ArrayBlockingQueue<>(capacity);
        direct = waits ? to : null;
        thread = waits ? null : new Thread(() -> deliver(to), "aioscope-listener");
        if (thread != null) {
            thread.setDaemon(true);
            thread.start();
        }
    }

    @Override
    public void tell(Consumer<LifecycleListener> news) {
        if (direct != null) {
            news.accept(direct);
        } else if (!queue.offer(news)) {
            dropped.incrementAndGet();
        }
    }

    private void deliver(LifecycleListener to) {
        try {
            for (Consumer<LifecycleListener> news = queue.take(); news != End.END; news = queue.take()) {
                news.accept(to);
            }
        } catch (InterruptedException e) {
            // close() gave up on a listener that does not return.
            Thread.currentThread().interrupt();
        }
    }

    /** What the listener will never hear of. */
    public long dropped() {
        return dropped.get();
    }

    /** Hands on what is left, for half a second at most. */
    @Override
    public void close() {
        if (thread == null) {
            return;
        }
        try {
            if (queue.offer(End.END, DRAIN_MILLIS, TimeUnit.MILLISECONDS)) {
                thread.join(DRAIN_MILLIS);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        thread.interrupt();
    }
}
