package dev.aioscope.host;

import dev.aioscope.kernel.HelperProcess;
import dev.aioscope.kernel.HelperProcess.EndedException;
import dev.aioscope.lifecycle.Context;
import dev.aioscope.lifecycle.LifecycleListener;
import dev.aioscope.lifecycle.Task;
import dev.aioscope.worker.Worker;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads the identity of each process once and keeps it after the process exits.
 *
 * <p>A reader of the command line of a dying process can become the last user of that process's address space and then
 * block on the process's requests. A helper process, {@link ProcessReader}, therefore does the reading, and is abandoned
 * if it hangs. As a listener, this class reads the owner of each new context and must run on a thread that may block.
 * Bounded, thread-safe.
 */
public final class Processes implements Identities, LifecycleListener, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Processes.class);

    /** Default number of processes kept. */
    public static final int DEFAULT_CAPACITY = 16_384;

    private static final Duration ANSWER_TIMEOUT = Duration.ofSeconds(3);
    private static final Duration START_TIMEOUT = Duration.ofSeconds(60);

    /** Rate limit: a quarter of the time, and 2 s in a row. */
    private static final int SHARE = 4;

    private static final long BURST_NANOS = 2_000_000_000L;

    private record IdentityKey(int pid, long start, long mm) {}

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

    private final @Nullable Class<?> reader;
    private final boolean hidesArguments;
    private final @Nullable TokenBucket budget;
    private final int capacity;
    private final Map<IdentityKey, Identity> known = new LinkedHashMap<>(16, 0.75f, true);
    private final AtomicLong unidentified = new AtomicLong();

    /** Fair, so that reporting a refusal does not wait for all other pending reads. */
    private final ReentrantLock helperLock = new ReentrantLock(true);

    private volatile Observer observer = (pid, start, mm, identity) -> {};
    private volatile @Nullable HelperProcess helper;
    private volatile boolean isBroken;
    private boolean isStarted;

    /** Uses this helper class, or none if null; without a rate limit if {@code clock} is null. */
    Processes(@Nullable Class<?> reader, boolean hidesArguments, @Nullable LongSupplier clock, int capacity) {
        this.reader = reader;
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
    public void start() {
        Worker.startOnce("identities", self -> startHelper());
    }

    private void startHelper() {
        helperLock.lock();
        try {
            open();
        } catch (IOException e) {
            fail(e);
        } finally {
            helperLock.unlock();
        }
    }

    @Override
    public void onSetup(Context context) {
        onFound(context);
    }

    @Override
    public void onFound(Context context) {
        if (context.owner() != null) {
            of(context.owner(), context.mm(), true);
        }
    }

    @Override
    public Identity of(Task task, long mm, boolean mayRead) {
        IdentityKey key = new IdentityKey(task.pid(), task.processStart(), mm);
        Identity identity = recall(key);
        if (identity != null || !mayRead) {
            return identity == null ? Identity.UNKNOWN : identity;
        }
        helperLock.lock();
        try {
            identity = recall(key);
            if (identity == null) {
                identity = readOnce(key);
            }
            return identity;
        } finally {
            helperLock.unlock();
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

    private Identity readOnce(IdentityKey key) {
        Identity identity = Identity.UNKNOWN;
        // Checking the directory does not touch the process's memory.
        if (reader != null && Files.exists(Path.of("/proc", Integer.toString(key.pid)))) {
            if (!isStarted) {
                startHelper(); // Not counted against the budget.
            }
            if (budget != null && !budget.isAvailable()) {
                unidentified.incrementAndGet();
                return identity; // A later call may read it.
            }
            identity = ask(key.pid, key.start);
            if (budget != null) {
                budget.consume();
            }
        }
        if (identity.equals(Identity.UNKNOWN)) {
            unidentified.incrementAndGet();
        } else {
            observer.onIdentity(key.pid, key.start, key.mm, identity);
        }
        remember(key.pid, key.start, key.mm, identity);
        return identity;
    }

    private Identity ask(int pid, long start) {
        String query = pid + " " + start;
        try {
            try {
                return ask(query);
            } catch (EndedException e) {
                // The helper exits when idle: start another one and retry once.
                discardHelper();
                return ask(query);
            }
        } catch (IOException e) {
            if (helper != null && !isBroken && !Thread.currentThread().isInterrupted()) {
                LOG.warn("cannot identify process {}: {}", pid, e.getMessage());
            }
            fail(e);
            return Identity.UNKNOWN;
        }
    }

    private Identity ask(String query) throws IOException {
        HelperProcess asked = open();
        return asked == null ? Identity.UNKNOWN : read(asked.ask(query, ANSWER_TIMEOUT));
    }

    private void discardHelper() {
        HelperProcess ended = helper;
        if (ended != null) {
            ended.close();
            helper = null;
        }
    }

    /** Starts the helper if necessary; null if it cannot be started. */
    private @Nullable HelperProcess open() throws IOException {
        HelperProcess opened = helper;
        Class<?> serves = reader;
        if (opened == null && !isBroken && serves != null) {
            isStarted = true;
            opened = new HelperProcess(serves, START_TIMEOUT);
            helper = opened;
            if (isBroken) {
                close(); // Closed meanwhile.
            }
        }
        return opened;
    }

    /** Replaces a helper that hangs, because it cannot be killed. Gives up if the helper does not start. */
    private void fail(IOException failure) {
        if (helper != null) {
            discardHelper();
        } else if (!isBroken) {
            isBroken = true;
            LOG.warn("cannot identify processes, executable and container stay unknown: {}", failure.getMessage());
        }
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
                CgroupPath.parse(fields.get(2)).orElse(null));
    }

    private static @Nullable String emptyToNull(String text) {
        return text.isEmpty() ? null : text;
    }

    /** Stops the helper, even during a read. Known identities stay available. */
    @Override
    public void close() {
        isBroken = true;
        HelperProcess opened = helper;
        if (opened != null) {
            opened.close();
        }
    }
}
