package dev.aioscope.agent;

import dev.aioscope.event.Event;
import dev.aioscope.event.WaitReason;
import dev.aioscope.inventory.Inventory;
import dev.aioscope.inventory.Scan;
import dev.aioscope.kernel.WallClock;
import dev.aioscope.lifecycle.Counters;
import dev.aioscope.lifecycle.Lifecycle;
import dev.aioscope.lifecycle.LifecycleListener;
import dev.aioscope.lifecycle.Limits;
import dev.aioscope.lifecycle.TeardownInProgress;
import dev.aioscope.probe.Losses;
import dev.aioscope.probe.ProbeException;
import dev.aioscope.probe.Probes;
import dev.aioscope.probe.Quota;
import dev.aioscope.probe.ScanGaps;
import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The duty cycle: waits for records, correlates them, looks at the host's tasks now and then. One thread does all of it;
 * the listener is called on that thread and must return at once.
 */
public final class DutyCycle implements AutoCloseable {
    /** How long a teardown lasts until it is told of, if nothing else is said; an idle one takes some 30 ms. */
    public static final Duration STUCK_AFTER = Duration.ofSeconds(1);

    /** From the beginning or the end of one episode with a probe on every request to the next, if nothing else is said. */
    public static final Duration STRAGGLER_PAUSE = Duration.ofMinutes(1);

    private static final Logger LOG = LoggerFactory.getLogger(DutyCycle.class);
    private static final int RECORDS_PER_POLL = 4096;
    private static final long SECOND = 1_000_000_000L;
    /** The longest rest where nothing is in progress. */
    private static final Duration REST = Duration.ofSeconds(5);

    /** ScanFollower take a fifth of the time at most. */
    private static final long PAUSES_PER_LOOK = 4;

    private final Probes probes;
    private final Lifecycle lifecycle;
    private final WallClock clock;
    private final long stuckAfter;
    private final LifecycleListener listener;
    private final Consumer<Event> handler;

    private volatile long inventoryInterval;
    private volatile boolean stopped;
    private Runnable onTick = () -> {};
    private volatile Stats stats;
    private volatile @Nullable Scan view;
    private long events;
    private volatile long lastTick;
    private volatile long ticked;
    private long nextLook;
    private long rest = REST.toNanos();
    private boolean isCatching;
    private long stragglerPause = STRAGGLER_PAUSE.toNanos();
    private long nextEpisode = Long.MIN_VALUE;
    /** No look begins before. */
    private long lookedUntil;

    private long limit = Long.MAX_VALUE / 2;
    private String lastFailure = "";

    /**
     * What the watch has done so far.
     *
     * @param events records read from the ring
     * @param losses records lost before they could be read
     * @param counters what the correlation could not keep or use
     */
    public record Stats(long events, Losses losses, Counters counters) {}

    /** The same with {@link #STUCK_AFTER}. */
    public DutyCycle(Probes probes, LifecycleListener listener, WallClock clock, Duration inventoryInterval) {
        this(probes, listener, clock, inventoryInterval, STUCK_AFTER);
    }

    /**
     * Prepares to watch.
     *
     * @param probes attached; closed by {@link #close}
     * @param listener called on the thread of {@link #run}
     * @param clock sampled once a second, or every {@link #REST} if nothing happens
     * @param inventoryInterval between two looks at the host's tasks; longer where a look takes long
     * @param stuckAfter how long a teardown lasts until it is told of
     */
    public DutyCycle(
            Probes probes,
            LifecycleListener listener,
            WallClock clock,
            Duration inventoryInterval,
            Duration stuckAfter) {
        this(probes, listener, clock, inventoryInterval, stuckAfter, Limits.DEFAULT);
    }

    /** The same, with limits to what it remembers. */
    public DutyCycle(
            Probes probes,
            LifecycleListener listener,
            WallClock clock,
            Duration inventoryInterval,
            Duration stuckAfter,
            Limits limits) {
        this.probes = probes;
        this.listener = listener;
        this.stuckAfter = stuckAfter.toNanos();
        this.lifecycle = new Lifecycle(listener, probes.tier(), limits);
        this.clock = clock;
        this.inventoryInterval = inventoryInterval.toNanos();
        this.stats = new Stats(0, probes.losses(), lifecycle.counters());
        this.handler = lifecycle::accept;
    }

    /**
     * Has this done by the duty cycle, as long as it goes on: about once a second while there are records or teardowns in
     * progress, every {@link #REST} otherwise. To be set before {@link #run}.
     */
    public void onTick(Runnable action) {
        onTick = action;
    }

    /** Never rests for longer than this. To be set before {@link #run}. */
    public void restAtMost(Duration longest) {
        rest = Math.min(rest, longest.toNanos());
    }

    /** From the next look on, the time between two looks at the host's tasks; from any thread. */
    public void scanEvery(Duration interval) {
        inventoryInterval = interval.toNanos();
    }

    /** The time between two episodes in which late completions are told of, by a probe on every request; before it runs. */
    public void pauseBetweenStragglers(Duration pause) {
        stragglerPause = pause.toNanos();
    }

    /** Makes {@link #run} return when this time is over, by the clock of the probes; before it runs. */
    public void endAfter(Duration duration) {
        limit = duration.toNanos();
    }

    /** Watches until {@link #stop} or the end of a recording. What the ring holds by then is still handed on. */
    public void run() {
        long began = probes.now();
        long now = began;
        if (probes.isScanDue(now, nextLook)) {
            look(now);
        }
        while (!stopped && !probes.isOver() && now - began < limit) {
            probes.await(patience(now, began + limit));
            now = cycle();
        }
        tick(catchUp());
    }

    /** How long to wait for records, ms. */
    private int patience(long now, long end) {
        boolean isQuiet = lifecycle.isIdle() && !isCatching && events == stats.events;
        long cycle = isQuiet ? rest : Math.min(rest, SECOND);
        long nanos = Math.min(cycle, Math.min(nextLook, end) - now);
        return (int) Math.max(1, nanos / 1_000_000);
    }

    private long cycle() {
        long now = catchUp();
        boolean isTick = now - lastTick >= SECOND;
        if (isTick) {
            tick(now);
            if (isCatching) {
                // It goes as soon as nothing waits for it, however rare looks are.
                catchStragglers(now, lifecycle.teardownsInProgress());
            }
        }
        if (isTick && lifecycle.isNewlyStuck(now - stuckAfter)) {
            // What has become stuck is looked at soon, however rare looks are otherwise.
            nextLook = Math.min(nextLook, lookedUntil);
        }
        if (probes.isScanDue(now, nextLook)) {
            look(now);
        }
        return now;
    }

    /** Hands on all that happened up to now, which it returns. */
    private long catchUp() {
        // Before the poll: what happened up to now is in the ring, so silence up to now means that nothing did.
        long now = probes.now();
        drain();
        lifecycle.advance(now);
        return now;
    }

    private void drain() {
        int taken;
        do {
            taken = probes.poll(handler, RECORDS_PER_POLL);
            events += taken;
        } while (taken == RECORDS_PER_POLL);
    }

    private void tick(long now) {
        ticked = System.nanoTime();
        lastTick = now;
        clock.sample();
        stats = new Stats(events, probes.losses(), lifecycle.counters());
        onTick.run();
    }

    private void look(long now) {
        Inventory.Builder snapshot = new Inventory.Builder(probes.tier());
        probes.follow(lifecycle.contextsInTeardown());
        lifecycle.beginScan(now);
        ScanGaps unseen = inventory(snapshot);
        Quota quota = probes.quota();
        if (unseen != null) {
            lifecycle.newlyStuck(now - stuckAfter).forEach(teardown -> listener.onStuck(teardown, now));
            List<TeardownInProgress> inProgress = lifecycle.teardownsInProgress();
            view = new Scan(now, snapshot.build(unseen, quota, lifecycle.liveContexts()), inProgress);
            catchStragglers(now, inProgress);
            unseen.gap().ifPresent(gap -> warn("Incomplete inventory: " + gap));
        }
        lifecycle.quota(quota.time(), quota.aioNr(), quota.aioMaxNr());
        lookedUntil = quota.time() + PAUSES_PER_LOOK * (quota.time() - now);
        nextLook = Math.max(now + inventoryInterval, lookedUntil);
    }

    /** What the look could not see; null if there was none, and the rest of the watch goes on without it. */
    private @Nullable ScanGaps inventory(Inventory.Builder snapshot) {
        try {
            ScanGaps unseen = probes.inventory(event -> {
                lifecycle.accept(event);
                snapshot.accept(event);
            });
            unseen.refused().forEach(lifecycle::skip);
            unseen.unfinished().forEach(lifecycle::skip);
            drain();
            lifecycle.endScan();
            return unseen;
        } catch (ProbeException e) {
            warn("No inventory: " + e.getMessage() + "; " + e.hint());
            return null;
        }
    }

    /** The completions that stuck teardowns wait for are told of, but for one episode in a while only. */
    private void catchStragglers(long now, List<TeardownInProgress> inProgress) {
        boolean isWanted = inProgress.stream().anyMatch(DutyCycle::waitsForRequests);
        boolean isAllowed = isCatching || now >= nextEpisode;
        boolean wasCatching = isCatching;
        try {
            isCatching = probes.tellCompletions(isWanted && isAllowed);
        } catch (ProbeException e) {
            warn("No stragglers: " + e.getMessage() + "; " + e.hint());
            nextEpisode = now + stragglerPause;
        }
        if (isCatching != wasCatching) {
            nextEpisode = now + stragglerPause;
        }
    }

    private static boolean waitsForRequests(TeardownInProgress going) {
        return going.isStuck()
                && (going.waitReason() == WaitReason.REQUESTS || going.waitReason() == WaitReason.CANCELLED_POLLS);
    }

    /** The same failure is told once. */
    private void warn(String failure) {
        if (!failure.equals(lastFailure)) {
            lastFailure = failure;
            LOG.warn("{}", failure);
        }
    }

    /** Makes {@link #run} return soon; from any thread. */
    public void stop() {
        stopped = true;
        probes.wakeup();
    }

    /**
     * How long ago the duty cycle was last known to go on, ns: it says so every few seconds. 0 before its start. A suspend, in
     * which nothing goes on, does not count.
     */
    public long silence() {
        return lastTick == 0 ? 0 : System.nanoTime() - ticked;
    }

    /** As of the last second, or {@link #REST} if nothing has happened. */
    public Stats stats() {
        return stats;
    }

    /** As of the latest look; null before the first, or if none succeeds. */
    public @Nullable Scan view() {
        return view;
    }

    /** Detaches the probes, after {@link #run} has returned. */
    @Override
    public void close() {
        probes.close();
    }
}
