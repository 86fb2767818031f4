package dev.aioscope.worker;

import java.time.Duration;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Waits for the answers of another thread, which may not come. After one answer is missing, no caller waits until there is
 * an answer again, so an outage delays all callers together only once. Thread-safe.
 */
public final class Patience<T> {
    private static final long SHORT_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

    private final T fallback;
    private final Set<CompletableFuture<T>> awaited = ConcurrentHashMap.newKeySet();
    private volatile long nanos;
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
    @SuppressWarnings("CollectionUndefinedEquality") // Each answer is equal only to itself.
    public T await(CompletableFuture<T> answer) {
        awaited.add(answer);
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
        } finally {
            awaited.remove(answer);
        }
    }

    /** Reports whether the source has answered. */
    public void report(boolean hasAnswered) {
        isLate = !hasAnswered;
    }

    /** Ends all current waits and shortens later ones, as the caller is about to exit. */
    public void hurry() {
        nanos = Math.min(nanos, SHORT_NANOS);
        awaited.forEach(answer -> answer.complete(fallback));
    }
}
