package dev.aioscope.worker;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Waits for the answers of another thread, which may not come. After one answer is missing, no caller waits until there is
 * an answer again, so an outage delays all callers together only once. Thread-safe.
 */
public final class Patience<T> {
    private final T fallback;
    private final long nanos;
    private volatile boolean isLate;

    /**
     * Creates a patience.
     *
     * @param longest the longest wait
     * @param fallback the result without an answer
     */
    public Patience(Duration longest, T fallback) {
        this.nanos = longest.toNanos();
        this.fallback = fallback;
    }

    /** The answer, or the fallback if it is late. */
    public T await(CompletableFuture<T> answer) {
        try {
            return answer.get(isLate ? 0 : nanos, TimeUnit.NANOSECONDS);
        } catch (TimeoutException e) {
            isLate = true;
            return fallback;
        } catch (ExecutionException e) {
            return fallback;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return fallback;
        }
    }

    /** Reports whether the source has answered. */
    public void report(boolean hasAnswered) {
        isLate = !hasAnswered;
    }
}
