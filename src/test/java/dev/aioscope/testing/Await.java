package dev.aioscope.testing;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;

/** Waits for a condition and fails when a deadline passes. */
public final class Await {
    /** Ends a test that hangs; no statement about how fast anything is. */
    public static final Duration LIMIT = Duration.ofMinutes(5);

    private static final long PAUSE_MILLIS = 50;

    /** A condition; an exception ends the wait. */
    @FunctionalInterface
    public interface Condition<E extends Exception> {
        boolean isMet() throws E;
    }

    /** Reads a value; an exception ends the wait. */
    @FunctionalInterface
    public interface ValueReader<T, E extends Exception> {
        T read() throws E;
    }

    private Await() {}

    /** Waits at most {@link #LIMIT} until a condition is met. */
    public static <E extends Exception> void until(String what, Condition<E> condition) throws E {
        value(what, condition::isMet, isMet -> isMet);
    }

    /** Waits at most {@link #LIMIT} for an accepted value and returns it. */
    public static <T, E extends Exception> T value(
            String what, ValueReader<? extends T, E> reader, Predicate<? super T> isAccepted) throws E {
        return value(what, LIMIT, reader, isAccepted);
    }

    /**
     * Waits for an accepted value and returns it.
     *
     * @throws AssertionError with the last value when the limit has passed
     */
    public static <T, E extends Exception> T value(
            String what, Duration limit, ValueReader<? extends T, E> reader, Predicate<? super T> isAccepted) throws E {
        long begin = System.nanoTime();
        T value = reader.read();
        while (!isAccepted.test(value)) {
            if (System.nanoTime() - begin > limit.toNanos()) {
                throw new AssertionError("waited " + limit.toSeconds() + " s for " + what + ", last value: " + value);
            }
            pause();
            value = reader.read();
        }
        return value;
    }

    private static void pause() {
        try {
            TimeUnit.MILLISECONDS.sleep(PAUSE_MILLIS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }
}
