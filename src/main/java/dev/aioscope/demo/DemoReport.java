package dev.aioscope.demo;

import dev.aioscope.demo.DemoWorkload.Truth;
import dev.aioscope.event.Trigger;
import dev.aioscope.kernel.BootClock;
import dev.aioscope.kernel.Units;
import dev.aioscope.lifecycle.Context;
import dev.aioscope.lifecycle.FailedCall;
import dev.aioscope.lifecycle.LifecycleListener;
import dev.aioscope.lifecycle.Teardown;
import dev.aioscope.output.Json;
import dev.aioscope.output.TraceFormat;
import dev.aioscope.probe.Tier;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Prints and counts the events of the demo, and compares the counts with what the demo did. Thread-safe. */
public final class DemoReport implements LifecycleListener {
    private final DemoWorkload demo;
    private final Tier tier;
    private final TraceFormat format;
    private final PrintWriter out;

    private int setups;
    private int destroys;
    private int exits;
    private int refused;
    private int wrongHandles;

    /** A report before the first event. */
    public DemoReport(DemoWorkload demo, Tier tier, TraceFormat format, PrintWriter out) {
        this.demo = demo;
        this.tier = tier;
        this.format = format;
        this.out = out;
    }

    @Override
    public synchronized void onSetup(Context context) {
        if (demo.isOurs(context.owner())) {
            setups++;
            notifyAll();
        }
    }

    @Override
    public synchronized void onTeardown(Teardown teardown) {
        if (!demo.isOurs(teardown.context().owner()) && !demo.isOurs(teardown.caller())) {
            return;
        }
        // Without exit probes, the next scan reports the contexts as vanished.
        if (teardown.trigger() == Trigger.DESTROY) {
            destroys++;
        } else {
            exits++;
        }
        out.println(format.teardown(teardown, BootClock.now()));
        notifyAll();
    }

    @Override
    public synchronized void onFailedCall(FailedCall call) {
        if (!demo.isOurs(call.caller())) {
            return;
        }
        if (call.isRefusal()) {
            refused++;
        } else {
            wrongHandles++;
        }
        out.println(format.failedCall(call));
        notifyAll();
    }

    /** Waits until everything was observed, or for the timeout; returns at once if the tier only scans. */
    public synchronized void await(Duration timeout) {
        long deadline = System.nanoTime() + timeout.toNanos();
        try {
            while (!tier.isScanOnly() && !isComplete()) {
                long remaining = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
                if (remaining <= 0) {
                    return;
                }
                wait(remaining);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Whether the counts are equal; true for a tier that only scans. */
    public synchronized boolean isComplete() {
        return tier.isScanOnly() || demo.done().equals(new Truth(setups, destroys, exits, refused, wrongHandles));
    }

    /** A sentence about what the demo did. */
    public static String done(Truth truth) {
        return "Done: %d contexts set up, %d destroyed, %d left to process exit; %d io_setup calls refused, %d wrong handles."
                .formatted(truth.setups(), truth.destroys(), truth.leftToExit(), truth.refused(), truth.wrongHandles());
    }

    /** A table that compares expected and observed counts. */
    public synchronized String table() {
        StringBuilder table = new StringBuilder("\n%-34s %8s %8s%n".formatted("", "expected", "observed"));
        for (Comparison row : rows()) {
            String observed = tier.isScanOnly() ? Units.ABSENT : Integer.toString(row.observed);
            table.append("%-34s %8d %8s%n".formatted(row.title, row.expected, observed));
        }
        return table.append('\n').append(verdict()).toString();
    }

    private String verdict() {
        if (tier.isScanOnly()) {
            return "The tier " + tier.label() + " only scans: it does not observe what happens between two scans.";
        }
        return isComplete() ? "Everything was observed." : "The observed counts differ from the expected ones.";
    }

    /** The comparison as a JSON object. */
    public synchronized String json() {
        return Json.line(
                "demo",
                json -> json.put("tier", tier.label())
                        .object("expected", object -> rows().forEach(row -> object.put(row.name, row.expected)))
                        .object(
                                "observed",
                                object -> rows().forEach(row ->
                                        object.put(row.name, tier.isScanOnly() ? null : (Integer) row.observed))));
    }

    private record Comparison(String title, String name, int expected, int observed) {}

    private List<Comparison> rows() {
        Truth done = demo.done();
        return List.of(
                new Comparison("contexts set up", "setups", done.setups(), setups),
                new Comparison("destroyed by io_destroy", "destroys", done.destroys(), destroys),
                new Comparison("ended by process exit", "exits", done.leftToExit(), exits),
                new Comparison("refused io_setup", "refused", done.refused(), refused),
                new Comparison("io_destroy with a wrong handle", "wrong_handles", done.wrongHandles(), wrongHandles));
    }
}
