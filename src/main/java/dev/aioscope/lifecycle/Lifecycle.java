package dev.aioscope.lifecycle;

import dev.aioscope.event.Event;
import dev.aioscope.event.Trigger;
import dev.aioscope.kernel.Errno;
import dev.aioscope.lifecycle.LiveContexts.Known;
import dev.aioscope.probe.Tier;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Puts contexts and their teardowns together from events. It knows no time but that of the events and of {@link
 * #advance}, does no I/O, and its tables are bounded. Not thread-safe.
 *
 * <p>What it builds on:
 *
 * <ul>
 *   <li>The kernel uses the address of a struct kioctx and the place of a ring again at once. A record belongs to the
 *       teardown whose pointer it has and into whose time it fits.
 *   <li>The probe of a step ends before the kernel goes on, so records that depend on each other come in their order.
 *       The steps after kill_ioctx run elsewhere: in an exit, which holds no reference of its own, all of them can
 *       come before KILL_EXIT, and in a destroy FREE and even the next SETUP with this pointer before DESTROY_EXIT.
 *       Within one teardown any order is taken.
 *   <li>Any record can be missing. A teardown is over when its last record is there, some time after a record proved
 *       that nobody waits any more, or when its pointer or its caller is seen elsewhere. As long as there is no such
 *       proof it goes on, for hours if need be: that is what stuck requests look like.
 * </ul>
 */
public final class Lifecycle {
    /**
     * How long the records of a teardown that is over can follow, ns. The memory goes a grace period and a kworker
     * later, some 20 ms; a caller can wait for a CPU for longer.
     */
    public static final long OVERDUE_NS = 10_000_000_000L;

    private static final int LARGEST = 5;
    private static final long LARGEST_NS = 100_000_000;

    private final LifecycleListener listener;
    private final LifecycleTables tables;
    private final Refusals refusals;
    private final Reconciler reconciler;
    private List<QuotaShare> largest = List.of();
    private long largestAt = Absent.NEVER;

    /**
     * Begins with nothing known.
     *
     * @param listener is told, during {@link #accept}, {@link #advance} and {@link #endInventory}
     * @param tier which records there will be: this decides when a teardown is complete
     * @param limits how much to remember
     */
    public Lifecycle(LifecycleListener listener, Tier tier, Limits limits) {
        this.listener = listener;
        this.tables = new LifecycleTables(listener, tier, limits);
        this.refusals = new Refusals(tier, listener::onRefusalOutcome);
        this.reconciler = new Reconciler(tables, refusals, listener, tier, limits);
    }

    /**
     * Takes the next record, in the order of the ring, or between {@link #beginInventory} and {@link #endInventory} also
     * one of the inventory. Nothing of the event is kept.
     *
     * @throws dev.aioscope.event.CorruptEventException if it holds what the probes do not send; it is left out then
     */
    public void accept(Event event) {
        switch (event.type()) {
            case SETUP -> setup(event);
            case DESTROY_ENTER, KILL_ENTER -> enter(event);
            case KILL_EXIT -> killExit(event);
            case USERS, REQS, FREE -> phase(event);
            case DESTROY_EXIT -> destroyExit(event);
            case STACK -> stack(event);
            case USE -> use(event);
            case STRAGGLER -> straggler(event);
            case LIVE_CONTEXT -> {
                reconciler.found(event);
                return;
            }
            case TASK_IN_TEARDOWN -> {
                reconciler.foundWaiting(event);
                return;
            }
            case TEARDOWN_STATE -> {
                reconciler.lookedInto(event);
                return;
            }
        }
        advance(event.time());
    }

    /**
     * Tells how far time has gone on. What is overdue by then is reported.
     *
     * @param boottimeNs CLOCK_BOOTTIME ns; every record up to then must have been handed in, so take the clock before
     *     the poll that found nothing more
     */
    public void advance(long boottimeNs) {
        refusals.advance(boottimeNs);
        tables.advance(boottimeNs);
    }

    /** Whether nothing is in progress that time alone could change. */
    public boolean isIdle() {
        return tables.open.isEmpty()
                && tables.ending.isEmpty()
                && tables.calls.isEmpty()
                && reconciler.isIdle()
                && tables.drainedExits.isEmpty()
                && refusals.isEmpty();
    }

    /**
     * Begins a look at the host: the records of the inventory follow, by {@link #accept}.
     *
     * @param boottimeNs CLOCK_BOOTTIME ns before the first task is looked at
     */
    public void beginInventory(long boottimeNs) {
        reconciler.begin(boottimeNs);
    }

    /** Tells of the look that was begun that it could not see into this process: nothing is missing of it. */
    public void unseen(int pid) {
        reconciler.unseen(pid);
    }

    /**
     * Ends a look. Between the last record of the inventory and this call every event that the ring held must be handed
     * in: a context that is missing in the tables may have its end told there.
     */
    public void endInventory() {
        reconciler.end();
    }

    /**
     * Tells what /proc says of the quota now, after a look: no record may come while a refused caller waits.
     *
     * @param boottimeNs CLOCK_BOOTTIME ns when that was read
     * @param aioNr fs.aio-nr; null if it cannot be read
     * @param aioMaxNr fs.aio-max-nr; null if it cannot be read
     */
    public void quota(long boottimeNs, @Nullable Long aioNr, @Nullable Long aioMaxNr) {
        refusals.looked();
        refusals.seen(boottimeNs, aioNr == null ? Absent.NEVER : aioNr, aioMaxNr == null ? Absent.NEVER : aioMaxNr);
    }

    /** The contexts that are alive as far as is known, oldest first. */
    public List<Context> liveContexts() {
        return tables.live.all().stream().map(known -> known.context).toList();
    }

    /**
     * The teardowns that go on as far as is known, oldest first: those for which somebody waits, and those whose memory
     * should have been freed long ago.
     */
    public List<TeardownInProgress> teardownsInProgress() {
        return Stream.of(
                        tables.open.stream().filter(OpenTeardown::goesOn),
                        tables.drainedExits.values().stream().filter(OpenTeardown::goesOn),
                        reconciler.certainLookups())
                .flatMap(teardowns -> teardowns)
                .map(OpenTeardown::progress)
                .toList();
    }

    /**
     * Tells which teardowns go on since that time and were not told of before; they are {@link TeardownInProgress#isStuck}
     * from now on.
     */
    public List<TeardownInProgress> newlyStuck(long since) {
        return stuckSince(since)
                .filter(OpenTeardown::becomesStuck)
                .map(OpenTeardown::progress)
                .toList();
    }

    /** Whether there are any, without telling of them. */
    public boolean isNewlyStuck(long since) {
        return stuckSince(since).anyMatch(teardown -> !teardown.isStuck());
    }

    private Stream<OpenTeardown> stuckSince(long since) {
        return Stream.of(tables.open.stream(), tables.drainedExits.values().stream(), reconciler.certainLookups())
                .flatMap(teardowns -> teardowns)
                .filter(teardown -> teardown.waitsSince() <= since);
    }

    /**
     * The contexts that are being torn down and that a look can look into: their handles by their pointers, oldest first.
     */
    public Map<Long, Long> contextsInTeardown() {
        Map<Long, Long> handles = new LinkedHashMap<>();
        tables.open.stream()
                .filter(OpenTeardown::isFollowed)
                .forEach(teardown -> handles.put(
                        teardown.context().kioctx(), teardown.context().handle()));
        return handles;
    }

    /** What could not be kept or used so far. */
    public Counters counters() {
        return tables.counters();
    }

    private void straggler(Event event) {
        OpenTeardown teardown = tables.byPointer.get(event.kioctx());
        if (teardown == null) {
            tables.orphanEvents++;
        } else {
            listener.onStraggler(Straggler.of(event, teardown.progress()));
        }
    }

    private void stack(Event event) {
        UserStack seen = tables.stacks.add(event);
        if (seen != null) {
            listener.onStack(seen);
        }
    }

    private void use(Event event) {
        WrongHandle wrong = tables.destroyed.explainUse(event);
        if (wrong == null) {
            // The address space is another process's by now, or the records of the destroy were lost.
            tables.orphanEvents++;
            return;
        }
        listener.onHandleUse(new HandleUse(event.use(), Task.of(event), event.time(), event.result(), wrong));
    }

    // ---- set-up ----

    private void setup(Event event) {
        tables.call(event.tid(), event.enterTime(), event.time(), false);
        if (event.result() < 0) {
            failedSetup(failed(FailedCall.Call.IO_SETUP, event, null));
            return;
        }
        refusals.setUp(event);
        if (event.handle() == Absent.NEVER) {
            tables.orphanEvents++;
            return;
        }
        tables.destroyed.remove(event.mm(), event.handle());
        Task owner = Task.of(event);
        OpenTeardown old = tables.byPointer.get(event.kioctx());
        if (old != null) {
            if (isEndedBeforeItsSetup(old, event)) {
                old.known.context = tables.context(old.context().generation(), event, owner);
                listener.onSetup(old.context());
                return;
            }
            tables.release(old);
        }
        Known known = replacedBy(event);
        if (known != null) {
            // A look found it before its record was read.
            tables.live.update(known, tables.context(known.context.generation(), event, owner));
        } else {
            known = new Known(tables.context(tables.nextGeneration(), event, owner), event.time(), 0);
            tables.live.add(known);
        }
        listener.onSetup(known.context);
    }

    private void failedSetup(FailedCall call) {
        if (call.isRefusal() && refusals.repeats(call)) {
            listener.onRetry(call);
        } else {
            listener.onFailedCall(call);
        }
    }

    /** Whether another thread ended the context before the io_setup that made it had returned. */
    private static boolean isEndedBeforeItsSetup(OpenTeardown teardown, Event setup) {
        return teardown.context().setupTime() == null
                && LiveContexts.samePlace(teardown.context(), setup.mm(), setup.handle())
                && teardown.since() >= setup.enterTime();
    }

    /** The live context that this SETUP is about, if it is known already; one that it replaces is ended. */
    private @Nullable Known replacedBy(Event setup) {
        Known known = tables.live.find(setup.kioctx(), setup.mm(), setup.handle());
        if (known == null) {
            return null;
        }
        if (known.context.setupTime() == null && known.since >= setup.enterTime() && known.fits(setup)) {
            return known;
        }
        if (known.since < setup.enterTime()) {
            tables.endUnseen(known, Teardown.End.UNKNOWN);
        } else {
            // A look was so far ahead of the ring that it found a later context: its own records are yet to come.
            tables.live.remove(known);
        }
        return null;
    }

    // ---- teardown ----

    /** KILL_ENTER, or DESTROY_ENTER in the tier {@code syscall}. */
    private void enter(Event event) {
        Trigger trigger = event.trigger();
        refusals.seen(event.time(), event.aioNr(), Absent.NEVER);
        long begin = event.callTime() == Absent.NEVER ? event.time() : event.callTime();
        TeardownAttempt attempt = tables.call(event.tid(), begin, event.time(), trigger == Trigger.EXIT);
        OpenTeardown teardown = tables.byPointer.get(event.kioctx());
        if (attempt == null && teardown != null) {
            attempt = teardown.attemptOf(event.tid(), begin, event.time());
        }
        if (attempt != null && (attempt.entered || !attempt.canBeOn(event.kioctx()))) {
            attempt = null;
        }
        if (attempt != null && attempt.teardown != null) {
            teardown = identify(attempt.teardown, event);
        } else if (teardown != null && !admits(teardown, event, trigger)) {
            tables.release(teardown);
            teardown = null;
        }
        if (teardown == null) {
            teardown = openFor(event, trigger);
        }
        if (attempt == null) {
            attempt = new TeardownAttempt(event);
        }
        attempt.enter(event, trigger);
        if (event.callTime() != Absent.NEVER) {
            attempt.stack = tables.stacks.of(event.tid(), event.callTime());
        }
        if (!attempt.returned) {
            tables.remember(attempt);
        }
        if (teardown != null) {
            teardown.join(attempt);
            if (trigger == Trigger.DESTROY) {
                tables.destroyed.add(teardown);
            }
            tables.settle(teardown, event.time());
        }
    }

    /** Gives a teardown of which only the caller was known its pointer. */
    private OpenTeardown identify(OpenTeardown teardown, Event event) {
        tables.fill(teardown.known, event, null);
        OpenTeardown other = tables.byPointer.put(teardown.context().kioctx(), teardown);
        if (other != null && other != teardown) {
            tables.release(other);
        }
        return teardown;
    }

    /** Whether this kill_ioctx by another call can be about the context that is being ended already. */
    private static boolean admits(OpenTeardown teardown, Event event, Trigger trigger) {
        if (!LiveContexts.samePlace(teardown.context(), event.mm(), event.handle())
                || !teardown.admits(event.time(), event.callTime())) {
            return false;
        }
        for (TeardownAttempt other : teardown.attempts) {
            // In an exit no other thread is left; and one thread does not get hold of the same context twice.
            if (trigger == Trigger.EXIT || other.trigger == Trigger.EXIT || other.caller.tid() == event.tid()) {
                return false;
            }
        }
        return true;
    }

    /** A new teardown for what this KILL_ENTER or DESTROY_ENTER ends; null if its handle is no context's. */
    private @Nullable OpenTeardown openFor(Event event, Trigger trigger) {
        Known known = tables.live.find(event.kioctx(), event.mm(), event.handle());
        if (known != null && known.isMovedTo(event)) {
            tables.live.update(known, known.context.withHandle(event.handle()));
        } else if (known != null && !known.fits(event)) {
            if (known.since <= event.time()) {
                tables.endUnseen(known, Teardown.End.UNKNOWN);
            }
            known = null;
        }
        if (known != null) {
            disownLater(known, event);
            return tables.open(known, event);
        }
        if (event.kioctx() == 0) {
            return null;
        }
        // Older than the agent, or its SETUP was lost.
        Task owner = trigger == Trigger.EXIT ? null : Task.of(event);
        return tables.open(new Known(tables.context(tables.nextGeneration(), event, owner), event.time(), 0), event);
    }

    /** Keeps the owner that a look found from a context that ended before the look: its process can be another one. */
    private static void disownLater(Known known, Event event) {
        Context found = known.context;
        if (event.time() < known.since && found.owner() != null && found.owner().pid() != event.pid()) {
            known.context = found.withOwner(null);
        }
    }

    private void killExit(Event event) {
        // Whether it is an exit the record does not tell.
        TeardownAttempt attempt = tables.call(event.tid(), event.enterTime(), event.time(), true);
        OpenTeardown teardown = tables.byPointer.get(event.kioctx());
        if (attempt == null && teardown != null) {
            attempt = teardown.attemptOf(event.tid(), event.enterTime(), event.time());
        }
        if (attempt != null && (attempt.killExitTime != Absent.NEVER || !attempt.canBeOn(event.kioctx()))) {
            attempt = null;
        }
        if (event.result() != 0) {
            if (attempt != null) {
                tables.lose(attempt);
            }
            return;
        }
        if (attempt == null) {
            if (teardown != null && !teardown.isOfTime(event)) {
                tables.orphanEvents++;
                return;
            }
            if (teardown != null && (teardown.winner != null || !teardown.admits(event.enterTime(), Absent.NEVER))) {
                tables.release(teardown);
                teardown = null;
            }
            if (teardown == null) {
                teardown = openLate(event, event.enterTime());
            }
            if (teardown == null) {
                return;
            }
            attempt = new TeardownAttempt(event);
            teardown.join(attempt);
        }
        attempt.exit(event);
        teardown = win(attempt, event);
        refusals.released(teardown.context(), attempt.caller, attempt.trigger, event.enterTime(), event.time());
        refusals.seen(event.time(), event.aioNr(), Absent.NEVER);
        if (attempt.trigger == Trigger.EXIT || attempt.trigger == Trigger.ROLLBACK) {
            tables.calls.remove(event.tid(), attempt);
        } else if (!attempt.returned) {
            tables.remember(attempt);
        }
        tables.settle(teardown, event.time());
    }

    /** This attempt has ended a context: only one of several gets 0 from the kernel. */
    private OpenTeardown win(TeardownAttempt attempt, Event event) {
        OpenTeardown teardown = attempt.teardown;
        if (teardown != null && teardown.winner != null && teardown.winner != attempt) {
            // It had been taken for the loser, but the pointer had been used again.
            teardown.attempts.remove(attempt);
            tables.release(teardown);
            teardown = null;
        }
        if (teardown == null) {
            teardown = openUnknown(attempt, event);
        }
        teardown.winner = attempt;
        return teardown;
    }

    /** A teardown of a context of which no more is known than what the attempt to end it tells. */
    private OpenTeardown openUnknown(TeardownAttempt attempt, Event event) {
        long kioctx = attempt.kioctx != 0 ? attempt.kioctx : event.kioctx();
        Context context = Context.of(tables.nextGeneration(), kioctx, attempt.mm, attempt.handle)
                .withSize(Absent.s32(attempt.maxReqs), Absent.s32(attempt.nrEvents))
                .withOwner(attempt.trigger == Trigger.EXIT ? null : attempt.caller);
        OpenTeardown teardown = tables.open(new Known(context, attempt.since(), 0), event);
        teardown.join(attempt);
        return teardown;
    }

    private void phase(Event event) {
        OpenTeardown teardown = tables.byPointer.get(event.kioctx());
        if (teardown != null && teardown.isOutlivedBy(event)) {
            teardown.outlivedBy(event);
            tables.release(teardown);
            teardown = null;
        }
        if (teardown == null) {
            teardown = openLate(event, OpenTeardown.phaseTime(event));
        } else if (teardown.isNewerThan(event)) {
            tables.orphanEvents++;
            return;
        }
        if (teardown != null) {
            teardown.apply(event);
            tables.settle(teardown, event.time());
        }
    }

    /** A teardown of which an earlier record is missing, if the context was alive at that time; else an orphan. */
    private @Nullable OpenTeardown openLate(Event event, long time) {
        Known known = tables.live.byPointer(event.kioctx());
        if (known == null || known.since > time) {
            tables.orphanEvents++;
            return null;
        }
        return tables.open(known, event);
    }

    private void destroyExit(Event event) {
        TeardownAttempt attempt = tables.call(event.tid(), event.enterTime(), event.time(), false);
        tables.calls.remove(event.tid());
        if (tables.look != null) {
            tables.look.isDone(event.tid());
        }
        if (event.result() < 0) {
            OpenTeardown tried = attempt == null ? null : attempt.teardown;
            if (attempt != null) {
                tables.lose(attempt);
            }
            listener.onFailedCall(
                    failed(FailedCall.Call.IO_DESTROY, event, tables.destroyed.explain(event, tried, tables.live)));
            return;
        }
        if (attempt == null || attempt.teardown == null) {
            OpenTeardown ended = openReturned(event);
            if (attempt == null && ended == null) {
                tables.orphanEvents++;
                return;
            }
            attempt = attempt == null ? new TeardownAttempt(event) : attempt;
            if (ended != null) {
                ended.join(attempt);
            }
        }
        attempt.destroyed(event);
        if (attempt.stack == null) {
            attempt.stack = tables.stacks.of(event.tid(), event.enterTime());
        }
        OpenTeardown teardown = win(attempt, event);
        if (attempt.killExitTime == Absent.NEVER) {
            refusals.released(teardown.context(), attempt.caller, Trigger.DESTROY, event.enterTime(), event.time());
        }
        tables.destroyed.add(teardown);
        teardown.isOverBefore(event.time());
        tables.settle(teardown, event.time());
    }

    /**
     * What an io_destroy has ended whose entry into kill_ioctx was not seen: the context at this place, if it was alive
     * all the time; null if that cannot be known. A teardown that goes on without a caller is not it for certain: while
     * it drains its place can belong to the next context.
     */
    private @Nullable OpenTeardown openReturned(Event event) {
        Known known = tables.live.byPlace(event.mm(), event.handle());
        return known != null && known.since <= event.enterTime() ? tables.open(known, event) : null;
    }

    private FailedCall failed(FailedCall.Call call, Event event, @Nullable WrongHandle wrongHandle) {
        boolean isSetup = call == FailedCall.Call.IO_SETUP;
        return new FailedCall(
                call,
                Task.of(event),
                event.mm(),
                Absent.u64(event.enterTime()),
                event.time(),
                (int) -event.result(),
                isSetup ? null : (Long) event.handle(),
                isSetup ? (Integer) event.maxReqs() : null,
                isSetup ? Absent.u64(event.aioNr()) : null,
                isSetup ? Absent.u64(event.aioMaxNr()) : null,
                tables.stacks.of(event.tid(), event.enterTime()),
                isSetup && event.result() == -Errno.EAGAIN ? largest(event.time()) : List.of(),
                wrongHandle);
    }

    /** Who holds most; found anew ten times a second at most, since one that is refused often tries again at once. */
    private List<QuotaShare> largest(long now) {
        if (largestAt == Absent.NEVER || now - largestAt >= LARGEST_NS) {
            largest = tables.live.largest(LARGEST);
            largestAt = now;
        }
        return largest;
    }
}
