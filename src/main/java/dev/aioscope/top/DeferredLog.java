package dev.aioscope.top;

import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.jspecify.annotations.Nullable;

/** Holds back log messages while a full-screen view is open. {@link #close} writes the last hundred of them. */
public final class DeferredLog extends Handler implements AutoCloseable {
    private static final int MAX_MESSAGES = 100;
    private static final int SECONDS_SHOWN = 10;

    private final Logger root = Logger.getLogger("");
    private final List<Handler> others = List.copyOf(Arrays.asList(root.getHandlers()));
    private final Deque<LogRecord> held = new ArrayDeque<>();
    private @Nullable LogRecord last;
    private long lastNanos;

    /** Replaces the handlers of the root logger. */
    public DeferredLog() {
        others.forEach(root::removeHandler);
        root.addHandler(this);
    }

    @Override
    public synchronized void publish(LogRecord message) {
        last = message;
        lastNanos = System.nanoTime();
        held.addLast(message);
        if (held.size() > MAX_MESSAGES) {
            held.removeFirst();
        }
    }

    /** The latest message if it is less than 10 s old, else an empty string. */
    synchronized String latest() {
        return last == null || System.nanoTime() - lastNanos > TimeUnit.SECONDS.toNanos(SECONDS_SHOWN)
                ? ""
                : String.valueOf(last.getMessage());
    }

    @Override
    public void flush() {}

    @Override
    public synchronized void close() {
        root.removeHandler(this);
        others.forEach(root::addHandler);
        held.forEach(root::log);
        held.clear();
    }
}
