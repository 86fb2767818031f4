package dev.aioscope.worker;

import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A named thread of the agent, with an error boundary, a beat and an orderly stop. A step that fails is counted, logged at
 * most once a minute, and followed by the next step, so no failure ends the thread. Every worker registers itself, so
 * {@link #faults} misses none. Thread-safe.
 */
public final class Worker implements AutoCloseable {
    /** How long a step may take, and how long steps may fail in a row, before the worker counts as faulty. */
    public static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(30);

    private static final long LOG_INTERVAL_NANOS = TimeUnit.MINUTES.toNanos(1);
    /** A worker that keeps failing must not spin; one that fails now and then must not lose time. */
    private static final int FAILURES_WITHOUT_PAUSE = 3;

    private static final long MAX_PAUSE_MILLIS = 1000;
    private static final Set<Worker> ALL = ConcurrentHashMap.newKeySet();

    private final String name;
    private final boolean mayBlock;
    private volatile @Nullable Thread thread;
    private volatile boolean isStopping;

    /** {@link System#nanoTime} when the current step began; null while the worker waits for work. */
    private volatile @Nullable Long busySince;

    private volatile @Nullable Long failingSince;
    private volatile String lastFailure = "";
    private final AtomicLong failures = new AtomicLong();
    private int failuresInRow;
    private @Nullable Long lastLogged;

    /** Loaded at the first failure: a helper process starts faster without a log. */
    private static final class Log {
        static final Logger LOG = LoggerFactory.getLogger(Worker.class);
    }

    /** One unit of work. An {@link InterruptedException} stops the worker. */
    @FunctionalInterface
    public interface Step {
        /** Does the work; calls {@link Worker#idle} before it waits for more and {@link Worker#busy} after. */
        void run(Worker worker) throws Exception;
    }

    private Worker(String name, boolean mayBlock) {
        this.name = name;
        this.mayBlock = mayBlock;
    }

    /**
     * Starts a thread that repeats a step until {@link #close}.
     *
     * @param name a noun for logs and health, such as {@code listener}
     */
    public static Worker start(String name, Step step) {
        return start(new Worker(name, false), () -> true, step);
    }

    /** Starts a thread like {@link #start} whose steps may block on a disk or a process for any time. */
    public static Worker startBlocking(String name, Step step) {
        return start(new Worker(name, true), () -> true, step);
    }

    /** Starts a thread that runs a step once and ends. */
    public static Worker startOnce(String name, Step step) {
        Worker worker = new Worker(name, true);
        return start(worker, () -> !worker.isStopping, made -> {
            made.isStopping = true;
            step.run(made);
        });
    }

    private static Worker start(Worker worker, BooleanSupplier condition, Step step) {
        Thread made = new Thread(() -> worker.occupy(() -> worker.repeat(condition, step)), "aioscope-" + worker.name);
        made.setDaemon(true);
        worker.thread = made;
        ALL.add(worker);
        made.start();
        return worker;
    }

    /** Repeats a step on the calling thread while the condition is true, until an interrupt. */
    public static void run(String name, BooleanSupplier condition, Step step) {
        Worker worker = new Worker(name, false);
        worker.thread = Thread.currentThread();
        ALL.add(worker);
        try {
            worker.repeat(condition, step);
        } finally {
            ALL.remove(worker);
        }
    }

    /** Makes the threads of a pool, which replaces one that a task has ended. */
    public static ThreadFactory factory(String name) {
        return tasks -> {
            Worker worker = new Worker(name, true);
            Thread made = new Thread(() -> worker.serve(tasks), "aioscope-" + name);
            made.setDaemon(true);
            return made;
        };
    }

    private void serve(Runnable tasks) {
        try {
            tasks.run();
        } catch (OutOfMemoryError e) {
            halt();
        } catch (Throwable e) {
            fail(e);
        }
    }

    private void occupy(Runnable body) {
        try {
            body.run();
            ALL.remove(this);
        } catch (Throwable e) { // The worker stays registered: it ended unexpectedly.
            fail(e);
        }
    }

    private void repeat(BooleanSupplier condition, Step step) {
        while (condition.getAsBoolean() && !Thread.currentThread().isInterrupted() && attempt(step)) {
            // The condition does the work.
        }
        busySince = null;
    }

    /** Whether the worker can continue. */
    private boolean attempt(Step step) {
        try {
            busy();
            step.run(this);
            failuresInRow = 0;
            failingSince = null;
            return true;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        } catch (OutOfMemoryError e) {
            halt();
            return false;
        } catch (Throwable e) {
            fail(e);
            return pause();
        }
    }

    private void fail(Throwable failure) {
        long now = System.nanoTime();
        failures.incrementAndGet();
        failuresInRow++;
        lastFailure = failure.toString();
        if (failingSince == null) {
            failingSince = now;
        }
        if (lastLogged == null || now - lastLogged >= LOG_INTERVAL_NANOS) {
            lastLogged = now;
            Log.LOG.warn("Worker {} failed and continues; failures so far: {}", name, failures, failure);
        }
    }

    private boolean pause() {
        int excess = failuresInRow - FAILURES_WITHOUT_PAUSE;
        if (excess <= 0) {
            return true;
        }
        try {
            TimeUnit.MILLISECONDS.sleep(Math.min(MAX_PAUSE_MILLIS, 1L << Math.min(excess, 10)));
            return true;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    /** A heap without room cannot be trusted; systemd starts the daemon again. */
    private static void halt() {
        System.err.println("aioscope: out of memory");
        Runtime.getRuntime().halt(1);
    }

    /** Marks the start of work; a long step calls it again to show that it advances. */
    public void busy() {
        busySince = System.nanoTime();
    }

    /** Marks the start of a wait for work, which may take any time. */
    public void idle() {
        busySince = null;
    }

    /** How many steps have failed. */
    public long failures() {
        return failures.get();
    }

    /** Asks the step to end by interrupting it. Returns at once; {@link #join} waits. */
    @Override
    public void close() {
        isStopping = true;
        Thread running = thread;
        if (running != null) {
            running.interrupt();
        }
    }

    /** Waits for the end of the thread. */
    public void join() {
        join(0);
    }

    /** Waits for the end of the thread; 0 for as long as that takes. Returns false if it has not ended within this time. */
    public boolean join(long millis) {
        Thread running = thread;
        if (running == null) {
            return true;
        }
        try {
            running.join(millis);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        return !running.isAlive();
    }

    /** Why each faulty worker is faulty; empty if all work. */
    public static List<String> faults() {
        long now = System.nanoTime();
        return ALL.stream()
                .flatMap(worker -> worker.fault(now).stream())
                .sorted()
                .toList();
    }

    private Optional<String> fault(long now) {
        Thread running = thread;
        Long busy = busySince;
        Long failing = failingSince;
        if (running != null && !running.isAlive() && running.getState() == Thread.State.TERMINATED) {
            return Optional.of("worker " + name + " has ended: " + lastFailure);
        }
        if (failing != null && now - failing > PATIENCE_NANOS) {
            return Optional.of("worker " + name + " has failed for " + TimeUnit.NANOSECONDS.toSeconds(now - failing)
                    + " s: " + lastFailure);
        }
        if (!mayBlock && busy != null && now - busy > PATIENCE_NANOS) {
            return Optional.of("worker " + name + " has not finished a step for "
                    + TimeUnit.NANOSECONDS.toSeconds(now - busy) + " s");
        }
        return Optional.empty();
    }
}
