package dev.aioscope.probe.bpf;

import com.sun.jna.Memory;
import com.sun.jna.Pointer;
import dev.aioscope.event.CorruptEventException;
import dev.aioscope.event.Event;
import dev.aioscope.event.EventReader;
import dev.aioscope.event.EventType;
import dev.aioscope.event.ProcessEvent;
import dev.aioscope.kernel.Errno;
import dev.aioscope.kernel.Host;
import dev.aioscope.kernel.HostCause;
import dev.aioscope.kernel.Libc;
import dev.aioscope.kernel.PidNamespace;
import dev.aioscope.kernel.ProcMount;
import dev.aioscope.kernel.Tracefs;
import dev.aioscope.probe.AttachPoint;
import dev.aioscope.probe.AttachPoint.Mode;
import dev.aioscope.probe.HostCauseException;
import dev.aioscope.probe.Losses;
import dev.aioscope.probe.ProbeException;
import dev.aioscope.probe.Probes;
import dev.aioscope.probe.ScanGaps;
import dev.aioscope.probe.SelfTestResult;
import dev.aioscope.probe.Tier;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Probes that are BPF programs of either engine. */
public final class BpfProbes implements Probes {
    private static final int LOSS_RING_FULL = 0;
    private static final int LOSS_MAP_FULL = 1;
    private static final int LOSS_IDENTITY = 2;
    private static final int ITERATOR_BUFFER = 1 << 16;
    private static final int MAX_SLOTS = 1 << 20;
    /** Those of maps, types, the waiter, a scan and tests of libbpf; each program, link and event needs another one. */
    private static final int DESCRIPTORS = 20;

    private static final int TEST_POLL_MILLIS = 10;

    /** A scan of a busy host keeps the reader from reading. */
    private static final long READER_PATIENCE_NANOS = 3_000_000_000L;
    /** As many records as a ring holds. */
    private static final int MAX_HELD = 8192;

    private final Programs programs;
    private final Engine engine;
    private final Tier tier;
    private final List<AttachPoint> attachPoints;
    /** The targets that observe completions, with their modes. */
    private final Map<AttachTarget, Mode> completions = new EnumMap<>(AttachTarget.class);

    private final EventBuffer buffer;
    private final EpollWaiter waiter;
    /**
     * {@code struct inventory}: libbpf maps it only for programs with a generated skeleton. Null without an iterator over
     * contexts: kernels that lack it may not map such memory either.
     */
    private final @Nullable Pointer inventory;

    /** The keys of the map {@code followed}. */
    private final Set<Long> followed = new HashSet<>();

    /** An iterator lists the tasks of the namespace of the thread that starts it. */
    private final ScanGaps gaps = ScanGaps.ofNamespace(PidNamespace.read().isHosts());

    private final EventReader reader = new EventReader();
    private long corruptInventory;

    private final Map<AttachTarget, Mode> tested = new EnumMap<>(AttachTarget.class);
    private volatile SelfTest selfTest = new SelfTest(Map.of());
    /** Records that the first self-test read before anyone else. */
    private final Deque<ByteBuffer> held = new ArrayDeque<>();

    /** The identity of this process, hidden with its first self-test. */
    private @Nullable ByteBuffer ownProcess;

    private BpfProbes(Engine engine, Programs programs, AttachPlan plan, boolean hasRingBuffer) {
        this.engine = engine;
        this.programs = programs;
        this.tier = plan.tier();
        this.attachPoints = plan.attachPoints();
        for (AttachTarget target : plan.targets()) {
            Mode mode = plan.mode(target);
            if (mode != null) {
                (target.isOnDemand() ? completions : tested).put(target, mode);
            }
        }
        int events = programs.map("events");
        int size = Bpf.maxEntries(events);
        try (Rollback rollback = new Rollback()) {
            this.buffer = hasRingBuffer ? new RingBuffer(events, size) : new QueueBuffer(programs);
            rollback.add(buffer::close);
            this.waiter = hasRingBuffer ? EpollWaiter.ofRing(events, size) : EpollWaiter.ofQueues();
            rollback.add(waiter::close);
            this.inventory = plan.mode(AttachTarget.CONTEXTS) == null
                    ? null
                    : SharedMemory.map(
                            programs.map("inventory"), SharedMemory.PAGE, Libc.PROT_READ | Libc.PROT_WRITE, 0);
            rollback.commit();
        }
    }

    /**
     * Loads, attaches and tests the probes of a tier, each in the best mode that works.
     *
     * @param modes the modes to try
     * @throws HostCauseException if this host or the environment of this process permits no probes
     * @throws TierUnavailableException if an essential probe of the tier has no mode that works
     * @throws ProbeException if no program can be loaded
     */
    public static BpfProbes open(Engine engine, Tier tier, Set<Mode> modes, ProbeSettings settings) {
        // Not left to the verifier: some kernels load the programs, which then read zeros.
        throwFor("cannot load the probes", HostCause.ofLockdown());
        throwFor("cannot observe contexts", ProcMount.ofMissingAio());
        AttachPlan plan = new AttachPlan(tier, modes, settings.watchHandles());
        while (true) {
            if (!Tracefs.offersKprobes()) {
                // Reject them now: the kernel would reject them only after all programs are loaded.
                plan.rejectAll(
                        Set.of(Mode.KPROBE, Mode.KRETPROBE),
                        Kretprobe.NOT_OFFERED,
                        Hints.of(Mode.KPROBE, Errno.ENOENT));
            }
            plan.missing().ifPresent(point -> {
                throw new TierUnavailableException(plan.attachPoints(), point);
            });
            requireDescriptors(plan);
            BpfProbes probes = attempt(engine, plan.hasRingBuffer() ? settings : settings.withoutRingBuffer(), plan);
            // An iterator alone runs on request, and fails loudly.
            if (probes != null && (tier.isScanOnly() || probes.fire(plan))) {
                return probes;
            }
        }
    }

    private static void throwFor(String failed, Optional<HostCause> cause) {
        cause.ifPresent(found -> {
            throw new HostCauseException(failed, found);
        });
    }

    /** libbpf tests what the kernel supports, and reports a test without a free descriptor as another error. */
    private static void requireDescriptors(AttachPlan plan) {
        int needed = DESCRIPTORS
                + plan.targets().stream()
                        .mapToInt(target -> needsEvent(plan.mode(target)) ? 3 : 2)
                        .sum();
        if (Host.freeDescriptors().filter(free -> free < needed).isPresent()) {
            throwFor("cannot load the probes", Optional.of(HostCause.tooManyOpenFiles()));
        }
    }

    private static boolean needsEvent(@Nullable Mode mode) {
        return mode == Mode.KPROBE || mode == Mode.KRETPROBE || mode == Mode.TRACEPOINT;
    }

    /** One attempt with the current plan; null after a rejection, which the plan then contains. */
    private static @Nullable BpfProbes attempt(Engine engine, ProbeSettings settings, AttachPlan plan) {
        try (Rollback rollback = new Rollback()) {
            Programs programs = engine.open(settings);
            rollback.add(programs::close);
            LoadFailure failure = programs.load(plan);
            if (!(failure == null ? attach(programs, plan) : reject(plan, failure))) {
                return null;
            }
            BpfProbes probes = new BpfProbes(engine, programs, plan, settings.hasRingBuffer());
            rollback.commit();
            return probes;
        }
    }

    /** Whether all probes fire; else closes them, and the plan contains the rejections. */
    private boolean fire(AttachPlan plan) {
        boolean done = false;
        try {
            SelfTest test = new SelfTest(tested);
            if (test(test, () -> inventory(event -> {}), this::hold) == null) {
                plan.rejectSilent(test.silent(), test.fired());
                done = test.silent().isEmpty();
            } else {
                done = true;
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            done = true;
        } finally {
            if (!done) {
                close();
            }
        }
        return done;
    }

    @Override
    public SelfTestResult selfTest() throws InterruptedException {
        // Each scan on request fails loudly by itself.
        Map<AttachTarget, Mode> targets = new EnumMap<>(tested);
        targets.remove(AttachTarget.CONTEXTS);
        SelfTest test = new SelfTest(targets);
        String obstacle = test(test, () -> {}, () -> TimeUnit.MILLISECONDS.sleep(TEST_POLL_MILLIS));
        return obstacle != null
                ? new SelfTestResult(List.of(), obstacle)
                : new SelfTestResult(
                        test.silent().stream().map(this::silentPoint).toList(), null);
    }

    private AttachPoint silentPoint(AttachTarget target) {
        Mode mode = Objects.requireNonNull(tested.get(target));
        return new AttachPoint(
                target.label(), null, List.of(SilenceCause.of(mode).rejection(mode)));
    }

    /** Runs the test; the obstacle if it proves nothing. */
    private @Nullable String test(SelfTest test, Runnable whileAlive, SelfTest.Pause pause)
            throws InterruptedException {
        selfTest = test;
        Losses before = losses();
        int refusal = test.run(whileAlive, pause);
        if (refusal != 0) {
            return "cannot test the probes: io_setup failed: " + Errno.describe(-refusal);
        }
        if (!test.silent().isEmpty() && !awaitReader(pause)) {
            return "cannot test the probes: the reader is behind";
        }
        Losses after = losses();
        boolean isLossy =
                held.size() == MAX_HELD || after.ringFull() + after.mapFull() > before.ringFull() + before.mapFull();
        return isLossy && !test.silent().isEmpty() ? "cannot test the probes: records were lost during the test" : null;
    }

    /** Waits until the records that exist now are read; false if that takes too long. */
    private boolean awaitReader(SelfTest.Pause pause) throws InterruptedException {
        long end = buffer.end();
        long begin = System.nanoTime();
        while (!buffer.isReadTo(end) && System.nanoTime() - begin < READER_PATIENCE_NANOS) {
            pause.pass();
        }
        return buffer.isReadTo(end);
    }

    /** Keeps the records of all other contexts for the reader. */
    private void hold() {
        waiter.await(TEST_POLL_MILLIS);
        buffer.poll(event -> pass(event, this::keep), MAX_HELD - held.size());
    }

    private void keep(Event event) {
        held.add(copy(event));
    }

    private static ByteBuffer copy(Event event) {
        ByteBuffer copy = ByteBuffer.allocate(event.size()).order(ByteOrder.nativeOrder());
        event.copyTo(copy);
        return copy;
    }

    private static boolean reject(AttachPlan plan, LoadFailure failure) {
        throwFor(
                "cannot load the probes",
                HostCause.ofShortage(failure.errno()).or(() -> HostCause.ofVerifier(failure.reason())));
        AttachTarget target = failure.program() == null
                ? null
                : plan.targetOf(failure.program()).orElse(null);
        Mode mode = target == null ? null : plan.mode(target);
        if (failure.program() == null && failure.errno() == Errno.EINVAL && plan.hasRingBuffer()) {
            // An unknown type of map: the ring buffer is the newest one.
            plan.rejectRingBuffer();
            return false;
        }
        if (target == null || mode == null) {
            throwFor("cannot load the probes", HostCause.ofBpf(failure.errno()));
            throw new ProbeException(
                    "cannot load the probes: " + failure.reason(), Hints.of(Mode.ITERATOR, failure.errno()));
        }
        String hint = Hints.of(mode, failure.errno());
        if (failure.errno() == Errno.EPERM && (mode == Mode.FENTRY || mode == Mode.FEXIT)) {
            // The kernel rejects the type of program, not this function: skip the attempts for all others.
            plan.rejectAll(Set.of(Mode.FENTRY, Mode.FEXIT), failure.reason(), hint);
        } else {
            plan.reject(target, failure.reason(), hint);
        }
        return false;
    }

    private static boolean attach(Programs programs, AttachPlan plan) {
        boolean complete = true;
        List<AttachTarget> targets = new ArrayList<>(plan.targets());
        // Returns before entries: the last probe attached runs first, and an entry probe needs the stack without the
        // trampoline of a return probe.
        Collections.reverse(targets);
        for (AttachTarget target : targets) {
            Mode mode = plan.mode(target);
            String reason = mode == null ? null : attach(programs, target, mode);
            if (mode != null && reason != null) {
                int errno = Libc.errno();
                throwFor("cannot load the probes", HostCause.ofShortage(reason).or(() -> HostCause.ofShortage(errno)));
                if (errno == Errno.ENODEV && mode.kind().contains(Mode.KPROBE)) {
                    plan.rejectForEndOfFtrace(target, reason);
                } else {
                    plan.reject(target, reason, Hints.of(mode, errno));
                }
                complete = false;
            }
        }
        return complete;
    }

    /** Attaches it, or checks that it can attach later; null on success, or the reason. */
    private static @Nullable String attach(Programs programs, AttachTarget target, Mode mode) {
        if (target.isOnDemand() && mode == Mode.FENTRY) {
            // The kernel found the function when it loaded the program.
            return null;
        }
        String reason = programs.attach(target, mode);
        if (target.isOnDemand() && reason == null) {
            programs.detach(target);
        }
        return reason;
    }

    @Override
    public String engine() {
        return engine.label();
    }

    @Override
    public Tier tier() {
        return tier;
    }

    @Override
    public List<AttachPoint> attachPoints() {
        return attachPoints;
    }

    @Override
    public void await(int timeoutMillis) {
        waiter.await(held.isEmpty() ? timeoutMillis : 0);
    }

    @Override
    public int poll(Consumer<Event> handler, int limit) {
        int taken = 0;
        while (taken < limit && !held.isEmpty()) {
            ByteBuffer record = held.remove();
            pass(reader.read(record, 0, record.capacity()), handler);
            taken++;
        }
        return taken + buffer.poll(event -> pass(event, handler), limit - taken);
    }

    /** Hides the agent's own contexts from the handler. */
    private void pass(Event event, Consumer<Event> handler) {
        TestContext own = TestContext.of(event);
        if (own != null && event.type() == EventType.PROCESS) {
            ownProcess = copy(event);
        } else if (own != null) {
            selfTest.accept(event, own);
        } else {
            passOwnProcess(event, handler);
            handler.accept(event);
        }
    }

    /** The agent can make contexts that are not for a test: the probes do not send again who it is. */
    private void passOwnProcess(Event event, Consumer<Event> handler) {
        ByteBuffer process = ownProcess;
        if (process != null && event.type() == EventType.SETUP && TestContext.isOfThisProcess(event)) {
            ownProcess = null;
            handler.accept(Event.of(process, 0, process.capacity()));
        }
    }

    @Override
    public void wakeup() {
        waiter.wakeup();
    }

    @Override
    public void follow(Map<Long, Long> handles) {
        if (!programs.isAttached(AttachTarget.FOLLOWED)) {
            return;
        }
        int map = programs.map("followed");
        Map<Long, Long> wanted = new LinkedHashMap<>();
        handles.entrySet().stream()
                .limit(Bpf.maxEntries(map))
                .forEach(context -> wanted.put(context.getKey(), context.getValue()));
        followed.removeIf(kioctx -> {
            boolean isOver = !wanted.containsKey(kioctx);
            if (isOver) {
                Bpf.remove(map, kioctx);
            }
            return isOver;
        });
        wanted.forEach((kioctx, handle) -> {
            if (Bpf.put(map, kioctx, handle) == 0) {
                followed.add(kioctx);
            }
        });
    }

    @Override
    public boolean reportCompletions(boolean enabled) {
        boolean isEnabled = completions.keySet().stream().anyMatch(programs::isAttached);
        if (isEnabled && !enabled) {
            completions.keySet().forEach(programs::detach);
        } else if (!isEnabled && enabled) {
            completions.forEach(this::attachCompletion);
        }
        return enabled && !completions.isEmpty();
    }

    private void attachCompletion(AttachTarget target, Mode mode) {
        String reason = programs.attach(target, mode);
        if (reason != null) {
            String hint = Hints.of(mode, Libc.errno());
            completions.keySet().forEach(programs::detach);
            throw new ProbeException("cannot observe the completions of stuck requests: " + reason, hint);
        }
    }

    @Override
    public ScanGaps inventory(Consumer<Event> handler) {
        // First: a context that still has a waiter at the end of the scan was not freed when this read it.
        if (!followed.isEmpty()) {
            iterate(AttachTarget.FOLLOWED, handler);
        }
        Pointer shared = inventory;
        if (shared == null) {
            return ScanGaps.NO_SCAN;
        }
        int slot = 0;
        do {
            shared.setInt(ProbeSettingsLayout.INVENTORY_FIRST_SLOT, slot);
            shared.setInt(ProbeSettingsLayout.INVENTORY_NEXT_SLOT, 0);
            iterate(AttachTarget.CONTEXTS, handler);
            slot = shared.getInt(ProbeSettingsLayout.INVENTORY_NEXT_SLOT);
        } while (slot > 0 && slot < MAX_SLOTS);
        if (programs.isAttached(AttachTarget.TEARDOWNS)) {
            iterate(AttachTarget.TEARDOWNS, handler);
        }
        return gaps;
    }

    @Override
    public void processes(Consumer<ProcessEvent> handler) {
        if (programs.isAttached(AttachTarget.PROCESSES)) {
            iterate(AttachTarget.PROCESSES, event -> handler.accept((ProcessEvent) event));
        }
    }

    private void iterate(AttachTarget target, Consumer<Event> handler) {
        int fd = programs.newIteration(target);
        if (fd < 0) {
            throw iterationFailed(Libc.errno());
        }
        try (Memory memory = new Memory(ITERATOR_BUFFER)) {
            ByteBuffer buffer = memory.getByteBuffer(0, ITERATOR_BUFFER).order(ByteOrder.nativeOrder());
            int held = 0;
            while (true) {
                long read = Libc.read(fd, memory.share(held), ITERATOR_BUFFER - held);
                if (read < 0 && Libc.errno() != Errno.EINTR && Libc.errno() != Errno.EAGAIN) {
                    throw iterationFailed(Libc.errno());
                }
                if (read == 0) {
                    return;
                }
                held = deliver(buffer, held + (int) Math.max(read, 0), handler);
            }
        } finally {
            Libc.close(fd);
        }
    }

    /** Passes complete records on and moves a record that the read split to the front. */
    private int deliver(ByteBuffer buffer, int length, Consumer<Event> handler) {
        int at = 0;
        while (length - at >= 2) {
            int size = EventReader.sizeAt(buffer, at, length - at);
            if (size > length - at) {
                break;
            }
            try {
                pass(reader.read(buffer, at, size), handler);
            } catch (CorruptEventException e) {
                corruptInventory++;
            }
            at += size;
        }
        buffer.slice(0, length).position(at).compact();
        return length - at;
    }

    private static ProbeException iterationFailed(int errno) {
        return new ProbeException(
                "cannot scan the host's tasks: " + Errno.describe(errno), Hints.of(Mode.ITERATOR, errno));
    }

    @Override
    public Losses losses() {
        return new Losses(
                loss(LOSS_RING_FULL),
                loss(LOSS_MAP_FULL),
                loss(LOSS_IDENTITY),
                buffer.corrupt() + corruptInventory,
                programs.missed());
    }

    private long loss(int reason) {
        return Bpf.sum(programs.map("losses"), reason);
    }

    @Override
    public void close() {
        waiter.close();
        buffer.close();
        if (inventory != null) {
            Libc.munmap(inventory, SharedMemory.PAGE);
        }
        programs.close();
    }
}
