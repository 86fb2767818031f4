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
import dev.aioscope.lifecycle.Limits;
import dev.aioscope.lifecycle.RecordingListener;
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
import dev.aioscope.testing.Await;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/** Probes and correlation in the process and thread of the test; it keeps all reports. */
final class TestAgent extends RecordingListener implements AutoCloseable {

    /** How the probes are attached. */
    enum AttachMethod {
        /** As the kernel prefers. */
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
    private final List<StuckTeardowns.StuckReport> stuck = new ArrayList<>();

    TestAgent(Tier tier, AttachMethod attachMethod) {
        this(tier, attachMethod, new CoreEngine());
    }

    TestAgent(Tier tier, AttachMethod attachMethod, Engine engine) {
        this(tier, attachMethod, engine, ProbeSettings.PLAIN);
    }

    TestAgent(Tier tier, AttachMethod attachMethod, Engine engine, ProbeSettings settings) {
        this(BpfProbes.open(engine, tier, attachMethod.modes(), settings));
    }

    /** Uses these probes, and closes them. */
    TestAgent(Probes probes) {
        this.probes = probes;
        this.lifecycle = new Lifecycle(this, probes.tier(), Limits.DEFAULT);
        OPEN.add(this);
    }

    /** The number of programs that the kernel skipped for all agents opened in this process. */
    static long missedByAll() {
        return missedByClosed + OPEN.stream().mapToLong(TestAgent::missed).sum();
    }

    Probes probes() {
        return probes;
    }

    Lifecycle lifecycle() {
        return lifecycle;
    }

    /** Reads events until the condition is met; fails after 60 s. */
    void readUntil(String what, BooleanSupplier done) {
        long deadline = System.nanoTime() + Await.LIMIT.toNanos();
        while (!done.getAsBoolean()) {
            if (System.nanoTime() > deadline) {
                throw new AssertionError("not observed within " + Await.LIMIT.toSeconds() + " s: " + what
                        + "\nteardowns "
                        + teardowns + "\nfailed calls " + failedCalls + "\nin progress "
                        + lifecycle.teardownsInProgress() + "\n" + probes.losses() + " " + lifecycle.counters());
            }
            read();
        }
    }

    /** Reads available events after a short wait. */
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

    /** The number of records read from the ring. */
    long records() {
        return records;
    }

    /** The number of programs that the kernel skipped; 0 if it does not count them. */
    long missed() {
        Long missed = probes.losses().missed();
        return missed == null ? 0 : missed;
    }

    /** Scans the tasks of the host without the correlation. */
    List<FoundContext> inventoryRecords() {
        List<FoundContext> found = new ArrayList<>();
        probes.inventory(event -> found.add(FoundContext.of(event)));
        return found;
    }

    /** Scans the tasks of the host like the duty cycle, with the correlation. */
    void scan() {
        long now = BootClock.now();
        probes.follow(lifecycle.contextsInTeardown());
        lifecycle.beginScan(now);
        ScanGaps gaps = probes.inventory(lifecycle::accept);
        gaps.unreadable().forEach(lifecycle::skip);
        gaps.partial().forEach(lifecycle::skip);
        if (!gaps.isOfHost()) {
            lifecycle.skipUnlisted();
        }
        drain();
        lifecycle.endScan();
        lifecycle.newlyStuck(now - DutyCycle.STUCK_AFTER.toNanos()).forEach(teardown -> onStuck(teardown, now));
    }

    /** A copy of an inventory record. */
    record FoundContext(
            EventType type,
            int pid,
            long handle,
            int maxReqs,
            int outstandingSlots,
            int outstandingRefs,
            int unreaped) {
        static FoundContext of(Event event) {
            if (event instanceof LiveContextEvent live) {
                return new FoundContext(
                        live.type(),
                        live.pid(),
                        live.handle(),
                        live.maxReqs(),
                        live.outstandingSlots(),
                        live.outstandingRefs(),
                        live.unreaped());
            }
            long handle = event instanceof TaskInTeardownEvent task ? task.handle() : 0;
            return new FoundContext(event.type(), event.pid(), handle, 0, 0, 0, 0);
        }
    }

    @Override
    public void onStuck(TeardownInProgress teardown, long now) {
        stuck.add(new StuckTeardowns.StuckReport(teardown, now));
    }

    /** The teardowns that scans reported as stuck. */
    List<StuckTeardowns.StuckReport> stuck() {
        return stuck;
    }

    /** The requests that completed late. */
    List<Straggler> stragglers() {
        return stragglers;
    }

    /** The distinct stacks of this process, if they are recorded. */
    List<UserStack> stacks(int pid) {
        return stacks.stream().filter(stack -> stack.pid() == pid).toList();
    }

    /** All contexts whose setup was observed. */
    List<Context> setups() {
        return setups;
    }

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

    /** The outcomes of the refusals of this process. */
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
