package dev.aioscope.probe;

import dev.aioscope.event.Event;
import dev.aioscope.kernel.BootClock;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * A source of events and inventory: the probes of one tier, attached to the running kernel. One thread reads; {@link
 * #wakeup} and {@link #losses} may be called from any.
 */
public interface Probes extends AutoCloseable {

    /** The engine that they come from: {@code core} or {@code bcc}; {@code none} without BPF. */
    String engine();

    /** What the kernel lets these probes see. */
    Tier tier();

    /** The host that they look at. */
    default HostInfo host() {
        return HostInfo.local();
    }

    /** CLOCK_BOOTTIME there, ns; of a recording the time that it has come to. From any thread. */
    default long now() {
        return BootClock.now();
    }

    /** The quota there. From any thread. */
    default Quota quota() {
        return Quota.read();
    }

    /** Whether all has been told. What happens on a running host never ends. */
    default boolean isOver() {
        return false;
    }

    /** Whether nothing is lost if they are read late. */
    default boolean canWait() {
        return false;
    }

    /**
     * Whether it is time for an {@link #inventory}: a recording knows when it was.
     *
     * @param now CLOCK_BOOTTIME, ns
     * @param due when the reader would like to have one
     */
    default boolean isScanDue(long now, long due) {
        return now >= due;
    }

    /** Every probe point that was wanted, with how it is attached or why it is not. */
    List<AttachPoint> attachPoints();

    /**
     * Waits until records are there, the time is over, or {@link #wakeup} is called.
     *
     * @param timeoutMillis longest wait
     */
    void await(int timeoutMillis);

    /**
     * Hands on the records that are there, oldest first as the ring holds them, and gives their room back to the kernel
     * once. The event is only valid inside the handler. A corrupt record is counted in {@link #losses} and skipped.
     *
     * @param limit how many at most
     * @return how many
     */
    int poll(Consumer<Event> handler, int limit);

    /** Ends an {@link #await}, also one that begins later. */
    void wakeup();

    /**
     * Tells which contexts that are being torn down each {@link #inventory} looks into from now on.
     *
     * @param handles by the kernel's address of the context, those that matter most first: their number is bounded
     */
    void follow(Map<Long, Long> handles);

    /**
     * Begins or ends to send a {@code STRAGGLER} for each request that completes of a context that is followed. While this
     * lasts there is a probe on the path of every request of the host.
     *
     * @return whether they are told from now on; never but in the tier {@code full}
     * @throws ProbeException if the kernel does not let it, though it has taken the program
     */
    boolean reportCompletions(boolean wanted);

    /**
     * Walks the tasks of the host and hands on one {@code LIVE_CONTEXT} for each context found and one {@code
     * TASK_IN_TEARDOWN} for each thread that sits in a teardown. An address space that several threads or processes share
     * can be reported more than once: the address space and the handle of the record tell. Before them comes one {@code
     * TEARDOWN_STATE} for each context that is followed, where it can be looked into.
     *
     * @return what the walk could not see
     * @throws ProbeException if the kernel does not let it
     */
    ScanGaps inventory(Consumer<Event> handler);

    /** What was lost so far. */
    Losses losses();

    /** Detaches the probes and gives back all memory. */
    @Override
    void close();
}
