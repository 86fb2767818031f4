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

/** Prints what it is told, and asks for the end when that was enough or nobody reads it. */
public final class TracePrinter implements LifecycleListener {
    private final TraceFormat format;
    private final PrintWriter out;
    private final LongSupplier boottime;
    private final long most;
    private final Runnable enough;

    private long teardowns;
    private long stuck;
    private long refusals;
    private long failedCalls;
    private long retries;
    private long outcomes;

    /**
     * Prints nothing yet.
     *
     * @param boottime CLOCK_BOOTTIME, ns
     * @param most how many lines
     * @param enough run when they are printed, or cannot be
     */
    public TracePrinter(TraceFormat format, PrintWriter out, LongSupplier boottime, long most, Runnable enough) {
        this.format = format;
        this.out = out;
        this.boottime = boottime;
        this.most = most;
        this.enough = enough;
    }

    @Override
    public synchronized void onTeardown(Teardown teardown) {
        if (isMoreWanted()) {
            teardowns++;
            print(format.teardown(teardown, boottime.getAsLong()));
        }
    }

    /** Its end is told of too. */
    @Override
    public synchronized void onStuck(TeardownInProgress teardown, long now) {
        if (isMoreWanted()) {
            stuck++;
            print(format.stuck(teardown, now));
        }
    }

    @Override
    public synchronized void onStraggler(Straggler straggler) {
        if (isMoreWanted()) {
            stuck++;
            print(format.straggler(straggler));
        }
    }

    @Override
    public synchronized void onFailedCall(FailedCall call) {
        if (isMoreWanted()) {
            if (call.isRefusal()) {
                refusals++;
            } else {
                failedCalls++;
            }
            print(format.failedCall(call));
        }
    }

    /** Told with the outcome: one that waits for the quota tries again and again. */
    @Override
    public synchronized void onRetry(FailedCall call) {
        retries++;
    }

    @Override
    public synchronized void onRefusalOutcome(RefusalOutcome outcome) {
        if (isMoreWanted()) {
            outcomes++;
            print(format.refusalOutcome(outcome));
        }
    }

    /** What was printed. */
    public synchronized TraceSummary summary(long dropped, long unidentified, Stats stats) {
        return new TraceSummary(teardowns, refusals, failedCalls, retries, outcomes, dropped, unidentified, stats);
    }

    private boolean isMoreWanted() {
        return teardowns + stuck + refusals + failedCalls + outcomes < most;
    }

    private void print(String lines) {
        out.println(lines);
        if (out.checkError() || !isMoreWanted()) {
            enough.run();
        }
    }
}
