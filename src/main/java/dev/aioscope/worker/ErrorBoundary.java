package dev.aioscope.worker;

import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Contains the failures of work, on any thread: counts them by the name of the work and logs them at most once a minute.
 * An {@link OutOfMemoryError} ends the process with status 1. Thread-safe.
 */
public final class ErrorBoundary {
    /** How long work may take, and how long it may fail without a success, before it counts as faulty. */
    static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(30);

    private static final long LOG_INTERVAL_NANOS = TimeUnit.MINUTES.toNanos(1);
    private static final Map<String, ErrorBoundary> ALL = new ConcurrentHashMap<>();

    /** Tests replace it to make the next work of a name fail. */
    static volatile Consumer<String> beforeWork = name -> {};

    /**
     * Failures without a success between them.
     *
     * @param begin of the first, and {@code end} of the last, {@link System#nanoTime}
     */
    private record Streak(long begin, long end, String reason) {}

    private final String name;
    private final Map<Thread, Long> busySince = new ConcurrentHashMap<>();
    private volatile @Nullable Streak streak;
    private volatile long failures;
    private @Nullable Long lastLogged;

    /** Loaded at the first failure: a helper process starts faster without a log. */
    private static final class Log {
        static final Logger LOG = LoggerFactory.getLogger(Worker.class);
    }

    private ErrorBoundary(String name) {
        this.name = name;
    }

    /**
     * The boundary of this name.
     *
     * @param name a noun for logs, health and the metric, such as {@code listener}
     */
    public static ErrorBoundary of(String name) {
        return ALL.computeIfAbsent(name, ErrorBoundary::new);
    }

    /** The number of failures so far, by name. */
    public static Map<String, Long> failures() {
        Map<String, Long> failures = new TreeMap<>();
        ALL.forEach((name, boundary) -> failures.put(name, boundary.failures));
        return failures;
    }

    /** Does work on the calling thread. */
    public void run(Runnable work) {
        call(
                () -> {
                    work.run();
                    return true;
                },
                failure -> false);
    }

    /** Does work on the calling thread and returns its result, or that of {@code otherwise} if it fails. */
    public <T> T call(Supplier<T> work, Function<Throwable, T> otherwise) {
        busySince.put(Thread.currentThread(), System.nanoTime());
        try {
            enter();
            T result = work.get();
            succeed();
            return result;
        } catch (Throwable e) {
            fail(e, System.nanoTime());
            return otherwise.apply(e);
        } finally {
            busySince.remove(Thread.currentThread());
        }
    }

    /** Precedes each piece of work. */
    void enter() {
        beforeWork.accept(name);
    }

    void succeed() {
        if (streak != null) {
            streak = null;
        }
    }

    /** Counts the failure of work that repeats: it counts as faulty if it never succeeds again. */
    void fail(Throwable failure, long now) {
        count(failure, now);
        Streak before = streak;
        streak = new Streak(before == null ? now : before.begin, now, failure.toString());
    }

    /** Counts the failure of work that does not repeat. */
    synchronized void count(Throwable failure, long now) {
        haltIfOutOfMemory(failure);
        failures++;
        if (lastLogged == null || now - lastLogged >= LOG_INTERVAL_NANOS) {
            lastLogged = now;
            Log.LOG.warn("Worker {} failed; failures so far: {}", name, failures, failure);
        }
    }

    /** A heap without room cannot be trusted; systemd starts the daemon again. */
    private static void haltIfOutOfMemory(Throwable failure) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof OutOfMemoryError) {
                try {
                    System.err.println("aioscope: out of memory");
                } finally {
                    Runtime.getRuntime().halt(1);
                }
            }
        }
    }

    /** Why each faulty work is faulty. */
    static Stream<String> faults(long now) {
        return ALL.values().stream().flatMap(boundary -> boundary.fault(now).stream());
    }

    private Optional<String> fault(long now) {
        Streak failing = streak;
        // Not up to now: work that has failed once may have nothing to do since.
        if (failing != null && failing.end - failing.begin > PATIENCE_NANOS) {
            return Optional.of("worker " + name + " has failed for " + seconds(failing.end - failing.begin) + ": "
                    + failing.reason);
        }
        return busySince.values().stream()
                .filter(since -> now - since > PATIENCE_NANOS)
                .findFirst()
                .map(since -> unfinished(name, now - since));
    }

    static String unfinished(String name, long nanos) {
        return "worker " + name + " has not finished a step for " + seconds(nanos);
    }

    private static String seconds(long nanos) {
        return TimeUnit.NANOSECONDS.toSeconds(nanos) + " s";
    }
}
