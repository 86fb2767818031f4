package dev.aioscope.host;

import dev.aioscope.kernel.HelperProcess;
import dev.aioscope.kernel.HelperProcess.EndedException;
import dev.aioscope.kernel.RestartingHelper;
import dev.aioscope.kernel.RestartingHelper.UnavailableException;
import dev.aioscope.lifecycle.Context;
import dev.aioscope.lifecycle.LifecycleListener;
import dev.aioscope.lifecycle.Task;
import dev.aioscope.worker.Patience;
import dev.aioscope.worker.Worker;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Reads the identity of each process once and keeps it after the process exits.
 *
 * <p>A reader of the command line of a dying process can become the last user of that process's address space and then
 * block on the process's requests. A helper process, {@link ProcessReader}, therefore does the reading, and is abandoned
 * if it hangs. A caller of a rate-limited instance does not wait for a helper that does not answer; it finds the identity
 * later. As a listener, this class reads the owner of each new context and must run on a thread that may block. Bounded,
 * thread-safe.
 */
public final class Processes implements Identities, LifecycleListener, AutoCloseable {
    /** Default number of processes kept. */
    public static final int DEFAULT_CAPACITY = 16_384;

    private static final Duration ANSWER_TIMEOUT = Duration.ofSeconds(3);
    private static final Duration START_TIMEOUT = Duration.ofSeconds(20);

    /** How long an event waits for a name: a start of the helper on a busy host. */
    private static final Duration EVENT_PATIENCE = Duration.ofSeconds(5);

    private static final int MAX_REQUESTS = 256;

    /** Rate limit: a quarter of the time, and 2 s in a row. */
    private static final int SHARE = 4;

    private static final long BURST_NANOS = 2_000_000_000L;

    private record IdentityKey(int pid, long start, long mm) {}

    private record IdentityRequest(IdentityKey key, CompletableFuture<Identity> answer) {}

    /** Receives each identity that was read, on the thread that asked for it. */
    public interface Observer {
        /**
         * A process was identified.
         *
         * @param start start of the process, CLOCK_BOOTTIME ns
         * @param mm the kernel's address of its {@code struct mm_struct}
         */
        void onIdentity(int pid, long start, long mm, Identity identity);
    }

    private final @Nullable RestartingHelper helper;
    private final boolean hidesArguments;
    private final @Nullable TokenBucket budget;
    private final int capacity;
    private final Map<IdentityKey, Identity> known = new LinkedHashMap<>(16, 0.75f, true);
    private final AtomicLong unidentified = new AtomicLong();

    private final BlockingQueue<IdentityRequest> requests = new ArrayBlockingQueue<>(MAX_REQUESTS);
    /** Each request ends in a limited time. */
    private final Patience<Identity> outcome = new Patience<>(Duration.ofDays(1), Identity.UNKNOWN);

    private final Patience<Identity> patience = new Patience<>(EVENT_PATIENCE, Identity.UNKNOWN);

    private volatile Observer observer = (pid, start, mm, identity) -> {};
    private volatile boolean isClosed;
    private @Nullable Worker worker;
    private boolean isStarted;

    /** Uses this helper class, or none if null; without a rate limit if {@code clock} is null. */
    Processes(@Nullable Class<?> reader, boolean hidesArguments, @Nullable LongSupplier clock, int capacity) {
        this.helper = reader == null
                ? null
                : new RestartingHelper(
                        "identify processes",
                        () -> HelperProcess.start(reader, START_TIMEOUT),
                        ANSWER_TIMEOUT,
                        System::nanoTime);
        this.hidesArguments = hidesArguments;
        this.capacity = capacity;
        this.budget = clock == null ? null : new TokenBucket(clock, BURST_NANOS, SHARE);
    }

    /**
     * Reads every process, however long that takes.
     *
     * @param hidesArguments whether to keep only the program of each command line, because arguments can contain secrets
     */
    public static Processes unlimited(boolean hidesArguments) {
        return new Processes(ProcessReader.class, hidesArguments, null, DEFAULT_CAPACITY);
    }

    /**
     * Spends at most a quarter of the time on reading, so that thousands of short-lived processes do not delay the caller.
     *
     * @param hidesArguments as in {@link #unlimited}
     * @param capacity number of processes kept
     */
    public static Processes rateLimited(boolean hidesArguments, int capacity) {
        return new Processes(ProcessReader.class, hidesArguments, System::nanoTime, capacity);
    }

    /**
     * Reads no process and returns only identities passed to {@link #remember}, such as those of a recording.
     *
     * @param hidesArguments as in {@link #unlimited}
     */
    public static Processes fromRecording(boolean hidesArguments) {
        return new Processes(null, hidesArguments, null, DEFAULT_CAPACITY);
    }

    /** Replaces the observer. */
    public void setObserver(Observer newObserver) {
        observer = newObserver;
    }

    /** Starts the helper in the background, so that the first read does not wait for it. */
    public synchronized void start() {
        RestartingHelper asked = helper;
        if (worker == null && asked != null && !isClosed) {
            worker = Worker.startBlocking("process-reader", self -> serve(self, asked));
        }
    }

    @Override
    public void onSetup(Context context) {
        onFound(context);
    }

    @Override
    public void onFound(Context context) {
        if (context.owner() != null) {
            of(key(context.owner(), context.mm()), true, true);
        }
    }

    @Override
    public Identity of(Task task, long mm, boolean mayRead) {
        return of(key(task, mm), mayRead, budget == null);
    }

    private static IdentityKey key(Task task, long mm) {
        return new IdentityKey(task.pid(), task.processStart(), mm);
    }

    /** Waits for the outcome of each read if patient. */
    private Identity of(IdentityKey key, boolean mayRead, boolean isPatient) {
        Identity identity = recall(key);
        if (identity != null || !mayRead || helper == null) {
            return identity == null ? Identity.UNKNOWN : identity;
        }
        start();
        IdentityRequest request = new IdentityRequest(key, new CompletableFuture<>());
        if (!requests.offer(request)) {
            unidentified.incrementAndGet();
            return Identity.UNKNOWN;
        }
        if (isClosed) {
            request.answer.complete(Identity.UNKNOWN);
        }
        return (isPatient ? outcome : patience).await(request.answer);
    }

    private void serve(Worker self, RestartingHelper asked) throws InterruptedException {
        if (!isStarted) {
            isStarted = true;
            asked.start(); // Not counted against the budget.
        }
        self.idle();
        IdentityRequest request = requests.take();
        self.busy();
        try {
            Identity identity = recall(request.key);
            request.answer.complete(identity == null ? readOnce(request.key, asked) : identity);
        } finally {
            request.answer.complete(Identity.UNKNOWN); // After a failure.
        }
    }

    /** Whether the owner of this context was read already or does not exist. Never blocks. */
    public boolean isKnown(Context context) {
        Task owner = context.owner();
        return owner == null || recall(new IdentityKey(owner.pid(), owner.processStart(), context.mm())) != null;
    }

    /** How often a process could not be identified: it had exited, or the rate limit was reached. */
    public long unidentified() {
        return unidentified.get();
    }

    private @Nullable Identity recall(IdentityKey key) {
        synchronized (known) {
            return known.get(key);
        }
    }

    /** Adds an identity from another source; for the parameters see {@link Observer#onIdentity}. */
    public void remember(int pid, long start, long mm, Identity found) {
        Identity identity = hidesArguments ? found.withoutArguments() : found;
        synchronized (known) {
            known.put(new IdentityKey(pid, start, mm), identity);
            known.put(new IdentityKey(pid, start, 0), identity);
            // Each process has two keys.
            while (known.size() > 2L * capacity) {
                known.remove(known.keySet().iterator().next());
            }
        }
    }

    private Identity readOnce(IdentityKey key, RestartingHelper asked) {
        // Checking the directory does not touch the process's memory.
        boolean exists = Files.exists(Path.of("/proc", Integer.toString(key.pid)));
        if (exists && budget != null && !budget.isAvailable()) {
            unidentified.incrementAndGet();
            return Identity.UNKNOWN; // A later call may read it.
        }
        Identity identity = Identity.UNKNOWN;
        if (exists) {
            identity = ask(key, asked);
        } else {
            remember(key.pid, key.start, key.mm, identity);
        }
        if (exists && budget != null) {
            budget.consume();
        }
        if (identity.equals(Identity.UNKNOWN)) {
            unidentified.incrementAndGet();
        } else {
            observer.onIdentity(key.pid, key.start, key.mm, identity);
        }
        return identity;
    }

    /** Asks the helper once about each process: one that makes it hang or crash would do so again. */
    private Identity ask(IdentityKey key, RestartingHelper asked) {
        Identity identity = Identity.UNKNOWN;
        try {
            identity = read(asked.ask(key.pid + " " + key.start));
            patience.report(true);
        } catch (UnavailableException e) {
            patience.report(false);
            return identity; // A later call may read it.
        } catch (EndedException e) {
            // It crashed, which delays nobody.
        } catch (IOException e) {
            patience.report(false);
        }
        remember(key.pid, key.start, key.mm, identity);
        return identity;
    }

    private Identity read(String answer) {
        Identity identity = parse(answer);
        return hidesArguments ? identity.withoutArguments() : identity;
    }

    /** Parses an answer of {@link ProcessReader}; a malformed one gives {@link Identity#UNKNOWN}. */
    static Identity parse(String answer) {
        List<String> fields = new ArrayList<>();
        for (String field : answer.split("\t", -1)) {
            fields.add(ProcessReader.unescape(field));
        }
        if (fields.size() < 3) {
            return Identity.UNKNOWN;
        }
        return new Identity(
                emptyToNull(fields.get(0)),
                fields.subList(3, fields.size()),
                false,
                emptyToNull(fields.get(1)),
                CgroupPath.parse(fields.get(2)).orElse(null),
                Namespaces.HOST);
    }

    private static @Nullable String emptyToNull(String text) {
        return text.isEmpty() ? null : text;
    }

    /** How often the helper did not start or did not answer. */
    public long helperFailures() {
        return helper == null ? 0 : helper.failures();
    }

    /** Why processes cannot be identified at present; empty if they can. */
    public Optional<String> fault() {
        return helper == null ? Optional.empty() : helper.fault();
    }

    /** Ends the waits of callers; later ones are short. */
    public void hurry() {
        patience.hurry();
    }

    /** Stops the helper, even during a read. Known identities stay available. */
    @Override
    public synchronized void close() {
        isClosed = true;
        if (worker != null) {
            worker.close();
        }
        if (helper != null) {
            helper.close();
        }
        for (IdentityRequest left = requests.poll(); left != null; left = requests.poll()) {
            left.answer.complete(Identity.UNKNOWN);
        }
    }
}
