package dev.aioscope.top;

import dev.aioscope.agent.DutyCycle;
import dev.aioscope.agent.IdentityCollector;
import dev.aioscope.agent.ListenerQueue;
import dev.aioscope.agent.ProbeSelector.SelectedProbes;
import dev.aioscope.agent.ProbeSource;
import dev.aioscope.agent.Shutdown;
import dev.aioscope.agent.TaskFilter;
import dev.aioscope.agent.TaskSelector;
import dev.aioscope.diagnosis.LimitFile;
import dev.aioscope.host.Processes;
import dev.aioscope.kernel.Units;
import dev.aioscope.kernel.WallClock;
import dev.aioscope.probe.Tier;
import dev.aioscope.worker.Worker;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Reads the probes while a view shows them.
 *
 * @param interval between two scans
 * @param filter selects the contexts and teardowns to show
 * @param hidesArguments whether to show only the executable of each command line
 */
public record TopSession(ProbeSource source, Duration interval, TaskFilter filter, boolean hidesArguments) {
    private static final int QUEUE_CAPACITY = 8192;

    /** Runs a view until it returns. */
    @FunctionalInterface
    public interface ViewAction {
        void accept(TopView view) throws IOException;
    }

    /** Runs a view, and closes the probes when it returns. A shutdown request stops the view. */
    public void run(SelectedProbes opened, Shutdown stop, ViewAction action) {
        Tier tier = opened.probes().tier();
        Activity activity = new Activity(opened.probes()::now, LimitFile.of(source));
        WallClock clock = source.clock();
        HeaderInfo header = new HeaderInfo(
                source.host().name(),
                source.host().release(),
                tier,
                opened.probes().engine(),
                tierNote(tier));
        Processes processes = source.processes(hidesArguments, Processes.DEFAULT_CAPACITY);
        ListenerQueue queue =
                new ListenerQueue(activity, QUEUE_CAPACITY, opened.probes().canWait());
        IdentityCollector identities =
                new IdentityCollector(processes, new TaskSelector(() -> filter, processes).before(queue));
        try (processes;
                queue;
                DutyCycle cycle = new DutyCycle(opened.probes(), identities, clock, interval)) {
            cycle.identifyBy(identities);
            FutureTask<?> running = new FutureTask<>(cycle::run, null);
            TopView view = new TopView(
                    header, new TopView.ViewSource(cycle, running::isDone, queue, activity, clock, processes, filter));
            stop.onRequest(view::stop);
            Worker.startOnce("reader", self -> running.run());
            try {
                action.accept(view);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            } finally {
                cycle.stop();
                await(running);
            }
        }
    }

    /** Waits until nothing reads the probes, so that they can be closed. */
    private static void await(FutureTask<?> running) {
        try {
            running.get(10, TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            throw new IllegalStateException("cannot read the probes", e.getCause());
        } catch (TimeoutException e) {
            throw new IllegalStateException("the reader did not stop within 10 s", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private String tierNote(Tier tier) {
        String scans = "Scans every " + Units.duration(interval.toNanos()) + ": no ";
        return switch (tier) {
            case SYSCALL -> "Cost while attached: each system call takes 218 ns instead of 143 ns. No phases.";
            case SAMPLE -> scans + "setups, refusals, short teardowns or phases.";
            case PROC -> scans + "charges, requests, setups, refusals or short teardowns.";
            case FULL -> "";
        };
    }
}
