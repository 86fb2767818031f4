package dev.aioscope.top;

import dev.aioscope.agent.DutyCycle;
import dev.aioscope.agent.DutyCycle.Stats;
import dev.aioscope.agent.ListenerQueue;
import dev.aioscope.agent.TaskFilter;
import dev.aioscope.host.Identities;
import dev.aioscope.host.Processes;
import dev.aioscope.inventory.Scan;
import dev.aioscope.kernel.KernelStack;
import dev.aioscope.kernel.WallClock;
import dev.aioscope.output.StandardOutput;
import dev.aioscope.top.FullScreen.KeyPress;
import java.io.IOException;
import java.io.PrintWriter;
import java.time.Duration;
import java.time.ZoneId;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/** Shows each scan of a running duty cycle, on a terminal or as plain text. */
public final class TopView {
    private static final int MAX_TEXT_COLUMNS = 200;
    /** How long a single screen waits for what is read from /proc. */
    private static final Duration PATIENCE = Duration.ofSeconds(10);

    private static final long NEVER = -1;
    private static final long SECOND = 1_000_000_000L;

    /** How long to wait for a key before the next check for a new scan or window size. */
    private static final long KEY_MILLIS = 100;

    private static final long FIRST_SCAN_MILLIS = 5;

    private final HeaderInfo header;
    private final ViewSource source;
    private volatile boolean isStopped;

    /**
     * What the view shows.
     *
     * @param isOver whether the duty cycle has ended
     * @param filter selects the contexts and teardowns to show
     */
    public record ViewSource(
            DutyCycle cycle,
            BooleanSupplier isOver,
            ListenerQueue queue,
            Activity activity,
            WallClock clock,
            Processes processes,
            TaskFilter filter) {
        private @Nullable Scan scan() {
            return cycle.latestScan();
        }

        private Frame frame(Scan scan, Identities identities) {
            Stats stats = cycle.stats();
            long lost = stats.losses().total()
                    + stats.counters().evictedContexts()
                    + stats.counters().evictedTeardowns()
                    + stats.counters().evictedCalls()
                    + queue.dropped();
            return Frame.of(scan, activity.at(scan.time()), identities, filter, lost, clock.offsetAt(scan.time()));
        }
    }

    /** A view that shows nothing yet. */
    public TopView(HeaderInfo header, ViewSource source) {
        this.header = header;
        this.source = source;
    }

    /** Makes {@link #show} or {@link #print} return soon; from any thread. */
    public void stop() {
        isStopped = true;
    }

    /**
     * Draws on the terminal until the user quits, the duty cycle ends, or {@link #stop}. Closes the screen.
     *
     * @throws IOException if the standard input is no terminal
     */
    public void show(FullScreen screen, DeferredLog log, boolean colours) throws IOException {
        Renderer renderer = new Renderer(header, KernelStack::functions, ZoneId.systemDefault(), colours);
        try {
            screen.open();
            TopModel model = TopModel.START;
            long last = NEVER;
            String notice = "";
            boolean isNew = true;
            while (!model.isOver() && !isStopped && !source.isOver().getAsBoolean()) {
                Scan scan = source.scan();
                if (scan != null && scan.time() != last) {
                    model = model.show(source.frame(scan, source.processes()));
                    last = scan.time();
                    isNew = true;
                }
                isNew |= screen.resize();
                isNew |= !notice.equals(log.latest());
                if (isNew) {
                    notice = log.latest();
                    model = renderer.limitScroll(model, notice, screen.columns(), screen.rows());
                    screen.draw(renderer.lines(model, notice, screen.columns(), screen.rows()));
                }
                Optional<KeyPress> key = screen.key(last == NEVER ? FIRST_SCAN_MILLIS : KEY_MILLIS);
                isNew = key.isPresent();
                if (key.isPresent()) {
                    model = model.press(key.get().key(), key.get().text());
                }
            }
        } finally {
            screen.close();
        }
    }

    /**
     * Prints each scan until the duty cycle ends, {@link #stop}, or the output is closed.
     *
     * @param once whether to print a single screen instead, after a second
     */
    public void print(PrintWriter out, int columns, boolean once) {
        Renderer renderer = new Renderer(header, KernelStack::functions, ZoneId.systemDefault(), false);
        int width = Math.min(MAX_TEXT_COLUMNS, columns);
        @Nullable Long began = null;
        long last = NEVER;
        boolean isEnough = false;
        while (!isEnough && !isStopped && (once || !StandardOutput.isLost(out))) {
            // Read before the scan, so that the last scan of a recording is printed too.
            boolean isOver = source.isOver().getAsBoolean();
            Scan scan = source.scan();
            boolean isLast = once && isOver;
            if (scan == null || (scan.time() == last && !isLast)) {
                if (isOver) {
                    return;
                }
                pause();
                continue;
            }
            last = scan.time();
            began = began == null ? last : began;
            isEnough = isLast || (once && last - began >= SECOND);
            if (isEnough || !once) {
                if (once) {
                    source.processes().await(PATIENCE);
                }
                TopModel model = TopModel.START.show(source.frame(scan, source.processes()));
                renderer.text(model, width).forEach(out::println);
                if (!once) {
                    out.println();
                }
                out.flush();
            }
        }
    }

    private static void pause() {
        try {
            TimeUnit.MILLISECONDS.sleep(20);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }
}
