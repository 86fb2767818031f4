package dev.aioscope.lifecycle;

import dev.aioscope.event.EventBuilder;
import dev.aioscope.event.EventLayout;
import dev.aioscope.event.EventType;
import dev.aioscope.event.ReleasedBy;
import dev.aioscope.event.Trigger;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.Deque;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Random;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Simulates processes with AIO contexts as in fs/aio.c. It records the events that the probes would send and the ground
 * truth. Pointers, address spaces and ring addresses are reused at once, threads race, exits are preempted, and some
 * requests never complete.
 */
final class SimulatedKernel {

    /** A record in the ring or in an inventory. */
    record Sent(
            long at,
            long time,
            EventBuilder record,
            EventType type,
            @Nullable GroundTruth truth) {}

    /** One inventory: its records, and the time up to which the ring was read when it began. */
    record SimulatedScan(long at, long readUntil, List<EventBuilder> found) {}

    /** The ground truth of one context. The values have the names of the components of Teardown and Context. */
    static final class GroundTruth {
        final Map<String, Object> values = new HashMap<>();
        final Map<EventType, Sent> sent = new EnumMap<>(EventType.class);
        /** The previous context with this pointer. */
        @Nullable GroundTruth before;
        /** The next context with this pointer. */
        @Nullable GroundTruth after;

        boolean isRaced;
        boolean hasEnded;
        boolean isKilled;

        @Nullable Long setupReturned;

        @Nullable Task setUpBy;
    }

    /** A failed call that must be reported. */
    record Failure(FailedCall.SystemCall call, int tid, long returnTime, int errno) {}

    private static final long US = 1_000;
    private static final long MS = 1_000_000;
    private static final int EINVAL = 22;

    final List<Sent> ring = new ArrayList<>();
    final List<SimulatedScan> inventories = new ArrayList<>();
    final List<GroundTruth> truths = new ArrayList<>();
    final List<Failure> failures = new ArrayList<>();

    private record SimulatedStep(long at, long number, Runnable action) {}

    private static final class SimulatedProgram {
        final int pid;
        final long mm;
        final List<Kioctx> table = new ArrayList<>();
        final Deque<Long> addresses = new ArrayDeque<>();
        int busy;
        boolean isExiting;

        SimulatedProgram(int pid, long mm) {
            this.pid = pid;
            this.mm = mm;
            for (long i = 0; i < 6; i++) {
                addresses.add(0x7f00_0000_0000L + i * 4096);
            }
        }
    }

    private static final class Kioctx {
        final long pointer;
        final SimulatedProgram owner;
        final long handle;
        final int maxReqs;
        final int nrEvents;
        final GroundTruth truth = new GroundTruth();
        boolean isDead;
        /** References of callers. free_ioctx_users runs after the last is released. */
        int users;

        int requests;
        boolean isStuck;

        @Nullable Runnable wake;

        Kioctx(long pointer, SimulatedProgram owner, long handle, int maxReqs) {
            this.pointer = pointer;
            this.owner = owner;
            this.handle = handle;
            this.maxReqs = maxReqs;
            this.nrEvents = maxReqs * 2 + 127;
        }
    }

    private final Random random;
    private final double stuckRate;
    private final Deque<Long> pointers = new ArrayDeque<>();
    private final Deque<Long> spaces = new ArrayDeque<>();
    private final Map<Long, GroundTruth> lastOn = new HashMap<>();
    private final PriorityQueue<SimulatedStep> steps =
            new PriorityQueue<>(Comparator.comparingLong(SimulatedStep::at).thenComparingLong(SimulatedStep::number));
    private final Set<Long> stamps = new HashSet<>();
    private final List<SimulatedProgram> processes = new ArrayList<>();
    private long now = 1_000 * MS;
    private long stepNumber;
    private int nextPid = 1000;
    private int remainingActions;

    SimulatedKernel(long seed, int processCount, int actions, double stuckRate) {
        random = new Random(seed);
        this.stuckRate = stuckRate;
        remainingActions = actions;
        for (long i = 0; i < 12; i++) {
            pointers.add(0xffff_8880_0001_0000L + i * 640);
        }
        for (long i = 0; i < processCount; i++) {
            spaces.add(0xffff_8880_0100_0000L + i * 1024);
        }
        for (int i = 0; i < processCount; i++) {
            startProcess();
        }
    }

    /** Runs until each teardown that is not stuck ends. */
    void run() {
        while (!steps.isEmpty()) {
            SimulatedStep step = steps.remove();
            now = step.at();
            step.action().run();
        }
        // The kernel reserves space before it reads the clock, so the ring has the order of the reservations.
        Collections.sort(ring, Comparator.comparingLong(Sent::at));
    }

    // ---- processes ----

    private void startProcess() {
        SimulatedProgram process = new SimulatedProgram(nextPid, spaces.pop());
        nextPid += 10;
        processes.add(process);
        int threads = 2 + random.nextInt(2);
        for (int i = 0; i < threads; i++) {
            act(process, new Task(process.pid, process.pid + i, "t" + i, process.pid, 0));
        }
    }

    private void act(SimulatedProgram process, Task thread) {
        in(us(50, 8_000), () -> {
            if (process.isExiting || remainingActions <= 0) {
                return;
            }
            remainingActions--;
            process.busy++;
            int choice = random.nextInt(100);
            if (choice < 45) {
                setup(process, thread);
            } else if (choice < 93) {
                destroy(process, thread);
            } else if (choice < 96) {
                done(process, thread);
                scan();
            } else {
                process.isExiting = true;
                done(process, thread);
            }
        });
    }

    private void done(SimulatedProgram process, Task thread) {
        process.busy--;
        if (!process.isExiting) {
            act(process, thread);
        } else if (process.busy == 0) {
            exit(process, thread);
        }
    }

    // ---- io_setup ----

    private void setup(SimulatedProgram process, Task thread) {
        long enter = stamp();
        int maxReqs = 1 + random.nextInt(3) * 64;
        boolean isRefused = random.nextInt(12) == 0 || pointers.isEmpty() || process.addresses.isEmpty();
        in(us(20, 60), () -> {
            if (isRefused || pointers.isEmpty() || process.addresses.isEmpty()) {
                in(us(20, 60), () -> failedSetup(process, thread, enter, maxReqs, 11));
                return;
            }
            Kioctx ctx = new Kioctx(pointers.pop(), process, process.addresses.pop(), maxReqs);
            ctx.truth.before = lastOn.put(ctx.pointer, ctx.truth);
            if (ctx.truth.before != null) {
                ctx.truth.before.after = ctx.truth;
            }
            truths.add(ctx.truth);
            describe(ctx);
            ctx.users = 1;
            process.table.add(ctx);
            if (random.nextInt(15) == 0) {
                in(us(10, 20), () -> rollback(ctx, thread, enter));
                return;
            }
            // From now on another thread can guess the handle and destroy the context.
            in(us(20, 300), () -> {
                release(ctx);
                in(us(10, 100), () -> setupReturns(ctx, thread, enter));
            });
        });
    }

    private void describe(Kioctx ctx) {
        ctx.requests = random.nextInt(3) == 0 ? 1 + random.nextInt(50) : 0;
        ctx.isStuck = ctx.requests > 0 && random.nextDouble() < stuckRate;
        Map<String, Object> values = ctx.truth.values;
        values.put("kioctx", ctx.pointer);
        values.put("mm", ctx.owner.mm);
        values.put("handle", ctx.handle);
        values.put("maxReqs", ctx.maxReqs);
        values.put("nrEvents", ctx.nrEvents);
    }

    private void setupReturns(Kioctx ctx, Task thread, long enter) {
        long time = stamp();
        ctx.truth.setupReturned = time;
        ctx.truth.setUpBy = thread;
        ctx.truth.values.put("setupEnterTime", enter);
        ctx.truth.values.put("setupTime", time);
        ctx.truth.values.put("owner", thread);
        EventBuilder record = caller(EventBuilder.setup(), ctx.owner, thread)
                .kioctx(ctx.pointer)
                .enterTime(enter)
                .handle(ctx.handle)
                .size(ctx.maxReqs, ctx.nrEvents);
        send(record, EventType.SETUP, time, ctx.truth);
        done(ctx.owner, thread);
    }

    private void failedSetup(SimulatedProgram process, Task thread, long enter, int maxReqs, int errno) {
        long time = stamp();
        EventBuilder record = caller(EventBuilder.setup(), process, thread)
                .enterTime(enter)
                .result(-errno)
                .size(maxReqs, EventLayout.ABSENT_S32);
        send(record, EventType.SETUP, time, null);
        failures.add(new Failure(FailedCall.SystemCall.IO_SETUP, thread.tid(), time, errno));
        done(process, thread);
    }

    private void rollback(Kioctx ctx, Task thread, long setupEnter) {
        ctx.truth.values.put("owner", thread);
        kill(ctx, thread, Trigger.ROLLBACK, EventLayout.ABSENT_U64, won -> {
            release(ctx);
            in(us(10, 50), () -> failedSetup(ctx.owner, thread, setupEnter, ctx.maxReqs, 14));
        });
    }

    // ---- io_destroy ----

    private void destroy(SimulatedProgram process, Task thread) {
        long enter = stamp();
        boolean isWrong = process.table.isEmpty() || random.nextInt(12) == 0;
        // Makes races for the same context likely.
        Kioctx wanted = isWrong ? null : process.table.get(random.nextInt(Math.min(2, process.table.size())));
        long handle = wanted == null ? 0xbad000 : wanted.handle;
        in(us(10, 200), () -> {
            Kioctx found = process.table.stream()
                    .filter(ctx -> ctx.handle == handle)
                    .findFirst()
                    .orElse(null);
            if (found == null) {
                destroyReturns(process, thread, enter, handle, -EINVAL, null);
                return;
            }
            found.users++;
            in(
                    us(10, 150),
                    () -> kill(found, thread, Trigger.DESTROY, enter, won -> {
                        release(found);
                        if (won) {
                            found.wake = () -> in(
                                    us(20, random.nextInt(4) == 0 ? 40_000 : 300),
                                    () -> destroyReturns(process, thread, enter, handle, 0, found));
                        } else {
                            in(us(10, 40), () -> destroyReturns(process, thread, enter, handle, -EINVAL, null));
                        }
                    }));
        });
    }

    private void destroyReturns(
            SimulatedProgram process, Task thread, long enter, long handle, int result, @Nullable Kioctx ctx) {
        long time = stamp();
        long switches = 1L + random.nextInt(3);
        boolean sigkill = random.nextInt(8) == 0;
        GroundTruth truth = ctx == null ? null : ctx.truth;
        if (truth == null) {
            failures.add(new Failure(FailedCall.SystemCall.IO_DESTROY, thread.tid(), time, -result));
        } else {
            sigkill |= Boolean.TRUE.equals(truth.values.get("pendingSigkill"));
            truth.values.put("enterTime", enter);
            truth.values.put("returnTime", time);
            truth.values.put("result", (long) result);
            truth.values.put("voluntarySwitches", switches);
            truth.values.put("pendingSigkill", sigkill);
        }
        EventBuilder record = caller(EventBuilder.destroyExit(), process, thread)
                .enterTime(enter)
                .handle(handle)
                .result(result)
                .voluntarySwitches(switches)
                .pendingSigkill(sigkill);
        send(record, EventType.DESTROY_EXIT, time, truth);
        done(process, thread);
    }

    // ---- exit_aio ----

    private void exit(SimulatedProgram process, Task thread) {
        processes.remove(process);
        if (process.table.isEmpty()) {
            spaces.push(process.mm);
            if (remainingActions > 0) {
                startProcess();
            }
            return;
        }
        int[] remaining = {process.table.size()};
        for (Kioctx ctx : process.table) {
            ctx.wake = () -> {
                remaining[0]--;
                if (remaining[0] == 0) {
                    spaces.push(process.mm);
                    startProcess();
                }
            };
        }
        killNext(process, thread);
    }

    private void killNext(SimulatedProgram process, Task thread) {
        if (!process.table.isEmpty()) {
            in(
                    us(10, 40),
                    () -> kill(process.table.get(0), thread, Trigger.EXIT, EventLayout.ABSENT_U64, won -> {
                        killNext(process, thread);
                    }));
        }
    }

    // ---- kill_ioctx and after ----

    private interface Killed {
        void then(boolean hasWon);
    }

    private void kill(Kioctx ctx, Task thread, Trigger trigger, long callTime, Killed killed) {
        long enter = stamp();
        Map<String, Object> mine = new HashMap<>();
        int slots = ctx.requests + random.nextInt(2);
        int unreaped = random.nextInt(5);
        int siblings = random.nextInt(2);
        long aioNr = random.nextInt(65536);
        mine.put("caller", thread);
        mine.put("trigger", trigger);
        mine.put("killEnterTime", enter);
        mine.put("outstandingSlots", slots);
        mine.put("outstandingRefs", ctx.requests);
        mine.put("unreaped", unreaped);
        mine.put("siblings", siblings);
        mine.put("aioNrBefore", aioNr);
        if (callTime != EventLayout.ABSENT_U64) {
            mine.put("enterTime", callTime);
        }
        EventBuilder record = caller(EventBuilder.killEnter(trigger), ctx.owner, thread)
                .kioctx(ctx.pointer)
                .callTime(callTime)
                .handle(ctx.handle)
                .size(ctx.maxReqs, ctx.nrEvents)
                .requests(slots, ctx.requests, unreaped, siblings)
                .aioNr(aioNr);
        Sent sent = send(record, EventType.KILL_ENTER, enter, ctx.truth.isKilled ? null : ctx.truth);
        if (ctx.truth.isKilled) {
            ctx.truth.isRaced = true;
        }
        ctx.truth.isKilled = true;
        in(us(10, 80), () -> {
            boolean hasWon = !ctx.isDead;
            if (hasWon) {
                ctx.isDead = true;
                ctx.owner.table.remove(ctx);
                ctx.truth.values.putAll(mine);
                ctx.truth.sent.put(EventType.KILL_ENTER, sent);
            }
            leaveKill(ctx, thread, trigger, enter, hasWon, killed);
        });
    }

    private void leaveKill(Kioctx ctx, Task thread, Trigger trigger, long enter, boolean hasWon, Killed killed) {
        boolean unmaps = hasWon && trigger != Trigger.EXIT;
        long unmapEnter = unmaps ? stamp() : EventLayout.ABSENT_U64;
        in(unmaps ? us(10, random.nextInt(10) == 0 ? 20_000 : 100) : 0, () -> {
            long unmapExit = unmaps ? stamp() : EventLayout.ABSENT_U64;
            if (unmaps) {
                ctx.owner.addresses.push(ctx.handle);
            }
            if (hasWon && ctx.users == 0) {
                in(grace(), () -> users(ctx));
            }
            // In an exit, a thread that is preempted here can leave kill_ioctx after the teardown is over.
            boolean isPreempted = trigger == Trigger.EXIT && random.nextInt(5) == 0;
            in(us(10, isPreempted ? 60_000 : 60), () -> {
                long time = stamp();
                long aioNr = random.nextInt(65536);
                boolean sigkill = random.nextInt(8) == 0;
                if (hasWon) {
                    Map<String, Object> values = ctx.truth.values;
                    values.put("killExitTime", time);
                    values.put("aioNrAfter", aioNr);
                    values.put("pendingSigkill", sigkill);
                    if (unmaps) {
                        values.put("unmapEnterTime", unmapEnter);
                        values.put("unmapExitTime", unmapExit);
                        values.put("unmapResult", 0);
                    }
                }
                EventBuilder record = caller(EventBuilder.killExit(), ctx.owner, thread)
                        .kioctx(ctx.pointer)
                        .enterTime(enter)
                        .result(hasWon ? 0 : -EINVAL)
                        .aioNr(aioNr)
                        .unmap(unmapEnter, unmapExit, unmaps ? 0 : EventLayout.ABSENT_S32)
                        .pendingSigkill(sigkill);
                send(record, EventType.KILL_EXIT, time, hasWon ? ctx.truth : null);
                in(us(10, 20), () -> killed.then(hasWon));
            });
        });
    }

    /** percpu_ref_put on users: after percpu_ref_kill, the last one runs free_ioctx_users a grace period later. */
    private void release(Kioctx ctx) {
        ctx.users--;
        if (ctx.users == 0 && ctx.isDead) {
            in(grace(), () -> users(ctx));
        }
    }

    private void users(Kioctx ctx) {
        Map<String, Object> values = ctx.truth.values;
        if (values.containsKey("usersEnterTime")) {
            return;
        }
        long enter = stamp();
        values.put("usersEnterTime", enter);
        values.put("outstandingAfterGrace", ctx.requests);
        values.put("cancellableBefore", 3);
        values.put("cancellableAfter", 0);
        values.put("usersReleasedBy", ReleasedBy.RCU);
        boolean isSlow = random.nextInt(10) == 0;
        in(us(10, isSlow ? 4_000 : 100), () -> {
            long time = stamp();
            values.put("usersExitTime", time);
            EventBuilder record = EventBuilder.users()
                    .kioctx(ctx.pointer)
                    .enterTime(enter)
                    .cancel(3, 0, ctx.requests)
                    .releasedBy(ReleasedBy.RCU);
            send(record, EventType.USERS, time, ctx.truth);
        });
        if (!ctx.isStuck) {
            in(ctx.requests > 0 ? us(20, 100_000) : grace(), () -> reqs(ctx));
        }
    }

    private void reqs(Kioctx ctx) {
        long time = stamp();
        ReleasedBy by = ctx.requests > 0 ? ReleasedBy.HOLDER : ReleasedBy.RCU;
        ctx.truth.values.put("reqsTime", time);
        ctx.truth.values.put("reqsReleasedBy", by);
        send(EventBuilder.reqs().kioctx(ctx.pointer).releasedBy(by), EventType.REQS, time, ctx.truth);
        if (ctx.wake != null) {
            ctx.wake.run();
        }
        in(us(5_000, 25_000), () -> {
            long free = stamp();
            ctx.truth.values.put("freeTime", free);
            ctx.truth.hasEnded = true;
            send(EventBuilder.free().kioctx(ctx.pointer), EventType.FREE, free, ctx.truth);
            in(us(10, 20), () -> pointers.push(ctx.pointer));
        });
    }

    // ---- inventory ----

    /** Scans the tables while a part of the ring is still unread. */
    private void scan() {
        List<EventBuilder> found = new ArrayList<>();
        for (SimulatedProgram process : processes) {
            for (Kioctx ctx : process.table) {
                found.add(EventBuilder.liveContext()
                        .time(stamp())
                        .kioctx(ctx.pointer)
                        .mm(process.mm)
                        .cgroup(process.pid)
                        .task(process.pid, process.pid, "t0")
                        .handle(ctx.handle)
                        .size(ctx.maxReqs, ctx.nrEvents));
            }
        }
        inventories.add(new SimulatedScan(now, now - us(0, 50_000), found));
    }

    // ---- records ----

    private static EventBuilder caller(EventBuilder record, SimulatedProgram process, Task thread) {
        return record.mm(process.mm).cgroup(thread.cgroup()).task(thread.pid(), thread.tid(), thread.comm());
    }

    private Sent send(EventBuilder record, EventType type, long time, @Nullable GroundTruth truth) {
        Sent sent = new Sent(now, time, record.time(time), type, truth);
        ring.add(sent);
        if (truth != null && !truth.sent.containsKey(type)) {
            truth.sent.put(type, sent);
        }
        return sent;
    }

    /** A unique time up to 5 us after now, so records of different CPUs can be out of order. */
    private long stamp() {
        long time = now + random.nextInt(5_000);
        while (!stamps.add(time)) {
            time++;
        }
        return time;
    }

    private void in(long delay, Runnable action) {
        steps.add(new SimulatedStep(now + delay, stepNumber++, action));
    }

    private long us(int from, int to) {
        return (from + random.nextInt(to - from + 1)) * US;
    }

    private long grace() {
        return us(2_000, 20_000);
    }
}
