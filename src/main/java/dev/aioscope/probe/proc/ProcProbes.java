package dev.aioscope.probe.proc;

import dev.aioscope.event.CorruptEventException;
import dev.aioscope.event.Event;
import dev.aioscope.event.EventReader;
import dev.aioscope.event.EventType;
import dev.aioscope.kernel.BootClock;
import dev.aioscope.kernel.HelperProcess;
import dev.aioscope.kernel.HelperProcess.EndedException;
import dev.aioscope.kernel.Host;
import dev.aioscope.kernel.HostCause;
import dev.aioscope.kernel.PidNamespace;
import dev.aioscope.kernel.ProcMount;
import dev.aioscope.probe.AttachPoint;
import dev.aioscope.probe.HostCauseException;
import dev.aioscope.probe.Losses;
import dev.aioscope.probe.ProbeException;
import dev.aioscope.probe.Probes;
import dev.aioscope.probe.ScanGaps;
import dev.aioscope.probe.Tier;
import dev.aioscope.probe.proc.ProcReader.Completeness;
import java.io.File;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The tier {@code proc}: no probes, and scans of /proc. A {@link ProcReader} process reads one process after the other. If it
 * hangs, another reader continues with the next process.
 *
 * <p>Records have the pid instead of the address of the address space, and the inode of the ring instead of the address of
 * the context: both are unique while alive, and user space does not see kernel addresses.
 */
public final class ProcProbes implements Probes {
    /** Reading a process with tens of thousands of mappings takes half a second. */
    private static final Duration PATIENCE = Duration.ofSeconds(3);

    /** Enough for 30,000 processes and on slow machines, and less than what counts as stuck. */
    private static final Duration PATIENCE_FOR_ALL = Duration.ofSeconds(25);

    private static final Duration PATIENCE_AT_START = Duration.ofSeconds(20);

    /** How long scans skip a process whose reader did not answer. */
    private static final Duration PAUSE = Duration.ofSeconds(60);

    /** Each hung reader holds some 60 MB. */
    private static final int MAX_HUNG_READERS = 4;

    private final Class<?> readerClass;
    private final Duration patience;
    private final int maxHungReaders;
    private final Owners owners = new Owners();
    private final CountDownLatch wokenUp = new CountDownLatch(1);
    /** By the pid of the process that they read. */
    private final Map<Integer, HungReader> hungReaders = new HashMap<>();

    private @Nullable HelperProcess reader;
    private long corrupt;

    /**
     * A reader without an answer.
     *
     * @param since System.nanoTime of the question
     */
    private record HungReader(HelperProcess reader, long since) {
        boolean isOver() {
            return !reader.isAlive() && System.nanoTime() - since >= PAUSE.toNanos();
        }
    }

    /**
     * Uses another reader.
     *
     * @param readerClass its main class, with the protocol of {@link ProcReader}
     * @param patience the longest wait for one process
     * @param maxHungReaders the number of hung readers at which it starts no other one
     */
    ProcProbes(Class<?> readerClass, Duration patience, int maxHungReaders) {
        this.readerClass = readerClass;
        this.patience = patience;
        this.maxHungReaders = maxHungReaders;
    }

    /**
     * Starts the reader.
     *
     * @throws ProbeException if the kernel has no native AIO, or the reader does not start
     */
    public static ProcProbes open() {
        ProcMount.ofMissingAio().ifPresent(cause -> {
            throw new HostCauseException("cannot observe contexts", cause);
        });
        ProcProbes probes = new ProcProbes(ProcReader.class, PATIENCE, MAX_HUNG_READERS);
        probes.reader();
        return probes;
    }

    @Override
    public String engine() {
        return "none";
    }

    @Override
    public Tier tier() {
        return Tier.PROC;
    }

    @Override
    public List<AttachPoint> attachPoints() {
        return List.of();
    }

    @Override
    public void await(int timeoutMillis) {
        try {
            wokenUp.await(timeoutMillis, TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public int poll(Consumer<Event> handler, int limit) {
        return 0;
    }

    @Override
    public void wakeup() {
        wokenUp.countDown();
    }

    /** Does nothing: /proc shows no state of contexts. */
    @Override
    public void follow(Map<Long, Long> handles) {}

    @Override
    public boolean reportCompletions(boolean enabled) {
        return false;
    }

    @Override
    public ScanGaps inventory(Consumer<Event> handler) {
        hungReaders.values().removeIf(HungReader::isOver);
        reader();
        // Without charges there are no contexts: then skip the memory of all processes.
        String what = Host.aioNr().orElse(BigInteger.ONE).signum() > 0 ? "contexts" : "teardowns";
        long deadline = System.nanoTime() + PATIENCE_FOR_ALL.toNanos();
        Set<Integer> unreadable = new HashSet<>();
        Set<Integer> partial = new HashSet<>();
        List<Event> found = new ArrayList<>();
        for (int pid : pids()) {
            long left = Math.min(patience.toNanos(), deadline - System.nanoTime());
            Answer answer = left > 0 && !hungReaders.containsKey(pid) ? ask(pid, what, left) : null;
            if (answer == null || answer.completeness == Completeness.PARTIAL) {
                partial.add(pid);
            } else if (answer.completeness == Completeness.UNREADABLE) {
                unreadable.add(pid);
            }
            if (answer != null) {
                addRecords(answer.records, found);
            }
        }
        deliver(found, handler);
        return new ScanGaps(
                unreadable,
                partial,
                ScanGaps.Scope.ofNamespace(PidNamespace.read().isHostsInProc()));
    }

    /** The pids of the host, from a directory listing, which cannot hang. */
    private static int[] pids() {
        String[] names = Objects.requireNonNullElse(new File("/proc").list(), new String[0]);
        return Arrays.stream(names)
                .filter(name -> name.matches("\\d{1,9}"))
                .mapToInt(Integer::parseInt)
                .toArray();
    }

    private record Answer(Completeness completeness, ByteBuffer records) {
        /** Parses an answer of {@link ProcReader}; null if it is invalid. */
        static @Nullable Answer of(String line) {
            String[] words = line.split(" ", -1);
            for (Completeness completeness : Completeness.values()) {
                if (words.length == 2 && words[0].equals(completeness.word())) {
                    try {
                        byte[] records = Base64.getDecoder().decode(words[1]);
                        return new Answer(completeness, ByteBuffer.wrap(records).order(ByteOrder.nativeOrder()));
                    } catch (IllegalArgumentException e) {
                        return null;
                    }
                }
            }
            return null;
        }
    }

    /** The answer about a process; null if there is none. */
    private @Nullable Answer ask(int pid, String what, long nanos) {
        String question = pid + " " + BootClock.now() + " " + what;
        HelperProcess asked = reader();
        try {
            try {
                return Answer.of(asked.ask(question, Duration.ofNanos(nanos)));
            } catch (EndedException e) {
                // A signal can have ended it: another one can answer.
                reader = null;
                asked = reader();
                return Answer.of(asked.ask(question, Duration.ofNanos(nanos)));
            }
        } catch (IOException e) {
            asked.close();
            hungReaders.put(pid, new HungReader(asked, System.nanoTime()));
            reader = null;
            return null;
        }
    }

    private HelperProcess reader() {
        HelperProcess started = reader;
        if (started != null) {
            return started;
        }
        long hanging = hungReaders.values().stream()
                .filter(lost -> lost.reader.isAlive())
                .count();
        if (hanging >= maxHungReaders) {
            throw new ProbeException(
                    "cannot scan /proc: " + hanging
                            + " readers hang, as the processes that they read died and wait for their requests",
                    "fix the storage that does not answer; then the readers exit");
        }
        try {
            started = HelperProcess.start(HelperProcess.command(readerClass), PATIENCE_AT_START);
            reader = started;
            return started;
        } catch (IOException e) {
            throw new ProbeException(
                    "cannot start the reader of /proc: " + e.getMessage(),
                    HostCause.ofShortage(String.valueOf(e.getMessage()))
                            .map(HostCause::hint)
                            .orElse("free memory, or raise the limit on processes"));
        }
    }

    private void addRecords(ByteBuffer records, List<Event> found) {
        int left;
        for (int at = 0; at < records.limit(); at += EventReader.sizeAt(records, at, left)) {
            left = records.limit() - at;
            try {
                found.add(Event.of(records, at, left));
            } catch (CorruptEventException e) {
                corrupt++;
            }
        }
    }

    /** Passes on all records but contexts that another process owns. */
    private void deliver(List<Event> found, Consumer<Event> handler) {
        owners.beginScan();
        found.stream().filter(ProcProbes::isContext).forEach(event -> owners.add(event.kioctx(), owner(event)));
        found.stream()
                .filter(event -> !isContext(event) || owners.owns(event.kioctx(), owner(event)))
                .forEach(handler);
    }

    private static boolean isContext(Event event) {
        return event.type() == EventType.LIVE_CONTEXT;
    }

    private static Owners.Owner owner(Event context) {
        return new Owners.Owner(context.pid(), context.processStart());
    }

    /** Without probes only corrupt records are possible. */
    @Override
    public Losses losses() {
        return new Losses(0, 0, 0, corrupt, 0L);
    }

    /** Kills the reader; a hung one exits when its wait ends. */
    @Override
    public void close() {
        if (reader != null) {
            reader.close();
            reader = null;
        }
    }
}
