package dev.aioscope.daemon;

import dev.aioscope.inventory.Scan;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Hands the findings of each look to somebody who may take his time, on a thread of its own. */
public final class ScanFollower implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ScanFollower.class);

    private @Nullable Thread thread;

    /**
     * Begins to hand on; once only.
     *
     * @param latest the findings of the latest look; null before the first
     * @param interval how often to ask for them
     * @param to is given the same findings again if there are no newer ones
     */
    public void follow(Supplier<@Nullable Scan> latest, Supplier<Duration> interval, Consumer<Scan> to) {
        Thread made = new Thread(() -> handOn(latest, interval, to), "aioscope-looks");
        made.setDaemon(true);
        made.start();
        thread = made;
    }

    private static void handOn(Supplier<@Nullable Scan> latest, Supplier<Duration> interval, Consumer<Scan> to) {
        try {
            while (!Thread.currentThread().isInterrupted()) {
                hand(latest, to);
                TimeUnit.NANOSECONDS.sleep(interval.get().toNanos());
            }
        } catch (InterruptedException e) {
            // This is how it ends.
            Thread.currentThread().interrupt();
        }
    }

    private static void hand(Supplier<@Nullable Scan> latest, Consumer<Scan> to) {
        Scan view = latest.get();
        if (view == null) {
            return;
        }
        try {
            to.accept(view);
        } catch (RuntimeException e) {
            // The next look may go better.
            LOG.warn("The findings of a look could not be taken over: {}", e.toString());
        }
    }

    @Override
    public void close() {
        if (thread != null) {
            thread.interrupt();
        }
    }
}
