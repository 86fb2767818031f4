package dev.aioscope.output;

import dev.aioscope.demo.DemoWorkload;
import dev.aioscope.demo.DemoWorkload.Truth;
import dev.aioscope.event.Trigger;
import dev.aioscope.kernel.BootClock;
import dev.aioscope.kernel.Units;
import dev.aioscope.lifecycle.Context;
import dev.aioscope.lifecycle.FailedCall;
import dev.aioscope.lifecycle.LifecycleListener;
import dev.aioscope.lifecycle.Task;
import dev.aioscope.lifecycle.Teardown;
import dev.aioscope.probe.Tier;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Prints what is seen of the demonstration, counts it, and compares it with what was done. */
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

    /** Nothing seen yet. */
    public DemoReport(DemoWorkload demo, Tier tier, TraceFormat format, PrintWriter out) {
        this.demo = demo;
        this.tier = tier;
        this.format = format;
        this.out = out;
    }

    @Override
    public synchronized void onSetup(Context context) {
        if (isOurs(context.owner())) {
            setups++;
            notifyAll();
        }
    }

    @Override
    public synchronized void onTeardown(Teardown teardown) {
        if (!isOurs(teardown.context().owner()) && !isOurs(teardown.caller())) {
            return;
        }
        // Without probes on the exit its contexts are only gone at the next look.
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
        if (!isOurs(call.caller())) {
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

    private boolean isOurs(@Nullable Task task) {
        return task != null && demo.isOurs(task.pid());
    }

    /** Waits until all that was done so far was seen, or the time is over; a tier that only looks promises nothing. */
    public synchronized void await(Duration patience) {
        long deadline = System.nanoTime() + patience.toNanos();
        try {
            while (!tier.isScanOnly() && !isEverythingSeen()) {
                long left = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
                if (left <= 0) {
                    return;
                }
                wait(left);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Whether what was done was seen, no less and no more; true for a tier that does not see single calls. */
    public synchronized boolean isEverythingSeen() {
        return tier.isScanOnly() || demo.done().equals(new Truth(setups, destroys, exits, refused, wrongHandles));
    }

    /** What was done, for people. */
    public static String done(Truth truth) {
        return "Done: %d contexts set up, %d destroyed, %d left to the exit of their process; %d io_setup refused, %d wrong handles."
                .formatted(truth.setups(), truth.destroys(), truth.leftToExit(), truth.refused(), truth.wrongHandles());
    }

    /** What was done against what was seen, for people. */
    public synchronized String table() {
        StringBuilder table = new StringBuilder("\n%-34s %5s %5s%n".formatted("", "done", "seen"));
        for (Row row : rows()) {
            String seen = tier.isScanOnly() ? Units.ABSENT : Integer.toString(row.seen);
            table.append("%-34s %5d %5s%n".formatted(row.what, row.done, seen));
        }
        return table.append('\n').append(verdict()).toString();
    }

    private String verdict() {
        if (tier.isScanOnly()) {
            return "The tier " + tier.label()
                    + " looks now and then: of calls that come and go between two looks it sees nothing.";
        }
        return isEverythingSeen() ? "Everything that was done was seen." : "What was seen is not what was done.";
    }

    /** The same as JSON. */
    public synchronized String json() {
        return Json.line(
                "demo",
                json -> json.put("tier", tier.label())
                        .object("expected", object -> rows().forEach(row -> object.put(row.name, row.done)))
                        .object(
                                "observed",
                                object -> rows().forEach(row ->
                                        object.put(row.name, tier.isScanOnly() ? null : (Integer) row.seen))));
    }

    private record Row(String what, String name, int done, int seen) {}

    private List<Row> rows() {
        Truth done = demo.done();
        return List.of(
                new Row("contexts set up", "setups", done.setups(), setups),
                new Row("destroyed by io_destroy", "destroys", done.destroys(), destroys),
                new Row("ended by their process's exit", "exits", done.leftToExit(), exits),
                new Row("io_setup refused", "refused", done.refused(), refused),
                new Row("io_destroy of a wrong handle", "wrong_handles", done.wrongHandles(), wrongHandles));
    }
}
