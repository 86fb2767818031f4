package dev.aioscope.agent;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The end of a command that runs until a signal (SIGINT, SIGTERM), a limit, or a reader that is gone ends it. After a signal
 * the JVM waits for {@link #close}, but not forever. Thread-safe.
 */
public final class Shutdown implements AutoCloseable {
    private static final long PATIENCE_MILLIS = 3000;

    private final CountDownLatch closed = new CountDownLatch(1);
    private final Thread hook = new Thread(this::onSignal, "aioscope-shutdown");
    private @Nullable Runnable action;
    private boolean isRequested;

    /** Starts to listen for signals. */
    public Shutdown() {
        Runtime.getRuntime().addShutdownHook(hook);
    }

    /** Sets what makes the command return. Runs it at once if the end was requested already. */
    public synchronized void onRequest(Runnable stop) {
        action = stop;
        if (isRequested) {
            stop.run();
        }
    }

    /** Asks the command to return. Any thread may call it. */
    public synchronized void request() {
        isRequested = true;
        if (action != null) {
            action.run();
        }
    }

    private void onSignal() {
        request();
        try {
            if (!closed.await(PATIENCE_MILLIS, TimeUnit.MILLISECONDS)) {
                return;
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Lets the JVM exit: the command has ended. */
    @Override
    public void close() {
        synchronized (this) {
            action = null;
        }
        closed.countDown();
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException e) {
            // The JVM is shutting down, so the hook runs already.
        }
    }
}
