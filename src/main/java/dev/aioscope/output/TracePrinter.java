package dev.aioscope.output;

import dev.aioscope.agent.DutyCycle.Stats;
import dev.aioscope.lifecycle.FailedCall;
import dev.aioscope.lifecycle.LifecycleListener;
import dev.aioscope.lifecycle.RefusalOutcome;
import dev.aioscope.lifecycle.Straggler;
import dev.aioscope.lifecycle.Teardown;
import dev.aioscope.lifecycle.TeardownInProgress;
import java.io.PrintWriter;
import java.util.function.LongSupplier;

/** Prints events, and requests a stop after a number of lines or when the output is closed. Thread-safe. */
public final class TracePrinter implements LifecycleListener {
    private final TraceFormat format;
    private final PrintWriter out;
    private final LongSupplier boottime;
    private final long maxEvents;
    private final Runnable onDone;

    private long teardowns;
    private long stuck;
    private long refusals;
    private long failedCalls;
    private long retries;
    private long outcomes;

    /**
     * A printer that has printed nothing.
     *
     * @param boottime CLOCK_BOOTTIME, ns
     * @param maxEvents number of events to print
     * @param onDone runs after the last event, or when the output is closed
     */
    public TracePrinter(TraceFormat format, PrintWriter out, LongSupplier boottime, long maxEvents, Runnable onDone) {
        this.format = format;
        this.out = out;
        this.boottime = boottime;
        this.maxEvents = maxEvents;
        this.onDone = onDone;
    }

    @Override
    public synchronized void onTeardown(Teardown teardown) {
        if (canPrint()) {
            teardowns++;
            print(format.teardown(teardown, boottime.getAsLong()));
        }
    }

    @Override
    public synchronized void onStuck(TeardownInProgress teardown, long now) {
        if (canPrint()) {
            stuck++;
            print(format.stuck(teardown, now));
        }
    }

    @Override
    public synchronized void onStillStuck(TeardownInProgress teardown, long now) {
        onStuck(teardown, now);
    }

    @Override
    public synchronized void onStraggler(Straggler straggler) {
        if (canPrint()) {
            stuck++;
            print(format.straggler(straggler));
        }
    }

    @Override
    public synchronized void onFailedCall(FailedCall call) {
        if (canPrint()) {
            if (call.isRefusal()) {
                refusals++;
            } else {
                failedCalls++;
            }
            print(format.failedCall(call));
        }
    }

    /** Only counted; the outcome reports the number of retries. */
    @Override
    public synchronized void onRetry(FailedCall call) {
        retries++;
    }

    @Override
    public synchronized void onRefusalOutcome(RefusalOutcome outcome) {
        if (canPrint()) {
            outcomes++;
            print(format.refusalOutcome(outcome));
        }
    }

    /** The counts of what was printed; for the parameters see {@link TraceSummary}. */
    public synchronized TraceSummary summary(long dropped, long withheld, long unidentified, Stats stats) {
        return new TraceSummary(
                teardowns, refusals, failedCalls, retries, outcomes, dropped, withheld, unidentified, stats);
    }

    private boolean canPrint() {
        return teardowns + stuck + refusals + failedCalls + outcomes < maxEvents;
    }

    private void print(String lines) {
        out.println(lines);
        if (StandardOutput.isLost(out) || !canPrint()) {
            onDone.run();
        }
    }
}
