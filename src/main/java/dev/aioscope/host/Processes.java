package dev.aioscope.host;

import dev.aioscope.kernel.Host;
import dev.aioscope.kernel.Libc;
import dev.aioscope.kernel.RestartingHelper.UnavailableException;
import dev.aioscope.lifecycle.Task;
import dev.aioscope.worker.Worker;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * The identities of processes, kept after these exit. They come from the kernel's records, and for what these lack from
 * {@link #read}. Bounded, thread-safe.
 */
public final class Processes implements Identities, AutoCloseable {
    /** Default number of processes kept. */
    public static final int DEFAULT_CAPACITY = 16_384;

    /** The total length of the texts of all processes; most are far shorter than a command line may be. */
    private static final long MAX_CHARACTERS = 8_000_000;

    private static final int MAX_WAITING = 16_384;

    /** The latest programs of a process that are kept. */
    private static final int MAX_PROGRAMS = 8;

    /**
     * A process with one program.
     *
     * @param start CLOCK_BOOTTIME, ns; 0 if unknown
     * @param mm the kernel's address of its {@code struct mm_struct}; 0 for the latest program
     */
    public record IdentityKey(int pid, long start, long mm) {
        /** The process of a thread. */
        public static IdentityKey of(Task task, long mm) {
            return new IdentityKey(task.pid(), task.processStart(), mm);
        }

        private IdentityKey ofLatest() {
            return new IdentityKey(pid, start, 0);
        }
    }

    /**
     * A program of a process; an exec replaces it.
     *
     * @param mm the kernel's address of its {@code struct mm_struct}; 0 if unknown
     * @param earlier the one before it
     */
    private record ProgramHistory(
            long mm, Identity identity, @Nullable ProgramHistory earlier) {
        @Nullable ProgramHistory find(long wanted) {
            return mm == wanted ? this : earlier == null ? null : earlier.find(wanted);
        }

        /** The programs after this identity was found: of one of them, or of a later one. */
        ProgramHistory with(long found, Identity foundIdentity) {
            if (found == 0 || mm == 0 || mm == found) {
                return new ProgramHistory(found == 0 ? mm : found, foundIdentity, earlier);
            }
            return earlier != null && earlier.find(found) != null
                    ? new ProgramHistory(mm, identity, earlier.with(found, foundIdentity))
                    : new ProgramHistory(found, foundIdentity, latest(MAX_PROGRAMS - 1));
        }

        private ProgramHistory latest(int count) {
            return earlier == null
                    ? this
                    : new ProgramHistory(mm, identity, count == 1 ? null : earlier.latest(count - 1));
        }

        ProgramHistory rename(UnaryOperator<Identity> renamed) {
            return new ProgramHistory(mm, renamed.apply(identity), earlier == null ? null : earlier.rename(renamed));
        }

        /** Without user and group, whose names can arrive later. */
        long characters() {
            long sum = identity.arguments().stream().mapToLong(String::length).sum()
                    + length(identity.executable())
                    + length(identity.cgroupLine());
            return earlier == null ? sum : sum + earlier.characters();
        }
    }

    /** Receives each new identity, on the thread that found it. */
    public interface Observer {
        /** A process was identified, or more of it is known now. */
        void onIdentity(IdentityKey process, Identity identity);
    }

    private final @Nullable ProcessReader reader;
    private final boolean hidesArguments;
    private final int capacity;
    private final Function<String, String> cgroupV1Lines;

    /** By process. */
    private final Map<IdentityKey, ProgramHistory> known = new LinkedHashMap<>(16, 0.75f, true);

    private final IdentityInterner interner = new IdentityInterner();
    private long characters;
    private final AccountNames users = AccountNames.ofHost(
            Path.of("/etc/passwd"),
            Libc::userName,
            (number, name) -> rename(number, Identity::user, identity -> identity.withUser(name)));
    private final AccountNames groups = AccountNames.ofHost(
            Path.of("/etc/group"),
            Libc::groupName,
            (number, name) -> rename(number, Identity::group, identity -> identity.withGroup(name)));
    private final ContainerNames containers;
    private final AtomicLong unidentified = new AtomicLong();
    private final BlockingQueue<IdentityKey> waiting = new ArrayBlockingQueue<>(MAX_WAITING);

    /** Those that the reader could not be asked about. */
    private final BlockingQueue<IdentityKey> postponed = new ArrayBlockingQueue<>(MAX_WAITING);

    private volatile Observer observer = (process, identity) -> {};

    /** Whether a worker reads the processes of the queue. */
    private boolean isReading;

    Processes(@Nullable ProcessReader reader, boolean hidesArguments, int capacity) {
        this(reader, hidesArguments, capacity, ContainerNames.DIRECTORY);
    }

    /** Uses another directory of links, for tests. */
    Processes(@Nullable ProcessReader reader, boolean hidesArguments, int capacity, Path containerLinks) {
        this.reader = reader;
        this.hidesArguments = hidesArguments;
        this.capacity = capacity;
        this.cgroupV1Lines = CgroupPath.linesOfV1(
                reader == null ? "" : Host.read("/proc/cgroups").orElse(""));
        this.containers = new ContainerNames(containerLinks, this::onNames);
    }

    /**
     * Knows no process of this host yet.
     *
     * @param hidesArguments whether to keep only the program of each command line, because arguments can contain secrets
     * @param capacity number of processes kept
     */
    public static Processes ofThisHost(boolean hidesArguments, int capacity) {
        return new Processes(new ProcessReader(), hidesArguments, capacity);
    }

    /**
     * Reads no process and knows only what {@link #remember} gets, such as the identities of a recording.
     *
     * @param hidesArguments as in {@link #ofThisHost}
     */
    public static Processes fromRecording(boolean hidesArguments) {
        return new Processes(null, hidesArguments, DEFAULT_CAPACITY);
    }

    /** Replaces the observer. */
    public void setObserver(Observer newObserver) {
        observer = newObserver;
    }

    @Override
    public Identity of(Task task, long mm) {
        return of(IdentityKey.of(task, mm));
    }

    /** The same. */
    public Identity of(IdentityKey process) {
        Identity identity = recall(process);
        return identity == null ? Identity.UNKNOWN : identity;
    }

    /** Whether this process has an identity, or was read in vain. */
    public boolean isKnown(IdentityKey process) {
        return recall(process) != null;
    }

    private @Nullable Identity recall(IdentityKey process) {
        synchronized (known) {
            ProgramHistory latest = known.get(process.ofLatest());
            ProgramHistory program = latest == null || process.mm == 0 ? latest : latest.find(process.mm);
            return program == null ? null : program.identity;
        }
    }

    /** The line of {@code /proc/PID/cgroup} with a path in cgroup v1; the path itself for a recording of another host. */
    public String cgroupV1Line(String path) {
        return cgroupV1Lines.apply(path);
    }

    /** The name of a user, or its number for now; never waits. */
    public String userName(int uid) {
        return users.name(uid);
    }

    /** The name of a group, or its number for now; never waits. */
    public String groupName(int gid) {
        return groups.name(gid);
    }

    private void rename(String number, Function<Identity, @Nullable String> account, UnaryOperator<Identity> renamed) {
        synchronized (known) {
            known.replaceAll((process, program) -> program.rename(
                    identity -> number.equals(account.apply(identity)) ? renamed.apply(identity) : identity));
        }
    }

    /** Adds an identity from the kernel, and notifies the observer. */
    public void learn(IdentityKey process, Identity found) {
        // Before its names are looked for: a worker adds those that it finds later.
        remember(process, found);
        Identity named = named(process, found);
        if (!named.equals(found)) {
            remember(process, named);
        }
        observer.onIdentity(process, of(process));
    }

    /** Adds the names of its container, if they are known by now. */
    private Identity named(IdentityKey process, Identity found) {
        return found.container()
                .filter(Container::mayHaveNames)
                .map(container -> found.withKubernetes(found.kubernetes().or(containers.of(container.id(), process))))
                .orElse(found);
    }

    /** Adds names that {@link #named} lacked. What links do not show, the mounts of one process of the container do. */
    private void onNames(Set<IdentityKey> inContainer, KubernetesNames names) {
        inContainer.forEach(process -> addNames(process, names));
        inContainer.stream()
                .filter(process -> of(process)
                        .container()
                        .filter(container -> container.isInPod()
                                && (container.name() == null
                                        || container.runtime().equals(Container.UNKNOWN_RUNTIME)))
                        .isPresent())
                .findFirst()
                .ifPresent(this::enqueue);
    }

    private void addNames(IdentityKey process, KubernetesNames names) {
        Identity identity = recall(process);
        if (identity != null && !identity.kubernetes().or(names).equals(identity.kubernetes())) {
            learn(process, identity.withKubernetes(identity.kubernetes().or(names)));
        }
    }

    /** Adds an identity that the observer need not see. */
    public void remember(IdentityKey process, Identity found) {
        Identity visible = hidesArguments ? found.withoutArguments() : found;
        synchronized (known) {
            Identity identity = interner.intern(visible);
            ProgramHistory before = known.get(process.ofLatest());
            ProgramHistory now =
                    before == null ? new ProgramHistory(process.mm, identity, null) : before.with(process.mm, identity);
            known.put(process.ofLatest(), now);
            characters += now.characters() - (before == null ? 0 : before.characters());
            while (known.size() > capacity || characters > MAX_CHARACTERS) {
                Iterator<ProgramHistory> eldest = known.values().iterator();
                characters -= eldest.next().characters();
                eldest.remove();
            }
        }
    }

    private static int length(@Nullable String text) {
        return text == null ? 0 : text.length();
    }

    /**
     * Reads a process from /proc on a worker, for what the kernel's records lack: the arguments of a process older than the
     * agent, and everything in the tier {@code proc}. Returns at once.
     */
    public synchronized void read(IdentityKey process) {
        if (!hidesArguments || !isKnown(process)) {
            enqueue(process);
        }
    }

    private synchronized void enqueue(IdentityKey process) {
        if (reader != null) {
            if (!waiting.offer(process)) {
                unidentified.incrementAndGet();
            }
            startReading(reader);
        }
    }

    /**
     * Tries again what did not succeed: to read processes while the reader did not start, and to find names of containers.
     * Returns at once.
     */
    public synchronized void readPostponed() {
        containers.retry();
        if (reader != null && !postponed.isEmpty()) {
            postponed.drainTo(waiting);
            startReading(reader);
        }
    }

    private void startReading(ProcessReader reader) {
        if (!isReading) {
            isReading = true;
            Worker.supply("process-reader", () -> readAll(reader)).exceptionally(failure -> stopReading());
        }
    }

    private boolean readAll(ProcessReader asked) {
        do {
            for (IdentityKey next = waiting.poll(); next != null; next = waiting.poll()) {
                readOne(next, asked);
            }
            asked.rest();
        } while (!isFinished());
        return true;
    }

    private synchronized boolean isFinished() {
        return waiting.isEmpty() && stopReading();
    }

    private synchronized boolean stopReading() {
        isReading = false;
        notifyAll();
        return true;
    }

    private void readOne(IdentityKey process, ProcessReader asked) {
        Optional<Identity> read;
        try {
            read = asked.read(process.pid, process.start);
        } catch (UnavailableException e) {
            postponed.offer(process); // Counted by the reader. There is room for all that wait.
            return;
        } catch (IOException e) {
            read = Optional.empty(); // Counted by the reader.
        }
        Identity ofKernel = recall(process);
        if (ofKernel != null && !ofKernel.equals(Identity.UNKNOWN)) {
            read.ifPresent(found -> complete(process, ofKernel, found));
        } else if (read.isPresent()) {
            learn(process, read.get());
        } else {
            remember(process, Identity.UNKNOWN); // Once is enough.
            unidentified.incrementAndGet();
        }
    }

    private void complete(IdentityKey process, Identity ofKernel, Identity found) {
        KubernetesNames names = ofKernel.kubernetes().or(found.kubernetes());
        Identity named = ofKernel.withKubernetes(names);
        named.container()
                .filter(Container::isInPod)
                .ifPresent(container -> containers.add(container.id(), found.kubernetes()));
        learn(
                process,
                ofKernel.arguments().isEmpty() && isSameProgram(found, ofKernel)
                        ? named.withArguments(found.arguments())
                        : named);
    }

    /** After an exec since the scan, the arguments are those of another program. */
    private static boolean isSameProgram(Identity read, Identity ofKernel) {
        return read.executableName() == null || read.executableName().equals(ofKernel.executableName());
    }

    /** Waits until all processes passed to {@link #read} and the names of containers were read, but not longer than this. */
    public void await(Duration patience) {
        long end = System.nanoTime() + patience.toNanos();
        try {
            awaitReader(end);
            containers.await(end);
            awaitReader(end); // Of a container without names, a process is read.
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private synchronized void awaitReader(long end) throws InterruptedException {
        for (long left; isReading && (left = (end - System.nanoTime()) / 1_000_000) > 0; ) {
            wait(left);
        }
    }

    /** How often a process could not be identified: it had exited, or too many waited to be read. */
    public long unidentified() {
        return unidentified.get();
    }

    /** How often the process that reads others did not start or did not answer. */
    public long helperFailures() {
        return reader == null ? 0 : reader.failures();
    }

    /** Why processes cannot be read at present; empty if they can. */
    public Optional<String> fault() {
        return reader == null ? Optional.empty() : reader.fault();
    }

    /** Why names of containers cannot be read at present, and what to do; empty if they can, or if nobody needed them. */
    public Optional<String> containerNamesFault() {
        return containers.fault();
    }

    /** Stops to read, even during an answer. Known identities stay available. */
    @Override
    public void close() {
        waiting.clear();
        if (reader != null) {
            reader.close();
        }
    }
}
