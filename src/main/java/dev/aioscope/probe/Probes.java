package dev.aioscope.probe;

import dev.aioscope.event.Event;
import dev.aioscope.event.ProcessEvent;
import dev.aioscope.kernel.BootClock;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * A source of events and scans: the probes of one tier, attached to the running kernel, or a recording. One thread reads;
 * any thread may call {@link #wakeup} and {@link #losses}.
 */
public interface Probes extends AutoCloseable {

    /** The engine: {@code core} or {@code bcc}; {@code none} without BPF. */
    String engine();

    /** What these probes observe. */
    Tier tier();

    /** The host that the events come from. */
    default HostInfo host() {
        return HostInfo.local();
    }

    /** CLOCK_BOOTTIME of that host, ns; for a recording its current position. Callable from any thread. */
    default long now() {
        return BootClock.now();
    }

    /** CLOCK_MONOTONIC of this host, ns: it measures work and does not count a suspend. */
    default long monotonic() {
        return System.nanoTime();
    }

    /** The quota of that host. Callable from any thread. */
    default Quota quota() {
        return Quota.read();
    }

    /** Whether all events were read; never on a running host. */
    default boolean isOver() {
        return false;
    }

    /** Whether late reads lose nothing. */
    default boolean canWait() {
        return false;
    }

    /**
     * Whether to scan now with {@link #inventory}: a recording has its own times.
     *
     * @param now CLOCK_BOOTTIME, ns
     * @param due the reader's next scan, CLOCK_BOOTTIME ns
     */
    default boolean isScanDue(long now, long due) {
        return now >= due;
    }

    /** All attach points of the tier, each with its mode or the reasons why it has none. */
    List<AttachPoint> attachPoints();

    /**
     * Waits for records, the timeout, or {@link #wakeup}.
     *
     * @param timeoutMillis the longest wait
     */
    void await(int timeoutMillis);

    /**
     * Passes the available records to the handler in the ring's order and then frees their room at once. The event is valid
     * only inside the handler. Skips a corrupt record and counts it in {@link #losses}.
     *
     * @param limit the maximum number of records
     * @return the number of records
     */
    int poll(Consumer<Event> handler, int limit);

    /** Ends the current and all later calls of {@link #await}. */
    void wakeup();

    /**
     * Sets the contexts in teardown whose state each {@link #inventory} reports.
     *
     * @param handles by the kernel's address of the context, the most important first, as the number is limited
     */
    void follow(Map<Long, Long> handles);

    /**
     * Starts or stops a {@code STRAGGLER} event for each completed request of a followed context. While enabled, a probe is
     * on the path of every request of the host.
     *
     * @return whether it is enabled; only the tier {@code full} supports it
     * @throws ProbeException if the kernel does not attach the program
     */
    boolean reportCompletions(boolean enabled);

    /**
     * Scans the tasks of the host. Passes one {@code TEARDOWN_STATE} for each followed context with a readable state, then one
     * {@code LIVE_CONTEXT} for each context and one {@code TASK_IN_TEARDOWN} for each thread that waits in a teardown. A
     * context of an address space with several processes can occur more than once, with the same address space and handle.
     *
     * @return the processes that the scan could not read
     * @throws ProbeException if the kernel does not permit it
     */
    ScanGaps inventory(Consumer<Event> handler);

    /**
     * Passes one {@code PROCESS} without arguments for each process of the host that has a context, or waits in io_destroy; for one
     * with several processes in its address space, one for each. Nothing without BPF.
     *
     * @throws ProbeException if the kernel does not permit it
     */
    default void processes(Consumer<ProcessEvent> handler) {}

    /**
     * Makes and destroys a context of the agent's own, and checks that each attach point fires which such a context passes.
     * No handler gets a record of it. Call it while another thread reads; it takes some 50 ms, and seconds if an attach
     * point does not fire.
     *
     * @return without findings where there are no probes to test
     */
    default SelfTestResult selfTest() throws InterruptedException {
        return SelfTestResult.PASSED;
    }

    /** The losses so far. */
    Losses losses();

    /** Detaches the probes and frees all memory. */
    @Override
    void close();
}
