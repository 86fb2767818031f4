package dev.aioscope.probe.bpf;

import com.sun.jna.Memory;
import dev.aioscope.event.CorruptEventException;
import dev.aioscope.event.Event;
import dev.aioscope.event.EventReader;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;

/**
 * Takes records from BPF queues, which replace the ring before Linux 5.8: one system call per record. One queue has the
 * short records in their order. The others have the records that explain short ones, written before them: this class takes
 * short records first, and passes the others on first.
 */
final class QueueBuffer implements EventBuffer {
    /** The size of an element of the first queue, {@code struct short_record} of the probes. */
    static final int SHORT_RECORD = 128;

    private static final int BATCH = 1024;

    private final Queue events;
    private final List<Queue> explanations;
    private int next;
    private int end;
    private long corrupt;
    /** How often the queues were empty at the end of a poll. */
    private final AtomicLong emptied = new AtomicLong();

    /** A queue with room for some of its elements in this process. */
    private static final class Queue {
        private final int map;
        private final int size;
        private final Memory memory;
        private final ByteBuffer elements;
        private final EventReader reader = new EventReader();

        Queue(int map, int room) {
            this.map = map;
            this.size = Bpf.valueSize(map);
            this.memory = new Memory((long) size * room);
            this.elements = memory.getByteBuffer(0, memory.size()).order(ByteOrder.nativeOrder());
        }

        boolean take(int index) {
            return Bpf.take(map, memory.share((long) index * size));
        }

        Event read(int index) {
            return reader.read(elements, index * size, size);
        }
    }

    /**
     * Uses the queues of these programs, which the caller keeps open.
     *
     * @param programs loaded
     */
    QueueBuffer(Programs programs) {
        events = new Queue(programs.map("events"), BATCH);
        explanations = List.of(new Queue(programs.map("process_events"), 1), new Queue(programs.map("long_events"), 1));
    }

    @Override
    public int poll(Consumer<Event> handler, int limit) {
        int taken = 0;
        int before;
        do {
            before = taken;
            if (next == end) {
                fill();
            }
            for (Queue queue : explanations) {
                while (taken < limit && queue.take(0)) {
                    deliver(queue, 0, handler);
                    taken++;
                }
            }
            while (taken < limit && next < end) {
                deliver(events, next++, handler);
                taken++;
            }
        } while (taken > before && taken < limit);
        if (taken < limit) {
            emptied.incrementAndGet();
        }
        return taken;
    }

    private void fill() {
        next = 0;
        end = 0;
        while (end < BATCH && events.take(end)) {
            end++;
        }
    }

    private void deliver(Queue queue, int index, Consumer<Event> handler) {
        try {
            handler.accept(queue.read(index));
        } catch (CorruptEventException e) {
            corrupt++;
        }
    }

    /** The second emptying from now on: the poll that runs now may have passed a queue already. */
    @Override
    public long end() {
        return emptied.get() + 2;
    }

    @Override
    public boolean isReadTo(long end) {
        return emptied.get() >= end;
    }

    @Override
    public long corrupt() {
        return corrupt;
    }

    @Override
    public void close() {
        events.memory.close();
        explanations.forEach(queue -> queue.memory.close());
    }
}
