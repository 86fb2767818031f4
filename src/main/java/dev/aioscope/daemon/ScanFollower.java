package dev.aioscope.daemon;

import dev.aioscope.inventory.Scan;
import dev.aioscope.worker.Worker;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Passes the latest scan to a consumer on a separate worker, so the consumer may be slow. */
final class ScanFollower implements AutoCloseable {
    private final Worker worker;

    /**
     * Starts to follow.
     *
     * @param latest the latest scan; null before the first
     * @param interval how often to ask for it
     * @param consumer receives the same scan again if there is no newer one
     */
    ScanFollower(Supplier<@Nullable Scan> latest, Supplier<Duration> interval, Consumer<Scan> consumer) {
        worker = Worker.start("scan-follower", self -> {
            Scan scan = latest.get();
            if (scan != null) {
                consumer.accept(scan);
            }
            self.idle();
            TimeUnit.NANOSECONDS.sleep(interval.get().toNanos());
        });
    }

    @Override
    public void close() {
        worker.close();
    }
}
