package dev.aioscope.agent;

import dev.aioscope.event.Event;
import dev.aioscope.event.ProcessEvent;
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
import dev.aioscope.worker.Worker;
import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Waits for records, correlates them, and scans the host's tasks at an interval. One thread does all of it. It calls the
 * listener, which must return at once.
 */
public final class DutyCycle implements AutoCloseable {
    /** Default age at which a teardown counts as stuck; an idle one takes some 30 ms. */
    public static final Duration STUCK_AFTER = Duration.ofSeconds(1);

    /** Default pause between two episodes with a probe on every request. */
    public static final Duration LATE_COMPLETION_PAUSE = Duration.ofMinutes(1);

    private static final Logger LOG = LoggerFactory.getLogger(DutyCycle.class);
    private static final int RECORDS_PER_POLL = 4096;
    private static final long SECOND = 1_000_000_000L;
    /** The longest wait for records while nothing is in progress. */
    private static final Duration REST = Duration.ofSeconds(5);

    /** Scans take at most a fifth of the time, unless the pause reaches its limit. */
    private static final long PAUSES_PER_SCAN = 4;

    private static final long LONGEST_PAUSE = 30 * SECOND;

    private final Probes probes;
    private final Lifecycle lifecycle;
    private final WallClock clock;
    private final long stuckAfter;
    private final LifecycleListener listener;
    private final Consumer<Event> handler;

    private final StuckReminders reminders = new StuckReminders();

    private volatile long scanInterval;
    private volatile boolean isStopped;
    private Runnable onTick = () -> {};
    private Consumer<Scan> onScan = scan -> {};
    private @Nullable IdentityCollector identities;
    private volatile Stats stats;
    private volatile @Nullable Scan latestScan;
    private long events;
    private long lastTick;
    private long nextScan;
    private long longestWait = REST.toNanos();
    private boolean isWatchingCompletions;
    private long lateCompletionPause = LATE_COMPLETION_PAUSE.toNanos();
    private long nextEpisode = Long.MIN_VALUE;
    private boolean hasBegun;
    /** Whether the latest scan succeeded. */
    private boolean hasScanned;

    private long now;
    private long end;

    private long limit = Long.MAX_VALUE / 2;
    private String lastFailure = "";

    /**
     * The work done so far.
     *
     * @param events records read from the ring
     * @param losses records lost before the agent could read them
     * @param counters records that the correlation could not keep or use
     */
    public record Stats(long events, Losses losses, Counters counters) {}

    /** Uses {@link #STUCK_AFTER} and the default limits. */
    public DutyCycle(Probes probes, LifecycleListener listener, WallClock clock, Duration scanInterval) {
        this(probes, listener, clock, scanInterval, STUCK_AFTER);
    }

    /**
     * Prepares to read, with the default limits.
     *
     * @param probes attached; closed by {@link #close}
     * @param listener called on the thread of {@link #run}
     * @param clock sampled once a second, or every {@link #REST} if nothing happens
     * @param scanInterval between two scans of the host's tasks; longer where a scan takes long
     * @param stuckAfter age at which a teardown counts as stuck
     */
    public DutyCycle(
            Probes probes, LifecycleListener listener, WallClock clock, Duration scanInterval, Duration stuckAfter) {
        this(probes, listener, clock, scanInterval, stuckAfter, Limits.DEFAULT);
    }

    /** Prepares to read, with limits on the correlation's tables. */
    public DutyCycle(
            Probes probes,
            LifecycleListener listener,
            WallClock clock,
            Duration scanInterval,
            Duration stuckAfter,
            Limits limits) {
        this.probes = probes;
        this.listener = listener;
        this.stuckAfter = stuckAfter.toNanos();
        this.lifecycle = new Lifecycle(listener, probes.tier(), limits);
        this.clock = clock;
        this.scanInterval = scanInterval.toNanos();
        this.stats = new Stats(0, probes.losses(), lifecycle.counters());
        this.handler = this::accept;
    }

    /**
     * Sets an action that the duty cycle runs about once a second while there are records or teardowns in progress, and
     * every {@link #REST} otherwise. Set it before {@link #run}.
     */
    public void onTick(Runnable action) {
        onTick = action;
    }

    /** Sets who learns of each scan; it must return at once. Set it before {@link #run}. */
    public void onScan(Consumer<Scan> action) {
        onScan = action;
    }

    /** Sets who learns of processes from records and scans. Set it before {@link #run}. */
    public void identifyBy(IdentityCollector collector) {
        identities = collector;
    }

    /** Limits the wait for records. Set it before {@link #run}. */
    public void waitAtMost(Duration longest) {
        longestWait = Math.min(longestWait, longest.toNanos());
    }

    /** Changes the scan interval from the next scan on. Any thread may call it. */
    public void scanEvery(Duration interval) {
        scanInterval = interval.toNanos();
    }

    /** Sets the pause between two episodes with a probe on every request. Set it before {@link #run}. */
    public void pauseBetweenLateCompletions(Duration pause) {
        lateCompletionPause = pause.toNanos();
    }

    /** Makes {@link #run} return after this time, by the clock of the probes. Set it before {@link #run}. */
    public void endAfter(Duration duration) {
        limit = duration.toNanos();
    }

    /** Reads until {@link #stop}, the end of a recording or a failure. Hands on what the ring holds by then. */
    public void run() {
        begin();
        while (isRunning()) {
            await();
            cycle();
        }
        tick(catchUp());
    }

    /** Reads like {@link #run} on the calling thread, but a failure costs only the step in which it happens. */
    public void runGuarded() {
        Worker.run("reader", this::isRunning, worker -> {
            if (!hasBegun) {
                begin();
            }
            worker.idle();
            await();
            worker.busy();
            cycle();
        });
        tick(catchUp());
    }

    private void begin() {
        hasBegun = true;
        now = probes.now();
        end = now + limit;
        if (probes.isScanDue(now, nextScan)) {
            scan();
        }
    }

    private boolean isRunning() {
        return !hasBegun || (!isStopped && !probes.isOver() && now < end);
    }

    private void await() {
        probes.await(patience());
    }

    /** How long to wait for records, ms. */
    private int patience() {
        boolean isQuiet = lifecycle.isIdle() && !isWatchingCompletions && events == stats.events;
        long cycle = isQuiet ? longestWait : Math.min(longestWait, SECOND);
        long nanos = Math.min(cycle, Math.min(nextScan, end) - now);
        return (int) Math.max(1, nanos / 1_000_000);
    }

    private void cycle() {
        now = catchUp();
        boolean isTick = now - lastTick >= SECOND;
        if (isTick) {
            tick(now);
            if (isWatchingCompletions) {
                // Detaches the probe as soon as no teardown waits for a request, however long the scan interval is.
                watchCompletions(lifecycle.teardownsInProgress());
            }
        }
        if (isTick && lifecycle.isNewlyStuck(now - stuckAfter)) {
            // However long the scan interval and the pause are. A scan that failed would fail again.
            nextScan = hasScanned ? now : nextScan;
        }
        if (probes.isScanDue(now, nextScan)) {
            scan();
        }
    }

    /** Delivers everything that happened up to now and returns that time. */
    private long catchUp() {
        // Before the poll: records of all events up to this time are in the ring already.
        long time = probes.now();
        drain();
        lifecycle.advance(time);
        return time;
    }

    private void drain() {
        int taken;
        do {
            taken = probes.poll(handler, RECORDS_PER_POLL);
            events += taken;
        } while (taken == RECORDS_PER_POLL);
    }

    private void accept(Event event) {
        if (event instanceof ProcessEvent process && identities != null) {
            identities.accept(process);
        }
        lifecycle.accept(event);
    }

    private void tick(long time) {
        lastTick = time;
        clock.sample();
        stats = new Stats(events, probes.losses(), lifecycle.counters());
        onTick.run();
    }

    private void scan() {
        Inventory.Builder builder = new Inventory.Builder(probes.tier());
        probes.follow(lifecycle.contextsInTeardown());
        lifecycle.beginScan(now);
        long began = probes.monotonic();
        ScanGaps gaps = inventory(builder);
        Quota quota = probes.quota();
        long length = probes.monotonic() - began;
        hasScanned = gaps != null;
        if (gaps != null) {
            if (identities != null) {
                identities.afterScan(probes, lifecycle.teardownsInProgress());
            }
            lifecycle.newlyStuck(now - stuckAfter).forEach(teardown -> listener.onStuck(teardown, now));
            List<TeardownInProgress> inProgress = lifecycle.teardownsInProgress();
            reminders.due(inProgress, now).forEach(teardown -> listener.onStillStuck(teardown, now));
            Scan scan = new Scan(now, builder.build(gaps, quota, lifecycle.liveContexts()), inProgress);
            latestScan = scan;
            onScan.accept(scan);
            watchCompletions(inProgress);
            gaps.partialText().ifPresent(gap -> warn("Scan is incomplete: " + gap));
        }
        lifecycle.quota(quota.time(), quota.aioNr(), quota.aioMaxNr());
        long pause = Math.min(PAUSES_PER_SCAN * length, LONGEST_PAUSE);
        nextScan = Math.max(now + scanInterval, quota.time() + pause);
    }

    /** The gaps of the scan; null if the scan failed. */
    private @Nullable ScanGaps inventory(Inventory.Builder builder) {
        try {
            ScanGaps gaps = probes.inventory(event -> {
                lifecycle.accept(event);
                builder.accept(event);
            });
            gaps.unreadable().forEach(lifecycle::skip);
            gaps.partial().forEach(lifecycle::skip);
            if (!gaps.isOfHost()) {
                lifecycle.skipUnlisted();
            }
            drain();
            lifecycle.endScan();
            return gaps;
        } catch (ProbeException e) {
            warn("cannot scan the host's tasks: " + e.getMessage() + " (hint: " + e.hint() + ")");
            return null;
        }
    }

    /** Watches the completions that stuck teardowns wait for, at most one episode per pause. */
    private void watchCompletions(List<TeardownInProgress> inProgress) {
        boolean isWanted = inProgress.stream().anyMatch(DutyCycle::waitsForRequests);
        boolean isAllowed = isWatchingCompletions || now >= nextEpisode;
        boolean wasCatching = isWatchingCompletions;
        try {
            isWatchingCompletions = probes.reportCompletions(isWanted && isAllowed);
        } catch (ProbeException e) {
            warn("cannot watch completions: " + e.getMessage() + " (hint: " + e.hint() + ")");
            nextEpisode = now + lateCompletionPause;
        }
        if (isWatchingCompletions != wasCatching) {
            nextEpisode = now + lateCompletionPause;
        }
    }

    private static boolean waitsForRequests(TeardownInProgress teardown) {
        return teardown.isStuck()
                && (teardown.waitReason() == WaitReason.REQUESTS
                        || teardown.waitReason() == WaitReason.CANCELLED_POLLS);
    }

    /** Logs the same failure once. */
    private void warn(String failure) {
        if (!failure.equals(lastFailure)) {
            lastFailure = failure;
            LOG.warn("{}", failure);
        }
    }

    /** Makes {@link #run} return soon. Any thread may call it. */
    public void stop() {
        isStopped = true;
        probes.wakeup();
    }

    /** As of the last tick. */
    public Stats stats() {
        return stats;
    }

    /** The latest scan; null until one succeeds. */
    public @Nullable Scan latestScan() {
        return latestScan;
    }

    /** Detaches the probes, after {@link #run} has returned. */
    @Override
    public void close() {
        probes.close();
    }
}
