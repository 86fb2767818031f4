package dev.aioscope.guest;

import dev.aioscope.agent.DutyCycle;
import dev.aioscope.event.Event;
import dev.aioscope.event.EventType;
import dev.aioscope.event.LiveContextEvent;
import dev.aioscope.event.TaskInTeardownEvent;
import dev.aioscope.kernel.BootClock;
import dev.aioscope.lifecycle.Context;
import dev.aioscope.lifecycle.FailedCall;
import dev.aioscope.lifecycle.HandleUse;
import dev.aioscope.lifecycle.Lifecycle;
import dev.aioscope.lifecycle.LifecycleListener;
import dev.aioscope.lifecycle.Limits;
import dev.aioscope.lifecycle.RefusalOutcome;
import dev.aioscope.lifecycle.Straggler;
import dev.aioscope.lifecycle.Task;
import dev.aioscope.lifecycle.Teardown;
import dev.aioscope.lifecycle.TeardownInProgress;
import dev.aioscope.lifecycle.UserStack;
import dev.aioscope.probe.AttachPoint.Mode;
import dev.aioscope.probe.Probes;
import dev.aioscope.probe.ScanGaps;
import dev.aioscope.probe.Tier;
import dev.aioscope.probe.bpf.BpfProbes;
import dev.aioscope.probe.bpf.Engine;
import dev.aioscope.probe.bpf.ProbeSettings;
import dev.aioscope.probe.core.CoreEngine;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/** The probes and the correlation in the test's own process and thread; it keeps all that it is told. */
final class TestAgent implements LifecycleListener, AutoCloseable {
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    /** How the probes are placed. */
    enum Placing {
        /** As the kernel likes best. */
        FENTRY,
        /** Without BPF trampolines. */
        KPROBE;

        private Set<Mode> modes() {
            return this == FENTRY
                    ? EnumSet.allOf(Mode.class)
                    : EnumSet.complementOf(EnumSet.of(Mode.FENTRY, Mode.FEXIT));
        }
    }

    private static final Set<TestAgent> OPEN = new HashSet<>();
    private static long missedByClosed;

    private final Probes probes;
    private final Lifecycle lifecycle;
    private long records;
    private final List<Context> setups = new ArrayList<>();
    private final List<Straggler> stragglers = new ArrayList<>();
    private final List<Teardown> teardowns = new ArrayList<>();
    private final List<FailedCall> failedCalls = new ArrayList<>();
    private final List<HandleUse> uses = new ArrayList<>();
    private final List<RefusalOutcome> outcomes = new ArrayList<>();
    private final List<UserStack> stacks = new ArrayList<>();
    private final List<StuckListener.Told> stuck = new ArrayList<>();

    TestAgent(Tier tier, Placing placing) {
        this(tier, placing, new CoreEngine());
    }

    TestAgent(Tier tier, Placing placing, Engine engine) {
        this(tier, placing, engine, ProbeSettings.PLAIN);
    }

    TestAgent(Tier tier, Placing placing, Engine engine, ProbeSettings settings) {
        this(BpfProbes.open(engine, tier, placing.modes(), settings));
    }

    /** With these probes, which it closes. */
    TestAgent(Probes probes) {
        this.probes = probes;
        this.lifecycle = new Lifecycle(this, probes.tier(), Limits.DEFAULT);
        OPEN.add(this);
    }

    /** How many programs the kernel says it has skipped for all that were opened in this process. */
    static long missedByAll() {
        return missedByClosed + OPEN.stream().mapToLong(TestAgent::missed).sum();
    }

    Probes probes() {
        return probes;
    }

    Lifecycle lifecycle() {
        return lifecycle;
    }

    /** Reads until this is so. */
    void readUntil(String what, BooleanSupplier done) {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (!done.getAsBoolean()) {
            if (System.nanoTime() > deadline) {
                throw new AssertionError("not seen within " + PATIENCE.toSeconds() + " s: " + what + "\nteardowns "
                        + teardowns + "\nfailed calls " + failedCalls + "\nin progress "
                        + lifecycle.teardownsInProgress() + "\n" + probes.losses() + " " + lifecycle.counters());
            }
            read();
        }
    }

    /** Reads what is there, waiting a little for it. */
    void read() {
        long now = BootClock.now();
        probes.await(20);
        drain();
        lifecycle.advance(now);
    }

    private void drain() {
        int taken;
        do {
            taken = probes.poll(lifecycle::accept, 4096);
            records += taken;
        } while (taken > 0);
    }

    /** How many records the ring has given. */
    long records() {
        return records;
    }

    /** How many programs the kernel says it has skipped; 0 if it does not count them. */
    long missed() {
        Long missed = probes.losses().missed();
        return missed == null ? 0 : missed;
    }

    /** One look at the tasks of the host. */
    List<Found> look() {
        List<Found> found = new ArrayList<>();
        probes.inventory(event -> found.add(Found.of(event)));
        return found;
    }

    /** One look at the tasks of the host, told to the correlation, as the duty cycle has them. */
    void lookAround() {
        long now = BootClock.now();
        probes.follow(lifecycle.contextsInTeardown());
        lifecycle.beginScan(now);
        ScanGaps unseen = probes.inventory(lifecycle::accept);
        unseen.refused().forEach(lifecycle::skip);
        unseen.unfinished().forEach(lifecycle::skip);
        drain();
        lifecycle.endScan();
        lifecycle.newlyStuck(now - DutyCycle.STUCK_AFTER.toNanos()).forEach(teardown -> onStuck(teardown, now));
    }

    /** A copy of a record of the inventory. */
    record Found(
            EventType type,
            int pid,
            long handle,
            int maxReqs,
            int outstandingSlots,
            int outstandingRefs,
            int unreaped) {
        static Found of(Event event) {
            if (event instanceof LiveContextEvent live) {
                return new Found(
                        live.type(),
                        live.pid(),
                        live.handle(),
                        live.maxReqs(),
                        live.outstandingSlots(),
                        live.outstandingRefs(),
                        live.unreaped());
            }
            long handle = event instanceof TaskInTeardownEvent task ? task.handle() : 0;
            return new Found(event.type(), event.pid(), handle, 0, 0, 0, 0);
        }
    }

    @Override
    public void onSetup(Context context) {
        setups.add(context);
    }

    @Override
    public void onTeardown(Teardown teardown) {
        teardowns.add(teardown);
    }

    @Override
    public void onStraggler(Straggler straggler) {
        stragglers.add(straggler);
    }

    @Override
    public void onStuck(TeardownInProgress teardown, long now) {
        stuck.add(new StuckListener.Told(teardown, now));
    }

    /** The teardowns that looks have found to last for long. */
    List<StuckListener.Told> stuck() {
        return stuck;
    }

    /** The requests that completed late. */
    List<Straggler> stragglers() {
        return stragglers;
    }

    @Override
    public void onFailedCall(FailedCall call) {
        failedCalls.add(call);
    }

    @Override
    public void onRetry(FailedCall call) {
        failedCalls.add(call);
    }

    @Override
    public void onHandleUse(HandleUse use) {
        uses.add(use);
    }

    @Override
    public void onRefusalOutcome(RefusalOutcome outcome) {
        outcomes.add(outcome);
    }

    @Override
    public void onStack(UserStack stack) {
        stacks.add(stack);
    }

    /** The different stacks, if they are recorded. */
    List<UserStack> stacks(int pid) {
        return stacks.stream().filter(stack -> stack.pid() == pid).toList();
    }

    /** All contexts whose set-up was seen. */
    List<Context> setups() {
        return setups;
    }

    /** All teardowns. */
    List<Teardown> teardowns() {
        return teardowns;
    }

    /** The contexts that this process has set up. */
    List<Context> setups(int pid) {
        return setups.stream().filter(context -> isOf(context.owner(), pid)).toList();
    }

    /** The teardowns of contexts that this process owned. */
    List<Teardown> teardowns(int pid) {
        return teardowns.stream()
                .filter(teardown -> isOf(teardown.context().owner(), pid))
                .toList();
    }

    /** What became of the refusals of this process. */
    List<RefusalOutcome> outcomes(int pid) {
        return outcomes.stream()
                .filter(outcome -> isOf(outcome.refusal().caller(), pid))
                .toList();
    }

    /** The calls of this process with destroyed handles, if they are watched. */
    List<HandleUse> uses(int pid) {
        return uses.stream().filter(use -> isOf(use.caller(), pid)).toList();
    }

    List<FailedCall> failedCalls(int pid) {
        return failedCalls.stream().filter(call -> isOf(call.caller(), pid)).toList();
    }

    private static boolean isOf(@Nullable Task task, int pid) {
        return task != null && task.pid() == pid;
    }

    @Override
    public void close() {
        if (OPEN.remove(this)) {
            missedByClosed += missed();
        }
        probes.close();
    }
}
