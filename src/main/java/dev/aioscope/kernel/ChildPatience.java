package dev.aioscope.kernel;

import java.io.IOException;
import java.time.Duration;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Waits for child processes. A limit counts only while the child uses no processor time: on a slow or busy machine, or in
 * emulation, even the start of a JVM takes a minute.
 */
public final class ChildPatience {
    /** Parts of the limit after which this reads the processor time again. */
    private static final int PARTS = 10;

    /** One that keeps using processor time may take so many times the limit. */
    private static final int MOST_LIMITS = 6;

    private ChildPatience() {}

    /** A wait of limited length. */
    @FunctionalInterface
    public interface LimitedWait<T> {
        /** Returns null if there is no result within this time. */
        @Nullable T await(long nanos) throws IOException, InterruptedException;
    }

    /**
     * Waits for a result of a child process; null if there is none in time.
     *
     * @param limit the longest wait while the child uses no processor time; six times as long if it does
     */
    public static <T> @Nullable T await(long pid, Duration limit, LimitedWait<T> wait)
            throws IOException, InterruptedException {
        long begin = System.nanoTime();
        long latest = begin;
        long used = processorTicks(pid);
        while (true) {
            T result = wait.await(Math.max(1, limit.toNanos() / PARTS));
            long now = System.nanoTime();
            long ticks = processorTicks(pid);
            if (ticks != used) {
                used = ticks;
                latest = now;
            }
            if (result != null || now - latest >= limit.toNanos() || now - begin >= MOST_LIMITS * limit.toNanos()) {
                return result;
            }
        }
    }

    /** Of the child and its own children. The sum is smaller after one of these has exited. */
    private static long processorTicks(long pid) {
        long own = TaskStat.cpuTicks("/proc/" + pid + "/stat")
                .map(ticks -> ticks.user() + ticks.system())
                .orElse(0L);
        String children =
                Host.read("/proc/" + pid + "/task/" + pid + "/children").orElse("");
        return own
                + Arrays.stream(children.split(" ", -1))
                        .filter(child -> !child.isBlank())
                        .mapToLong(child -> processorTicks(Long.parseLong(child)))
                        .sum();
    }
}
