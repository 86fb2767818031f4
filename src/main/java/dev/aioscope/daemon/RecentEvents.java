package dev.aioscope.daemon;

import dev.aioscope.lifecycle.FailedCall;
import dev.aioscope.lifecycle.LifecycleListener;
import dev.aioscope.lifecycle.RefusalOutcome;
import dev.aioscope.lifecycle.Straggler;
import dev.aioscope.lifecycle.Teardown;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;

/** Keeps the latest reports of each kind. Thread-safe. */
public final class RecentEvents implements LifecycleListener {
    private final Latest<Teardown> teardowns;
    private final Latest<FailedCall> failedCalls;
    private final Latest<RefusalOutcome> outcomes;
    private final Latest<Straggler> stragglers;
    private long reports;
    private long ended;
    private long refusals;
    private long lastRefusal;

    /** A bounded list, the latest first. */
    private record Latest<T>(Deque<T> all, int capacity) {
        Latest(int capacity) {
            this(new ArrayDeque<>(), capacity);
        }

        void add(T report) {
            if (all.size() == capacity) {
                all.removeLast();
            }
            all.addFirst(report);
        }
    }

    /**
     * The reports at one moment; each list has the latest first.
     *
     * @param refusals number of refusals so far, with those that repeat another
     * @param lastRefusal when io_setup was refused last, CLOCK_BOOTTIME ns; 0 before the first refusal
     */
    public record Reports(
            List<Teardown> teardowns,
            List<FailedCall> failedCalls,
            List<RefusalOutcome> outcomes,
            List<Straggler> stragglers,
            long refusals,
            long lastRefusal) {}

    /**
     * Keeps none yet.
     *
     * @param teardowns number of teardowns to keep
     * @param others number of reports of each other kind to keep
     */
    public RecentEvents(int teardowns, int others) {
        this.teardowns = new Latest<>(teardowns);
        this.failedCalls = new Latest<>(others);
        this.outcomes = new Latest<>(others);
        this.stragglers = new Latest<>(others);
    }

    @Override
    public synchronized void onTeardown(Teardown teardown) {
        teardowns.add(teardown);
        ended++;
        reports++;
    }

    @Override
    public synchronized void onFailedCall(FailedCall call) {
        failedCalls.add(call);
        reports++;
        if (call.isRefusal()) {
            countRefusal(call);
        }
    }

    /** Only counted; the outcome of the refusal has the number of its retries. */
    @Override
    public synchronized void onRetry(FailedCall call) {
        countRefusal(call);
    }

    private void countRefusal(FailedCall call) {
        refusals++;
        lastRefusal = call.returnTime();
    }

    @Override
    public synchronized void onRefusalOutcome(RefusalOutcome outcome) {
        outcomes.add(outcome);
        reports++;
    }

    @Override
    public synchronized void onStraggler(Straggler straggler) {
        stragglers.add(straggler);
        reports++;
    }

    /** The number of reports so far: it changes whenever {@link #latest} does. */
    public synchronized long reports() {
        return reports;
    }

    /** The number of teardowns that ended so far. */
    public synchronized long teardowns() {
        return ended;
    }

    /** A copy of the latest reports. */
    public synchronized Reports latest() {
        return new Reports(
                List.copyOf(teardowns.all),
                List.copyOf(failedCalls.all),
                List.copyOf(outcomes.all),
                List.copyOf(stragglers.all),
                refusals,
                lastRefusal);
    }
}
