package dev.aioscope.top;

import dev.aioscope.event.Trigger;
import dev.aioscope.lifecycle.Context;
import dev.aioscope.lifecycle.FailedCall;
import dev.aioscope.lifecycle.LifecycleListener;
import dev.aioscope.lifecycle.Task;
import dev.aioscope.lifecycle.Teardown;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** What happened since the view began, of the host and of each process. Bounded; what happened longest ago goes first. */
public final class Activity implements LifecycleListener {
    private static final int MOST_PROCESSES = 512;
    private static final int LATEST = 256;
    private static final int LATEST_OF_PROCESS = 16;

    private final LongSupplier boottime;
    private final long began;
    private final PerSecond setups;
    private final PerSecond destroys;
    private final Deque<ActivityLine> latest = new ArrayDeque<>();
    private final Map<ProcessKey, History> histories = new LinkedHashMap<>(16, 0.75f, true);
    private long refusals;
    private long failedCalls;

    private static final class History {
        private Task task;
        private final PerSecond destroys;
        private final LatencyHistogram waits = new LatencyHistogram();
        private final Deque<ActivityLine> latest = new ArrayDeque<>();

        History(Task task, long began) {
            this.task = task;
            this.destroys = new PerSecond(began);
        }
    }

    /**
     * What a process did.
     *
     * @param task one of its threads
     * @param destroysPerSecond null before the first second is over
     * @param waits of its teardowns
     * @param latest what happened to its contexts, the newest first
     */
    public record Doings(
            Task task, @Nullable Double destroysPerSecond, LatencyHistogram waits, List<ActivityLine> latest) {}

    /**
     * What happened up to a moment.
     *
     * @param setupsPerSecond null before the first second is over
     * @param destroysPerSecond the same
     * @param refusals times that the quota was the reason for an io_setup to fail
     * @param failedCalls other calls that failed
     * @param latest what happened last, the newest first
     * @param processes those that ended contexts
     */
    public record Figures(
            @Nullable Double setupsPerSecond,
            @Nullable Double destroysPerSecond,
            long refusals,
            long failedCalls,
            List<ActivityLine> latest,
            Map<ProcessKey, Doings> processes) {}

    /**
     * Begins now.
     *
     * @param boottime CLOCK_BOOTTIME, ns
     */
    public Activity(LongSupplier boottime) {
        this.boottime = boottime;
        this.began = boottime.getAsLong();
        this.setups = new PerSecond(began);
        this.destroys = new PerSecond(began);
    }

    @Override
    public synchronized void onSetup(Context context) {
        setups.add(context.setupTime() == null ? boottime.getAsLong() : context.setupTime());
    }

    @Override
    public synchronized void onTeardown(Teardown teardown) {
        ActivityLine happening = ActivityLine.of(teardown, boottime.getAsLong());
        boolean isDestroy = teardown.trigger() == Trigger.DESTROY;
        if (isDestroy) {
            destroys.add(happening.time());
        }
        keep(latest, happening, LATEST);
        history(ProcessKey.holder(teardown)).ifPresent(history -> {
            keep(history.latest, happening, LATEST_OF_PROCESS);
            if (isDestroy) {
                history.destroys.add(happening.time());
            }
            if (happening.held() != null) {
                history.waits.add(happening.held());
            }
        });
    }

    @Override
    public synchronized void onFailedCall(FailedCall call) {
        ActivityLine happening = ActivityLine.of(call);
        if (call.isRefusal()) {
            refusals++;
        } else {
            failedCalls++;
        }
        keep(latest, happening, LATEST);
        history(Optional.of(call.caller())).ifPresent(history -> keep(history.latest, happening, LATEST_OF_PROCESS));
    }

    @Override
    public synchronized void onRetry(FailedCall call) {
        refusals++;
    }

    private static void keep(Deque<ActivityLine> latest, ActivityLine happening, int most) {
        latest.addFirst(happening);
        if (latest.size() > most) {
            latest.removeLast();
        }
    }

    private Optional<History> history(Optional<Task> of) {
        return of.map(task -> {
            History history = histories.computeIfAbsent(ProcessKey.of(task), key -> new History(task, began));
            history.task = task;
            if (histories.size() > MOST_PROCESSES) {
                histories.remove(histories.keySet().iterator().next());
            }
            return history;
        });
    }

    /** What happened up to this moment of CLOCK_BOOTTIME. */
    public synchronized Figures at(long now) {
        Map<ProcessKey, Doings> processes = new HashMap<>();
        histories.forEach((key, history) -> {
            LatencyHistogram waits = new LatencyHistogram();
            waits.add(history.waits);
            processes.put(key, new Doings(history.task, history.destroys.at(now), waits, List.copyOf(history.latest)));
        });
        return new Figures(
                setups.at(now), destroys.at(now), refusals, failedCalls, List.copyOf(latest), Map.copyOf(processes));
    }
}
