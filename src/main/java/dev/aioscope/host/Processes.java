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
 * The identities of processes, each looked at once and remembered after its end. To read the command line of a process
 * that dies meanwhile can make the reader wait for that process's requests: so a {@link ProcessReader} does it, which is
 * left behind if it hangs. As a listener, on a thread that may wait, it looks at each process that is heard of. Bounded,
 * thread-safe.
 */
public final class Processes implements Identities, LifecycleListener, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Processes.class);
    /** How many are remembered if nothing else is said. */
    public static final int MOST = 16_384;

    private static final Duration PATIENCE = Duration.ofSeconds(3);
    private static final Duration PATIENCE_AT_START = Duration.ofSeconds(60);
    private static final int SHARE = 4;
    private static final long SAVED_UP = 2_000_000_000L;

    private record Key(int pid, long start, long mm) {}

    /** Is told of each process that could be identified, on the thread that asked. */
    public interface Observer {
        /** With when it began, CLOCK_BOOTTIME ns, and the address of its {@code struct mm_struct}. */
        void onIdentity(int pid, long start, long mm, Identity identity);
    }

    private final @Nullable Class<?> reader;
    private final boolean hidesArguments;
    private final @Nullable TokenBucket allowance;
    private final int most;
    private final Map<Key, Identity> known = new LinkedHashMap<>(16, 0.75f, true);
    private final AtomicLong unidentified = new AtomicLong();

    /** Fair: who tells of a refusal does not wait for all the others that are to be looked at. */
    private final ReentrantLock asking = new ReentrantLock(true);

    private volatile Observer observer = (pid, start, mm, identity) -> {};
    private volatile @Nullable HelperProcess helper;
    private volatile boolean isBroken;
    private boolean isStarted;

    /** With another reader, or none, and without an allowance if {@code clock} is null. */
    Processes(@Nullable Class<?> reader, boolean hidesArguments, @Nullable LongSupplier clock, int most) {
        this.reader = reader;
        this.hidesArguments = hidesArguments;
        this.most = most;
        this.allowance = clock == null ? null : new TokenBucket(clock, SAVED_UP, SHARE);
    }

    /**
     * For one who waits for all answers.
     *
     * @param hidesArguments whether of command lines only the program is kept: secrets can stand in the rest
     */
    public static Processes patient(boolean hidesArguments) {
        return new Processes(ProcessReader.class, hidesArguments, null, MOST);
    }

    /**
     * For one who watches: a quarter of the time at most is spent on looking, so that thousands of short-lived processes
     * do not hold it up.
     *
     * @param hidesArguments as in {@link #patient}
     * @param most how many are remembered
     */
    public static Processes sparing(boolean hidesArguments, int most) {
        return new Processes(ProcessReader.class, hidesArguments, System::nanoTime, most);
    }

    /**
     * For processes of another host or another time: knows those that it is told of by {@link #remember}.
     *
     * @param hidesArguments as in {@link #patient}
     */
    public static Processes recalling(boolean hidesArguments) {
        return new Processes(null, hidesArguments, null, MOST);
    }

    /** Has this one told of what is found from now on. */
    public void tell(Observer to) {
        observer = to;
    }

    /** Gets ready on a thread of its own, so that the first look does not wait for all of it. */
    public void prepare() {
        Worker.startOnce("identities", self -> start());
    }

    private void start() {
        asking.lock();
        try {
            open();
        } catch (IOException e) {
            fail(e);
        } finally {
            asking.unlock();
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
    public Identity of(Task task, long mm, boolean mayLook) {
        Key key = new Key(task.pid(), task.processStart(), mm);
        Identity identity = recall(key);
        if (identity != null || !mayLook) {
            return identity == null ? Identity.UNKNOWN : identity;
        }
        asking.lock();
        try {
            identity = recall(key);
            if (identity == null) {
                identity = look(key);
            }
            return identity;
        } finally {
            asking.unlock();
        }
    }

    /** Whether there is no need to look at the owner of this context: that has been done, or there is none. Returns at once. */
    public boolean knows(Context context) {
        Task owner = context.owner();
        return owner == null || recall(new Key(owner.pid(), owner.processStart(), context.mm())) != null;
    }

    /** How often a process was to be looked at and was not: it had ended, or there were too many. */
    public long unidentified() {
        return unidentified.get();
    }

    private @Nullable Identity recall(Key key) {
        synchronized (known) {
            return known.get(key);
        }
    }

    /** Takes over what somebody else has found; the arguments are as {@link Observer#onIdentity} has them. */
    public void remember(int pid, long start, long mm, Identity found) {
        Identity identity = hidesArguments ? found.cut() : found;
        synchronized (known) {
            known.put(new Key(pid, start, mm), identity);
            known.put(new Key(pid, start, 0), identity);
            // Each has these two keys.
            while (known.size() > 2L * most) {
                known.remove(known.keySet().iterator().next());
            }
        }
    }

    private Identity look(Key key) {
        Identity identity = Identity.UNKNOWN;
        // To see whether the folder is there touches nothing of the process.
        if (reader != null && Files.exists(Path.of("/proc", Integer.toString(key.pid)))) {
            if (!isStarted) {
                start(); // Which is not a look and can take its time.
            }
            if (allowance != null && !allowance.isLeft()) {
                unidentified.incrementAndGet();
                return identity; // There can be time for it later.
            }
            identity = ask(key.pid, key.start);
            if (allowance != null) {
                allowance.spend();
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
        String question = pid + " " + start;
        try {
            try {
                return ask(question);
            } catch (EndedException e) {
                // It had nothing to do for long: another one is asked, once.
                forget();
                return ask(question);
            }
        } catch (IOException e) {
            if (helper != null && !isBroken && !Thread.currentThread().isInterrupted()) {
                LOG.warn("Process {} stays without executable and container: {}", pid, e.getMessage());
            }
            fail(e);
            return Identity.UNKNOWN;
        }
    }

    private Identity ask(String question) throws IOException {
        HelperProcess asked = open();
        return asked == null ? Identity.UNKNOWN : read(asked.ask(question, PATIENCE));
    }

    private void forget() {
        HelperProcess ended = helper;
        if (ended != null) {
            ended.close();
            helper = null;
        }
    }

    /** The helper; null if there is none to be had. */
    private @Nullable HelperProcess open() throws IOException {
        HelperProcess opened = helper;
        Class<?> serves = reader;
        if (opened == null && !isBroken && serves != null) {
            isStarted = true;
            opened = new HelperProcess(serves, PATIENCE_AT_START);
            helper = opened;
            if (isBroken) {
                close(); // Too late.
            }
        }
        return opened;
    }

    /** One that hangs cannot be killed; the next question gets another. One that does not even start never will. */
    private void fail(IOException failure) {
        if (helper != null) {
            forget();
        } else if (!isBroken) {
            isBroken = true;
            LOG.warn("Processes stay without executable and container: {}", failure.getMessage());
        }
    }

    private Identity read(String answer) {
        Identity identity = parse(answer);
        return hidesArguments ? identity.cut() : identity;
    }

    /** Reads an answer of {@link ProcessReader}; one that is not as it should be tells nothing. */
    static Identity parse(String answer) {
        List<String> fields = new ArrayList<>();
        for (String field : answer.split("\t", -1)) {
            fields.add(ProcessReader.unescape(field));
        }
        if (fields.size() < 3) {
            return Identity.UNKNOWN;
        }
        return new Identity(
                presence(fields.get(0)),
                fields.subList(3, fields.size()),
                false,
                presence(fields.get(1)),
                CgroupPath.path(fields.get(2)).orElse(null));
    }

    private static @Nullable String presence(String text) {
        return text.isEmpty() ? null : text;
    }

    /** Ends the helper, even one that is asked just now. What is known stays. */
    @Override
    public void close() {
        isBroken = true;
        HelperProcess opened = helper;
        if (opened != null) {
            opened.close();
        }
    }
}
