package dev.aioscope.worker;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A named thread of the agent, with an error boundary, a beat and an orderly stop. A step that fails is counted, logged at
 * most once a minute, and followed by the next step, so no failure ends the thread. Every worker registers itself, so
 * {@link #faults} misses none. Thread-safe.
 */
public final class Worker implements AutoCloseable {
    /** A worker that keeps failing must not spin; one that fails now and then must not lose time. */
    private static final int FAILURES_WITHOUT_PAUSE = 3;

    private static final long MAX_PAUSE_MILLIS = 1000;
    private static final Set<Worker> ALL = ConcurrentHashMap.newKeySet();

    private final String name;
    private final ErrorBoundary boundary;
    private final boolean mayBlock;
    private volatile @Nullable Thread thread;

    /** {@link System#nanoTime} when the current step began; null while the worker waits for work. */
    private volatile @Nullable Long busySince;

    private volatile String ending = "";
    private int failuresInRow;

    /** One unit of work. An {@link InterruptedException} stops the worker. */
    @FunctionalInterface
    public interface Step {
        /** Does the work; calls {@link Worker#idle} before it waits for more and {@link Worker#busy} after. */
        void run(Worker worker) throws Exception;
    }

    private Worker(String name, boolean mayBlock) {
        this(name, ErrorBoundary.of(name), mayBlock);
    }

    private Worker(String name, ErrorBoundary boundary, boolean mayBlock) {
        this.name = name;
        this.boundary = boundary;
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
        return startOnce(name, step, failure -> {});
    }

    /** Computes a value on a separate thread. A failure counts like any, and completes the future. */
    public static <T> CompletableFuture<T> supply(String name, Callable<T> supplier) {
        CompletableFuture<T> result = new CompletableFuture<>();
        startOnce(name, self -> result.complete(supplier.call()), result::completeExceptionally);
        return result;
    }

    private static Worker startOnce(String name, Step step, Consumer<Throwable> onFailure) {
        Worker worker = new Worker(name, true);
        return start(worker, () -> worker.runOnce(step, onFailure));
    }

    private static Worker start(Worker worker, BooleanSupplier condition, Step step) {
        return start(worker, () -> worker.repeat(condition, step));
    }

    private static Worker start(Worker worker, Runnable body) {
        Thread made = new Thread(() -> worker.occupy(body), "aioscope-" + worker.name);
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

    /**
     * Makes the threads of a pool. The pool replaces a thread that a task has ended, so that is a failure and not a fault.
     */
    public static ThreadFactory factory(String name) {
        ErrorBoundary boundary = ErrorBoundary.of(name);
        return tasks -> {
            Thread made = new Thread(() -> serve(boundary, tasks), "aioscope-" + name);
            made.setDaemon(true);
            return made;
        };
    }

    private static void serve(ErrorBoundary boundary, Runnable tasks) {
        try {
            tasks.run();
        } catch (Throwable e) {
            boundary.count(e, System.nanoTime());
        }
    }

    /**
     * Counts the failures that end other threads of this JVM, those of libraries. Such a thread is a fault from then on
     * unless a pool replaces it.
     */
    public static void watchLibraries() {
        ErrorBoundary boundary = ErrorBoundary.of("library");
        Thread.setDefaultUncaughtExceptionHandler((thread, failure) -> {
            boundary.count(failure, System.nanoTime());
            if (Arrays.stream(failure.getStackTrace()).noneMatch(Worker::isPool)) {
                Worker ended = new Worker(thread.getName(), boundary, true);
                ended.thread = thread;
                ended.ending = failure.toString();
                ALL.add(ended);
            }
        });
    }

    private static boolean isPool(StackTraceElement frame) {
        return frame.getClassName().equals(ThreadPoolExecutor.class.getName());
    }

    private void occupy(Runnable body) {
        try {
            body.run();
            ALL.remove(this);
        } catch (Throwable e) { // The worker stays registered: it ended unexpectedly.
            ending = e.toString();
            boundary.count(e, System.nanoTime());
        }
    }

    private void repeat(BooleanSupplier condition, Step step) {
        while (condition.getAsBoolean() && !Thread.currentThread().isInterrupted() && attempt(step)) {
            // The condition does the work.
        }
        busySince = null;
        boundary.succeed(); // A worker that has stopped is not faulty.
    }

    private void runOnce(Step step, Consumer<Throwable> onFailure) {
        try {
            busy();
            step.run(this);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            onFailure.accept(e);
        } catch (Throwable e) {
            boundary.count(e, System.nanoTime());
            onFailure.accept(e);
        }
    }

    /** Whether the worker can continue. */
    private boolean attempt(Step step) {
        try {
            busy();
            step.run(this);
            failuresInRow = 0;
            boundary.succeed();
            return true;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        } catch (Throwable e) {
            failuresInRow++;
            boundary.fail(e, System.nanoTime());
            return pause();
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

    /** Marks the start of work; a long step calls it again to show that it advances. */
    public void busy() {
        busySince = System.nanoTime();
        boundary.enter();
    }

    /** Marks the start of a wait for work, which may take any time. */
    public void idle() {
        busySince = null;
    }

    /** Asks the step to end by interrupting it. Returns at once; {@link #join} waits. */
    @Override
    public void close() {
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
        return Stream.concat(ALL.stream().flatMap(worker -> worker.fault(now).stream()), ErrorBoundary.faults(now))
                .sorted()
                .toList();
    }

    private Optional<String> fault(long now) {
        Thread running = thread;
        Long busy = busySince;
        if (running != null && running.getState() == Thread.State.TERMINATED) {
            return Optional.of("worker " + name + " has ended: " + ending);
        }
        if (!mayBlock && busy != null && now - busy > ErrorBoundary.PATIENCE_NANOS) {
            return Optional.of(ErrorBoundary.unfinished(name, now - busy));
        }
        return Optional.empty();
    }
}
