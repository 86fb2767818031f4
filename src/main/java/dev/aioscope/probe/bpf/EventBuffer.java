package dev.aioscope.probe.bpf;

import dev.aioscope.event.Event;
import java.util.function.Consumer;

/** Where the probes put their records. One thread reads. */
interface EventBuffer extends AutoCloseable {
    /**
     * Passes up to {@code limit} records on and frees their room.
     *
     * @return the number of records, corrupt and discarded ones included
     */
    int poll(Consumer<Event> handler, int limit);

    /** The end of the records that exist now, for {@link #isReadTo}. Any thread may call it. */
    long end();

    /** Whether the records up to this end were passed on. Any thread may call it. */
    boolean isReadTo(long end);

    /** Number of invalid records so far. */
    long corrupt();

    @Override
    void close();
}
