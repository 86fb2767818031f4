package dev.aioscope.cli;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The end of a command that runs until it is told to stop: by SIGINT or SIGTERM, by a limit, or because nobody reads its
 * output any more. After a signal the JVM waits for {@link #close}, though not for ever.
 */
final class Shutdown implements AutoCloseable {
    private static final long PATIENCE_MILLIS = 3000;

    private final CountDownLatch closed = new CountDownLatch(1);
    private final Thread hook = new Thread(this::onSignal, "aioscope-stop");
    private @Nullable Runnable action;
    private boolean requested;

    /** Begins to listen for signals. */
    Shutdown() {
        Runtime.getRuntime().addShutdownHook(hook);
    }

    /** What makes the command return; at once if it was asked for already. */
    synchronized void onRequest(Runnable stop) {
        action = stop;
        if (requested) {
            stop.run();
        }
    }

    /** Asks the command to return; from any thread. */
    synchronized void request() {
        requested = true;
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

    /** The command is done: the JVM may go. */
    @Override
    public void close() {
        synchronized (this) {
            action = null;
        }
        closed.countDown();
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException e) {
            // A signal came: the hook is under way.
        }
    }
}
