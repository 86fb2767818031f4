package dev.aioscope.top;

import dev.aioscope.diagnosis.LimitFile;
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
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Rates, counts and latest lines since the view was opened, for the host and each process. Bounded, thread-safe. */
public final class Activity implements LifecycleListener {
    private static final int MAX_PROCESSES = 512;
    private static final int MAX_LINES = 256;
    private static final int MAX_LINES_PER_PROCESS = 16;

    private final LongSupplier boottime;
    private final Supplier<@Nullable LimitFile> limitFile;
    private final long began;
    private final RateCounter setups;
    private final RateCounter destroys;
    private final Deque<ActivityLine> latest = new ArrayDeque<>();
    private final Map<ProcessKey, History> histories = new LinkedHashMap<>(16, 0.75f, true);
    private long refusals;
    private long failedCalls;

    private static final class History {
        private Task task;
        private final RateCounter destroys;
        private final LatencyHistogram latencies = new LatencyHistogram();
        private final Deque<ActivityLine> latest = new ArrayDeque<>();

        History(Task task, long began) {
            this.task = task;
            this.destroys = new RateCounter(began);
        }
    }

    /**
     * The activity of a process.
     *
     * @param task one of its threads
     * @param destroysPerSecond null within the first second
     * @param latencies how long its teardowns blocked their callers
     * @param latest its latest lines, newest first
     */
    public record ProcessActivity(
            Task task, @Nullable Double destroysPerSecond, LatencyHistogram latencies, List<ActivityLine> latest) {}

    /**
     * The activity of the host.
     *
     * @param setupsPerSecond null within the first second
     * @param destroysPerSecond null within the first second
     * @param refusals io_setup calls that failed because of the quota
     * @param failedCalls other calls that failed
     * @param latest the latest lines, newest first
     * @param processes processes that ended contexts or had a call fail
     */
    public record HostActivity(
            @Nullable Double setupsPerSecond,
            @Nullable Double destroysPerSecond,
            long refusals,
            long failedCalls,
            List<ActivityLine> latest,
            Map<ProcessKey, ProcessActivity> processes) {}

    /**
     * Starts now.
     *
     * @param boottime CLOCK_BOOTTIME, ns
     * @param limitFile finds the file that sets the limit of this host; null for a recording
     */
    public Activity(LongSupplier boottime, Supplier<@Nullable LimitFile> limitFile) {
        this.boottime = boottime;
        this.limitFile = limitFile;
        this.began = boottime.getAsLong();
        this.setups = new RateCounter(began);
        this.destroys = new RateCounter(began);
    }

    @Override
    public synchronized void onSetup(Context context) {
        setups.add(context.setupTime() == null ? boottime.getAsLong() : context.setupTime());
    }

    @Override
    public synchronized void onTeardown(Teardown teardown) {
        ActivityLine line = ActivityLine.of(teardown, boottime.getAsLong());
        boolean isDestroy = teardown.trigger() == Trigger.DESTROY;
        if (isDestroy) {
            destroys.add(line.time());
        }
        addLine(latest, line, MAX_LINES);
        history(ProcessKey.holder(teardown)).ifPresent(history -> {
            addLine(history.latest, line, MAX_LINES_PER_PROCESS);
            if (isDestroy) {
                history.destroys.add(line.time());
            }
            if (line.waitNanos() != null) {
                history.latencies.add(line.waitNanos());
            }
        });
    }

    @Override
    public synchronized void onFailedCall(FailedCall call) {
        ActivityLine line = ActivityLine.of(call, limitFile);
        if (call.isRefusal()) {
            refusals++;
        } else {
            failedCalls++;
        }
        addLine(latest, line, MAX_LINES);
        history(Optional.of(call.caller())).ifPresent(history -> addLine(history.latest, line, MAX_LINES_PER_PROCESS));
    }

    @Override
    public synchronized void onRetry(FailedCall call) {
        refusals++;
    }

    private static void addLine(Deque<ActivityLine> lines, ActivityLine line, int max) {
        lines.addFirst(line);
        if (lines.size() > max) {
            lines.removeLast();
        }
    }

    private Optional<History> history(Optional<Task> of) {
        return of.map(task -> {
            History history = histories.computeIfAbsent(ProcessKey.of(task), key -> new History(task, began));
            history.task = task;
            if (histories.size() > MAX_PROCESSES) {
                histories.remove(histories.keySet().iterator().next());
            }
            return history;
        });
    }

    /** A copy of the activity up to this time, CLOCK_BOOTTIME ns. */
    public synchronized HostActivity at(long now) {
        Map<ProcessKey, ProcessActivity> processes = new HashMap<>();
        histories.forEach((key, history) -> {
            LatencyHistogram latencies = new LatencyHistogram();
            latencies.add(history.latencies);
            processes.put(
                    key,
                    new ProcessActivity(
                            history.task, history.destroys.perSecond(now), latencies, List.copyOf(history.latest)));
        });
        return new HostActivity(
                setups.perSecond(now),
                destroys.perSecond(now),
                refusals,
                failedCalls,
                List.copyOf(latest),
                Map.copyOf(processes));
    }
}
