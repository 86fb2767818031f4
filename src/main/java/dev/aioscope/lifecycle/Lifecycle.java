package dev.aioscope.lifecycle;

import dev.aioscope.event.Event;
import dev.aioscope.event.EventType;
import dev.aioscope.event.Trigger;
import dev.aioscope.event.WaitsFor;
import dev.aioscope.kernel.Errno;
import dev.aioscope.lifecycle.LiveContexts.Known;
import dev.aioscope.probe.Tier;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
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
    private final Tier tier;
    private final Limits limits;

    private final LiveContexts live;
    /** All teardowns that are not reported, oldest first. */
    private final Set<OpenTeardown> open = new LinkedHashSet<>();
    /** Those that can still get records by their pointer. */
    private final Map<Long, OpenTeardown> byPointer = new HashMap<>();
    /** Those that are over and wait for their last records, in the order of their deadlines. */
    private final Set<OpenTeardown> ending = new LinkedHashSet<>();
    /** What each thread (tid) is inside of, as far as is known. */
    private final Map<Integer, Attempt> calls = new LinkedHashMap<>();

    /** Calls of io_destroy that have not reached kill_ioctx at the latest look, by thread. */
    private final Map<Integer, OpenTeardown> lookups = new LinkedHashMap<>();

    /**
     * Exits of which all is told, by the thread: whether it goes on no record tells, so the next look does. The latest of
     * each thread.
     */
    private final Map<Integer, OpenTeardown> drainedExits = new LinkedHashMap<>();

    private final UserStacks stacks;
    private final Refusals refusals;
    private final DestroyedHandles destroyed = new DestroyedHandles();

    private @Nullable Look look;
    private int looks;
    private List<Holding> largest = List.of();
    private long largestAt = Seen.NEVER;
    private long generations;
    private long evictedTeardowns;
    private long evictedCalls;
    private long orphanEvents;

    /**
     * Begins with nothing known.
     *
     * @param listener is told, during {@link #accept}, {@link #advance} and {@link #endInventory}
     * @param tier which records there will be: this decides when a teardown is complete
     * @param limits how much to remember
     */
    public Lifecycle(LifecycleListener listener, Tier tier, Limits limits) {
        this.listener = listener;
        this.tier = tier;
        this.limits = limits;
        this.live = new LiveContexts(limits.contexts());
        this.stacks = new UserStacks(limits.calls());
        this.refusals = new Refusals(tier, listener::onRefusalOutcome);
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
                found(event);
                return;
            }
            case TASK_IN_TEARDOWN -> {
                foundWaiting(event);
                return;
            }
            case TEARDOWN_LOOK -> {
                lookedInto(event);
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
        while (!ending.isEmpty()) {
            OpenTeardown first = ending.iterator().next();
            if (!first.isOverdue(boottimeNs)) {
                return;
            }
            close(first, Teardown.End.UNKNOWN);
        }
    }

    /** Whether nothing is in progress that time alone could change. */
    public boolean isIdle() {
        return open.isEmpty()
                && ending.isEmpty()
                && calls.isEmpty()
                && lookups.isEmpty()
                && drainedExits.isEmpty()
                && refusals.isEmpty();
    }

    /**
     * Begins a look at the host: the records of the inventory follow, by {@link #accept}.
     *
     * @param boottimeNs CLOCK_BOOTTIME ns before the first task is looked at
     */
    public void beginInventory(long boottimeNs) {
        looks++;
        look = new Look(boottimeNs, limits.calls());
    }

    /** Tells of the look that was begun that it could not see into this process: nothing is missing of it. */
    public void unseen(int pid) {
        Look current = look;
        if (current == null) {
            throw new IllegalStateException("no inventory was begun");
        }
        current.isUnseen(pid);
    }

    /**
     * Ends a look. Between the last record of the inventory and this call every event that the ring held must be handed
     * in: a context that is missing in the tables may have its end told there.
     */
    public void endInventory() {
        Look ended = look;
        if (ended == null) {
            throw new IllegalStateException("no inventory was begun");
        }
        look = null;
        endReplaced(ended);
        endNoLongerWaiting(ended);
        endUntold(ended);
        Map<Integer, OpenTeardown> lookupsBefore = Map.copyOf(lookups);
        lookups.clear();
        List<Known> gone = gone(ended);
        openWaiting(ended, gone, lookupsBefore);
        for (Known known : gone) {
            refusals.released(known.context, null, null, known.since, ended.begin);
            endUnseen(known, Teardown.End.VANISHED);
        }
        for (OpenTeardown teardown : open) {
            teardown.isSeenInside(inside(ended, teardown));
            if (teardown.isNotWoken(ended, this::waitsForAnother) || teardown.isSeenUnfreed()) {
                // What is to follow does not come, so neither does the end of the time for its last records.
                teardown.overdueAt(ended.begin + OVERDUE_NS);
                ending.remove(teardown);
                ending.add(teardown);
            }
        }
    }

    /** Whether an exit can wait for another context too: one that is not drained, or whose end was not told. */
    private boolean waitsForAnother(Attempt exit) {
        return open.stream()
                        .filter(other -> !other.isOver())
                        .flatMap(other -> other.attempts.stream())
                        .anyMatch(attempt -> attempt.caller.tid() == exit.caller.tid())
                || live.all().stream()
                        .anyMatch(known -> known.look != looks
                                && known.context.owner() != null
                                && known.context.owner().pid() == exit.caller.pid());
    }

    /**
     * Without probes on free_ioctx a context can have been freed, and another one be in its place, unless its caller still
     * waits.
     */
    private Look.Inside inside(Look ended, OpenTeardown teardown) {
        Attempt by = teardown.by();
        if (tier == Tier.PROC) {
            return by == null ? Look.Inside.NOT_SEEN : ended.insideBy(by.caller);
        }
        boolean isThere = tier == Tier.FULL
                ? teardown.isFollowed()
                : !teardown.isOver() && by != null && ended.isWaiting(by.caller.tid());
        return isThere ? ended.inside(teardown.context().kioctx()) : Look.Inside.NOT_SEEN;
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
        refusals.seen(boottimeNs, aioNr == null ? Seen.NEVER : aioNr, aioMaxNr == null ? Seen.NEVER : aioMaxNr);
    }

    /** The contexts that are alive as far as is known, oldest first. */
    public List<Context> liveContexts() {
        return live.all().stream().map(known -> known.context).toList();
    }

    /**
     * The teardowns that go on as far as is known, oldest first: those for which somebody waits, and those whose memory
     * should have been freed long ago.
     */
    public List<TeardownInProgress> teardownsInProgress() {
        return Stream.of(
                        open.stream().filter(OpenTeardown::goesOn),
                        drainedExits.values().stream().filter(OpenTeardown::goesOn),
                        certainLookups())
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
        return Stream.of(open.stream(), drainedExits.values().stream(), certainLookups())
                .flatMap(teardowns -> teardowns)
                .filter(teardown -> teardown.waitsSince() <= since);
    }

    private Stream<OpenTeardown> certainLookups() {
        return lookups.values().stream().filter(OpenTeardown::isSeenToWait);
    }

    /**
     * The contexts that are being torn down and that a look can look into: their handles by their pointers, oldest first.
     */
    public Map<Long, Long> contextsInTeardown() {
        Map<Long, Long> handles = new LinkedHashMap<>();
        open.stream()
                .filter(OpenTeardown::isFollowed)
                .forEach(teardown -> handles.put(
                        teardown.context().kioctx(), teardown.context().handle()));
        return handles;
    }

    /** What could not be kept or used so far. */
    public Counters counters() {
        return new Counters(live.evicted(), evictedTeardowns, evictedCalls, orphanEvents);
    }

    private void straggler(Event event) {
        OpenTeardown teardown = byPointer.get(event.kioctx());
        if (teardown == null) {
            orphanEvents++;
        } else {
            listener.onStraggler(Straggler.of(event, teardown.progress()));
        }
    }

    private void stack(Event event) {
        UserStack seen = stacks.add(event);
        if (seen != null) {
            listener.onStack(seen);
        }
    }

    private void use(Event event) {
        WrongHandle wrong = destroyed.explainUse(event);
        if (wrong == null) {
            // The address space is another process's by now, or the records of the destroy were lost.
            orphanEvents++;
            return;
        }
        listener.onHandleUse(new HandleUse(event.use(), Task.of(event), event.time(), event.result(), wrong));
    }

    // ---- set-up ----

    private void setup(Event event) {
        call(event.tid(), event.enterTime(), event.time(), false);
        if (event.result() < 0) {
            failedSetup(failed(FailedCall.Call.IO_SETUP, event, null));
            return;
        }
        refusals.setUp(event);
        if (event.handle() == Seen.NEVER) {
            orphanEvents++;
            return;
        }
        destroyed.remove(event.mm(), event.handle());
        Task owner = Task.of(event);
        OpenTeardown old = byPointer.get(event.kioctx());
        if (old != null) {
            if (isEndedBeforeItsSetup(old, event)) {
                old.known.context = context(old.context().generation(), event, owner, event.time());
                listener.onSetup(old.context());
                return;
            }
            release(old);
        }
        Known known = replacedBy(event);
        if (known != null) {
            // A look found it before its record was read.
            live.update(known, context(known.context.generation(), event, owner, event.time()));
        } else {
            known = new Known(context(++generations, event, owner, event.time()), event.time(), 0);
            live.add(known);
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
        Known known = live.find(setup.kioctx(), setup.mm(), setup.handle());
        if (known == null) {
            return null;
        }
        if (known.context.setupTime() == null && known.since >= setup.enterTime() && known.fits(setup)) {
            return known;
        }
        if (known.since < setup.enterTime()) {
            endUnseen(known, Teardown.End.UNKNOWN);
        } else {
            // A look was so far ahead of the ring that it found a later context: its own records are yet to come.
            live.remove(known);
        }
        return null;
    }

    // ---- teardown ----

    /** KILL_ENTER, or DESTROY_ENTER in the tier {@code syscall}. */
    private void enter(Event event) {
        Trigger trigger = event.trigger();
        refusals.seen(event.time(), event.aioNr(), Seen.NEVER);
        long begin = event.callTime() == Seen.NEVER ? event.time() : event.callTime();
        Attempt attempt = call(event.tid(), begin, event.time(), trigger == Trigger.EXIT);
        OpenTeardown teardown = byPointer.get(event.kioctx());
        if (attempt == null && teardown != null) {
            attempt = teardown.attemptOf(event.tid(), begin, event.time());
        }
        if (attempt != null && (attempt.entered || !attempt.canBeOn(event.kioctx()))) {
            attempt = null;
        }
        if (attempt != null && attempt.teardown != null) {
            teardown = identify(attempt.teardown, event);
        } else if (teardown != null && !admits(teardown, event, trigger)) {
            release(teardown);
            teardown = null;
        }
        if (teardown == null) {
            teardown = openFor(event, trigger);
        }
        if (attempt == null) {
            attempt = new Attempt(event);
        }
        attempt.enter(event, trigger);
        if (event.callTime() != Seen.NEVER) {
            attempt.stack = stacks.of(event.tid(), event.callTime());
        }
        if (!attempt.returned) {
            remember(attempt);
        }
        if (teardown != null) {
            teardown.join(attempt);
            if (trigger == Trigger.DESTROY) {
                destroyed.add(teardown);
            }
            settle(teardown, event.time());
        }
    }

    /** Gives a teardown of which only the caller was known its pointer. */
    private OpenTeardown identify(OpenTeardown teardown, Event event) {
        fill(teardown.known, event, null);
        OpenTeardown other = byPointer.put(teardown.context().kioctx(), teardown);
        if (other != null && other != teardown) {
            release(other);
        }
        return teardown;
    }

    /** Whether this kill_ioctx by another call can be about the context that is being ended already. */
    private static boolean admits(OpenTeardown teardown, Event event, Trigger trigger) {
        if (!LiveContexts.samePlace(teardown.context(), event.mm(), event.handle())
                || !teardown.admits(event.time(), event.callTime())) {
            return false;
        }
        for (Attempt other : teardown.attempts) {
            // In an exit no other thread is left; and one thread does not get hold of the same context twice.
            if (trigger == Trigger.EXIT || other.trigger == Trigger.EXIT || other.caller.tid() == event.tid()) {
                return false;
            }
        }
        return true;
    }

    /** A new teardown for what this KILL_ENTER or DESTROY_ENTER ends; null if its handle is no context's. */
    private @Nullable OpenTeardown openFor(Event event, Trigger trigger) {
        Known known = live.find(event.kioctx(), event.mm(), event.handle());
        if (known != null && known.isMovedTo(event)) {
            live.update(known, known.context.movedTo(event.handle()));
        } else if (known != null && !known.fits(event)) {
            if (known.since <= event.time()) {
                endUnseen(known, Teardown.End.UNKNOWN);
            }
            known = null;
        }
        if (known != null) {
            disownLater(known, event);
            return open(known, event);
        }
        if (event.kioctx() == 0) {
            return null;
        }
        // Older than the agent, or its SETUP was lost.
        Task owner = trigger == Trigger.EXIT ? null : Task.of(event);
        return open(new Known(context(++generations, event, owner, null), event.time(), 0), event);
    }

    /** Keeps the owner that a look found from a context that ended before the look: its process can be another one. */
    private static void disownLater(Known known, Event event) {
        Context found = known.context;
        if (event.time() < known.since && found.owner() != null && found.owner().pid() != event.pid()) {
            known.context = new Context(
                    found.generation(),
                    found.kioctx(),
                    found.mm(),
                    found.handle(),
                    found.maxReqs(),
                    found.nrEvents(),
                    null,
                    found.setupEnterTime(),
                    found.setupTime(),
                    found.setupStack());
        }
    }

    private void killExit(Event event) {
        // Whether it is an exit the record does not tell.
        Attempt attempt = call(event.tid(), event.enterTime(), event.time(), true);
        OpenTeardown teardown = byPointer.get(event.kioctx());
        if (attempt == null && teardown != null) {
            attempt = teardown.attemptOf(event.tid(), event.enterTime(), event.time());
        }
        if (attempt != null && (attempt.killExitTime != Seen.NEVER || !attempt.canBeOn(event.kioctx()))) {
            attempt = null;
        }
        if (event.result() != 0) {
            if (attempt != null) {
                lose(attempt);
            }
            return;
        }
        if (attempt == null) {
            if (teardown != null && !teardown.isOfTime(event)) {
                orphanEvents++;
                return;
            }
            if (teardown != null && (teardown.winner != null || !teardown.admits(event.enterTime(), Seen.NEVER))) {
                release(teardown);
                teardown = null;
            }
            if (teardown == null) {
                teardown = openLate(event, event.enterTime());
            }
            if (teardown == null) {
                return;
            }
            attempt = new Attempt(event);
            teardown.join(attempt);
        }
        attempt.exit(event);
        teardown = win(attempt, event);
        refusals.released(teardown.context(), attempt.caller, attempt.trigger, event.enterTime(), event.time());
        refusals.seen(event.time(), event.aioNr(), Seen.NEVER);
        if (attempt.trigger == Trigger.EXIT || attempt.trigger == Trigger.ROLLBACK) {
            calls.remove(event.tid(), attempt);
        } else if (!attempt.returned) {
            remember(attempt);
        }
        settle(teardown, event.time());
    }

    /** This attempt has ended a context: only one of several gets 0 from the kernel. */
    private OpenTeardown win(Attempt attempt, Event event) {
        OpenTeardown teardown = attempt.teardown;
        if (teardown != null && teardown.winner != null && teardown.winner != attempt) {
            // It had been taken for the loser, but the pointer had been used again.
            teardown.attempts.remove(attempt);
            release(teardown);
            teardown = null;
        }
        if (teardown == null) {
            teardown = openUnknown(attempt, event);
        }
        teardown.winner = attempt;
        return teardown;
    }

    /** A teardown of a context of which no more is known than what the attempt to end it tells. */
    private OpenTeardown openUnknown(Attempt attempt, Event event) {
        Context context = new Context(
                ++generations,
                attempt.kioctx != 0 ? attempt.kioctx : event.kioctx(),
                attempt.mm,
                attempt.handle,
                Seen.s32(attempt.maxReqs),
                Seen.s32(attempt.nrEvents),
                attempt.trigger == Trigger.EXIT ? null : attempt.caller,
                null,
                null);
        OpenTeardown teardown = open(new Known(context, attempt.since(), 0), event);
        teardown.join(attempt);
        return teardown;
    }

    private void phase(Event event) {
        OpenTeardown teardown = byPointer.get(event.kioctx());
        if (teardown != null && teardown.isOutlivedBy(event)) {
            teardown.outlivedBy(event);
            release(teardown);
            teardown = null;
        }
        if (teardown == null) {
            teardown = openLate(event, OpenTeardown.phaseTime(event));
        } else if (teardown.isNewerThan(event)) {
            orphanEvents++;
            return;
        }
        if (teardown != null) {
            teardown.apply(event);
            settle(teardown, event.time());
        }
    }

    /** A teardown of which an earlier record is missing, if the context was alive at that time; else an orphan. */
    private @Nullable OpenTeardown openLate(Event event, long time) {
        Known known = live.byPointer(event.kioctx());
        if (known == null || known.since > time) {
            orphanEvents++;
            return null;
        }
        return open(known, event);
    }

    private void destroyExit(Event event) {
        Attempt attempt = call(event.tid(), event.enterTime(), event.time(), false);
        calls.remove(event.tid());
        if (look != null) {
            look.isDone(event.tid());
        }
        if (event.result() < 0) {
            OpenTeardown tried = attempt == null ? null : attempt.teardown;
            if (attempt != null) {
                lose(attempt);
            }
            listener.onFailedCall(failed(FailedCall.Call.IO_DESTROY, event, destroyed.explain(event, tried, live)));
            return;
        }
        if (attempt == null || attempt.teardown == null) {
            OpenTeardown ended = openReturned(event);
            if (attempt == null && ended == null) {
                orphanEvents++;
                return;
            }
            attempt = attempt == null ? new Attempt(event) : attempt;
            if (ended != null) {
                ended.join(attempt);
            }
        }
        attempt.destroyed(event);
        if (attempt.stack == null) {
            attempt.stack = stacks.of(event.tid(), event.enterTime());
        }
        OpenTeardown teardown = win(attempt, event);
        if (attempt.killExitTime == Seen.NEVER) {
            refusals.released(teardown.context(), attempt.caller, Trigger.DESTROY, event.enterTime(), event.time());
        }
        destroyed.add(teardown);
        teardown.isOverBefore(event.time());
        settle(teardown, event.time());
    }

    /**
     * What an io_destroy has ended whose entry into kill_ioctx was not seen: the context at this place, if it was alive
     * all the time; null if that cannot be known. A teardown that goes on without a caller is not it for certain: while
     * it drains its place can belong to the next context.
     */
    private @Nullable OpenTeardown openReturned(Event event) {
        Known known = live.byPlace(event.mm(), event.handle());
        return known != null && known.since <= event.enterTime() ? open(known, event) : null;
    }

    // ---- inventory ----

    private void found(Event event) {
        Look current = look;
        if (current == null) {
            orphanEvents++;
            return;
        }
        OpenTeardown teardown = byPointer.get(event.kioctx());
        if (teardown != null) {
            // What lies unread in the ring may explain it: it is decided at the end.
            if (teardown.isReplacedBy(event)) {
                current.replaced.add(teardown);
            }
            return;
        }
        Known known = live.find(event.kioctx(), event.mm(), event.handle());
        if (known == null) {
            Context context = context(++generations, event, Task.of(event), null);
            live.add(new Known(context, event.time(), looks));
            listener.onFound(context);
        } else if (known.fits(event)) {
            known.look = looks;
            known.missingSince = Seen.NEVER;
            fill(known, event, Task.of(event));
        } else if (known.isMovedTo(event)) {
            known.look = looks;
            known.missingSince = Seen.NEVER;
        }
    }

    private void foundWaiting(Event event) {
        if (look == null) {
            orphanEvents++;
        } else {
            look.add(event);
        }
    }

    private void lookedInto(Event event) {
        if (look == null) {
            orphanEvents++;
        } else {
            look.addInside(event);
        }
    }

    private void endReplaced(Look ended) {
        for (OpenTeardown teardown : ended.replaced) {
            if (open.contains(teardown)) {
                release(teardown);
            }
        }
    }

    /**
     * Ends teardowns whose caller waited at an earlier look and does not at this one. That a thread was never seen
     * waiting proves nothing: some kernels do not show it.
     */
    private void endNoLongerWaiting(Look ended) {
        for (OpenTeardown teardown : List.copyOf(open)) {
            Attempt by = teardown.by();
            if (by != null && by.listed && ended.isMissing(by.caller) && !teardown.isOver()) {
                teardown.isOverBefore(ended.begin);
                if (tier == Tier.FULL && by.entered) {
                    settle(teardown, ended.begin);
                } else {
                    close(teardown, by.entered ? Teardown.End.UNKNOWN : Teardown.End.VANISHED);
                }
            }
        }
    }

    /**
     * Ends teardowns of which nothing is left to wait for, though no record told so by the end of the look: it was lost.
     * Else they would seem to be stuck, for ever.
     */
    private void endUntold(Look ended) {
        for (OpenTeardown teardown : List.copyOf(open)) {
            Attempt by = teardown.by();
            if (tier == Tier.FULL
                    && teardown.isKilledBefore(ended.begin)
                    && !teardown.isOver()
                    && (by == null || !ended.isWaiting(by.caller.tid()))
                    && ended.foundNothingLeft(teardown.context().kioctx())) {
                teardown.isOverBefore(ended.begin);
                settle(teardown, ended.begin);
            }
        }
    }

    /**
     * The contexts that are in no table any more. With probes on kill_ioctx their end should have been told, and an
     * address space that ends is invisible for a moment before that: then a second look decides.
     */
    private List<Known> gone(Look ended) {
        List<Known> gone = new ArrayList<>();
        for (Known known : live.all()) {
            if (known.look == looks || known.since >= ended.begin || !ended.shows(known.context)) {
                continue;
            }
            if (known.missingSince == Seen.NEVER) {
                known.missingSince = ended.begin;
            }
            if (tier != Tier.FULL || ended.begin - known.missingSince >= OVERDUE_NS) {
                gone.add(known);
            }
        }
        return gone;
    }

    /** Opens teardowns for the threads that wait in one that no event told of, and takes their contexts out of gone. */
    private void openWaiting(Look ended, List<Known> gone, Map<Integer, OpenTeardown> lookupsBefore) {
        Set<Integer> told = new HashSet<>();
        drainedExits.values().removeIf(teardown -> !teardown.canBeUnwoken(ended));
        for (OpenTeardown teardown : drainedExits.values()) {
            Attempt by = teardown.by();
            if (teardown.isNotWoken(ended, this::waitsForAnother) && by != null) {
                ended.mark(by);
                told.add(by.caller.tid());
            }
        }
        for (OpenTeardown teardown : open) {
            for (Attempt attempt : teardown.attempts) {
                ended.mark(attempt);
                told.add(attempt.caller.tid());
            }
        }
        for (Look.Waiting waiting : ended.stillWaiting()) {
            if (!told.contains(waiting.attempt().caller.tid())) {
                if (waiting.trigger() == Trigger.EXIT) {
                    openExit(waiting, gone);
                } else {
                    openDestroy(
                            waiting,
                            gone,
                            lookupsBefore.get(waiting.attempt().caller.tid()));
                }
            }
        }
    }

    private void openDestroy(Look.Waiting waiting, List<Known> gone, @Nullable OpenTeardown lookupBefore) {
        Attempt attempt = waiting.attempt();
        Known known = live.byPlace(waiting.mm(), attempt.handle);
        if (known != null && known.look == looks) {
            lookup(known, attempt, lookupBefore);
            return;
        }
        if (known == null) {
            Context context =
                    new Context(++generations, 0, waiting.mm(), attempt.handle, null, null, attempt.caller, null, null);
            known = new Known(context, attempt.since(), looks);
        }
        gone.remove(known);
        openFound(known, attempt);
    }

    /**
     * It has not reached kill_ioctx yet, unless it has come there between the look at the contexts and that at the threads:
     * only who is found so by two looks waits for mmap_lock.
     */
    private void lookup(Known known, Attempt attempt, @Nullable OpenTeardown before) {
        OpenTeardown again = before != null && before.known == known ? before : null;
        OpenTeardown lookup = again != null ? again : new OpenTeardown(known, attempt.since());
        lookup.attempts.clear();
        lookup.join(attempt);
        lookup.isSeenInside(again != null ? new Look.Inside(WaitsFor.MMAP_LOCK, null, null) : Look.Inside.NOT_SEEN);
        lookups.put(attempt.caller.tid(), lookup);
    }

    /** One thread ends all contexts of an address space, which shows only by the process that they belonged to. */
    private void openExit(Look.Waiting waiting, List<Known> gone) {
        Attempt attempt = waiting.attempt();
        // A thread that has given its address space up was the last one in it, so all that its process had end, those
        // too
        // that were made during the look, or still stood in the table when the look came by. With probes on kill_ioctx
        // each end is told.
        Collection<Known> ending = waiting.mm() == 0 && tier != Tier.FULL ? live.all() : gone;
        List<Known> ended = ending.stream()
                .filter(known -> known.since < attempt.since()
                        && known.context.owner() != null
                        && known.context.owner().pid() == attempt.caller.pid())
                .toList();
        gone.removeAll(ended);
        for (Known known : ended) {
            if (tier != Tier.FULL) {
                refusals.released(known.context, attempt.caller, Trigger.EXIT, known.since, attempt.since());
            }
            openFound(known, attempt);
        }
        if (ended.isEmpty()) {
            openFound(
                    new Known(
                            new Context(++generations, 0, 0, 0, null, null, null, null, null), attempt.since(), looks),
                    attempt);
        }
    }

    private void openFound(Known known, Attempt attempt) {
        live.remove(known);
        OpenTeardown teardown = new OpenTeardown(known, attempt.since());
        register(teardown);
        teardown.join(attempt);
        remember(attempt);
    }

    // ---- the tables ----

    /**
     * What this thread is inside of, if a record that covers this time is about the same call. If it is about a later
     * one, the earlier has returned without being seen to.
     *
     * @param isExit whether the record tells of an exit, which kills many contexts and only then waits
     */
    private @Nullable Attempt call(int tid, long begin, long end, boolean isExit) {
        Attempt attempt = calls.get(tid);
        if (attempt == null) {
            return null;
        }
        if (isExit && attempt.isOnlyListed()) {
            // The look was ahead of the event, which knows more.
            lose(attempt);
            return null;
        }
        if (attempt.overlaps(begin, end)) {
            return attempt;
        }
        calls.remove(tid);
        OpenTeardown teardown = attempt.teardown;
        boolean hasWaited = attempt.trigger == Trigger.DESTROY || (!isExit && attempt.trigger != Trigger.ROLLBACK);
        if (teardown != null && hasWaited && teardown.by() == attempt) {
            teardown.isOverBefore(begin);
            settle(teardown, begin);
        }
        return null;
    }

    private void remember(Attempt attempt) {
        calls.put(attempt.caller.tid(), attempt);
        if (calls.size() > limits.calls()) {
            Attempt oldest = calls.values().iterator().next();
            calls.remove(oldest.caller.tid());
            evictedCalls++;
        }
    }

    /** This attempt did not end the context. If nobody else tries, it lives. */
    private void lose(Attempt attempt) {
        calls.remove(attempt.caller.tid(), attempt);
        OpenTeardown teardown = attempt.teardown;
        if (teardown == null || teardown.winner == attempt) {
            return;
        }
        attempt.teardown = null;
        teardown.attempts.remove(attempt);
        if (teardown.isEmpty() && open.contains(teardown)) {
            forget(teardown);
            destroyed.remove(teardown);
            if (teardown.context().kioctx() != 0) {
                live.add(teardown.known);
            }
        }
    }

    private OpenTeardown open(Known known, Event event) {
        live.remove(known);
        fill(known, event, null);
        OpenTeardown teardown = new OpenTeardown(known, event.time());
        register(teardown);
        return teardown;
    }

    private void register(OpenTeardown teardown) {
        open.add(teardown);
        if (teardown.context().kioctx() != 0) {
            byPointer.put(teardown.context().kioctx(), teardown);
        }
        if (open.size() > limits.teardowns()) {
            // Those that are over tell less by staying than those that are stuck.
            OpenTeardown oldest = (ending.isEmpty() ? open : ending).iterator().next();
            close(oldest, Teardown.End.UNKNOWN);
            evictedTeardowns++;
        }
    }

    /** Gives the pointer to the next context. What was freed can still hear of its caller's return. */
    private void release(OpenTeardown teardown) {
        if (teardown.isFreed()) {
            byPointer.remove(teardown.context().kioctx(), teardown);
        } else {
            close(teardown, Teardown.End.UNKNOWN);
        }
    }

    /** Reports the teardown if its last record is there, or gives it a time until which it must come. */
    private void settle(OpenTeardown teardown, long now) {
        if (isComplete(teardown)) {
            close(teardown, Teardown.End.COMPLETE);
        } else if (teardown.isOver()) {
            if (tier != Tier.FULL || teardown.context().kioctx() == 0) {
                close(teardown, Teardown.End.UNKNOWN);
                return;
            }
            teardown.overdueAt(now + OVERDUE_NS);
            ending.remove(teardown);
            ending.add(teardown);
        }
    }

    private boolean isComplete(OpenTeardown teardown) {
        return tier == Tier.FULL ? teardown.hasAllPhases() : teardown.hasWholeCall();
    }

    private void close(OpenTeardown teardown, Teardown.End unlessSeen) {
        forget(teardown);
        Teardown.End end =
                isComplete(teardown) ? Teardown.End.COMPLETE : teardown.hasEnd() ? Teardown.End.INCOMPLETE : unlessSeen;
        listener.onTeardown(teardown.report(end));
        Attempt by = teardown.by();
        if (tier == Tier.FULL && end == Teardown.End.COMPLETE && by != null && by.trigger == Trigger.EXIT) {
            drainedExits.put(by.caller.tid(), teardown);
            if (drainedExits.size() > limits.calls()) {
                drainedExits.remove(drainedExits.keySet().iterator().next());
            }
        }
    }

    private void forget(OpenTeardown teardown) {
        open.remove(teardown);
        ending.remove(teardown);
        byPointer.remove(teardown.context().kioctx(), teardown);
        for (Attempt attempt : teardown.attempts) {
            calls.remove(attempt.caller.tid(), attempt);
            if (look != null) {
                look.isDone(attempt.caller.tid());
            }
        }
    }

    /** Reports the end of a context of which no record came. */
    private void endUnseen(Known known, Teardown.End end) {
        live.remove(known);
        listener.onTeardown(new OpenTeardown(known, known.since).report(end));
    }

    // ---- what is reported ----

    /** Completes what is known of a context from another record about it. */
    private void fill(Known known, Event event, @Nullable Task owner) {
        if (!describes(event.type())) {
            return;
        }
        Context old = known.context;
        boolean isWhole = old.kioctx() != 0 && old.mm() != 0 && old.maxReqs() != null && old.nrEvents() != null;
        if (isWhole && (old.owner() != null || owner == null)) {
            return;
        }
        Context filled = new Context(
                old.generation(),
                old.kioctx() != 0 ? old.kioctx() : event.kioctx(),
                old.mm() != 0 ? old.mm() : event.mm(),
                old.handle(),
                old.maxReqs() != null ? old.maxReqs() : Seen.s32(event.maxReqs()),
                old.nrEvents() != null ? old.nrEvents() : Seen.s32(event.nrEvents()),
                old.owner() != null ? old.owner() : owner,
                old.setupEnterTime(),
                old.setupTime(),
                old.setupStack());
        if (live.contains(known)) {
            live.update(known, filled);
        } else {
            known.context = filled;
        }
    }

    private static boolean describes(EventType type) {
        return switch (type) {
            case SETUP, KILL_ENTER, DESTROY_ENTER, LIVE_CONTEXT -> true;
            default -> false;
        };
    }

    private Context context(long generation, Event event, @Nullable Task owner, @Nullable Long setupTime) {
        return new Context(
                generation,
                event.kioctx(),
                event.mm(),
                event.handle(),
                Seen.s32(event.maxReqs()),
                Seen.s32(event.nrEvents()),
                owner,
                event.type() == EventType.SETUP ? Seen.u64(event.enterTime()) : null,
                setupTime,
                event.type() == EventType.SETUP ? stacks.of(event.tid(), event.enterTime()) : null);
    }

    private FailedCall failed(FailedCall.Call call, Event event, @Nullable WrongHandle wrongHandle) {
        boolean isSetup = call == FailedCall.Call.IO_SETUP;
        return new FailedCall(
                call,
                Task.of(event),
                event.mm(),
                Seen.u64(event.enterTime()),
                event.time(),
                (int) -event.result(),
                isSetup ? null : (Long) event.handle(),
                isSetup ? (Integer) event.maxReqs() : null,
                isSetup ? Seen.u64(event.aioNr()) : null,
                isSetup ? Seen.u64(event.aioMaxNr()) : null,
                stacks.of(event.tid(), event.enterTime()),
                isSetup && event.result() == -Errno.EAGAIN ? largest(event.time()) : List.of(),
                wrongHandle);
    }

    /** Who holds most; found anew ten times a second at most, since one that is refused often tries again at once. */
    private List<Holding> largest(long now) {
        if (largestAt == Seen.NEVER || now - largestAt >= LARGEST_NS) {
            largest = live.largest(LARGEST);
            largestAt = now;
        }
        return largest;
    }
}
