package dev.aioscope.probe.bpf;

import com.sun.jna.Pointer;
import dev.aioscope.event.CorruptEventException;
import dev.aioscope.event.Event;
import dev.aioscope.event.EventReader;
import dev.aioscope.kernel.Libc;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.LongBuffer;
import java.util.function.Consumer;

/**
 * Reads a BPF ring buffer as memory: no system call and no callback per record.
 *
 * <pre>
 *   mapping 1, read and write   | consumer position | one page
 *   mapping 2, read only        | producer position | one page
 *                               | data              | size bytes
 *                               | its beginning     | again, one batch long: no record is split at the end
 *
 *   record                      | length, bits 31 busy and 30 discarded: 4 | page offset: 4 | payload, padded to 8 |
 * </pre>
 *
 * Positions only grow; modulo the size they are offsets in the data. One thread reads.
 */
final class RingBuffer implements EventBuffer {
    private static final VarHandle LONG = MethodHandles.byteBufferViewVarHandle(long[].class, ByteOrder.nativeOrder());
    private static final VarHandle INT = MethodHandles.byteBufferViewVarHandle(int[].class, ByteOrder.nativeOrder());
    private static final int BUSY = 1 << 31;
    private static final int DISCARDED = 1 << 30;
    private static final int RECORD_HEADER = 8;
    /** Words per copy; far larger than any record. */
    private static final int BATCH = 4096;

    private static final int PAGE = SharedMemory.PAGE;

    private final int size;
    /** Mapped bytes of the data. */
    private final int mapped;

    private final Pointer consumerPage;
    private final Pointer producerPages;
    private final ByteBuffer consumer;
    private final ByteBuffer producer;
    private final ByteBuffer data;
    private final LongBuffer words;
    private final long[] batch = new long[BATCH];
    private final EventReader reader = new EventReader();
    private long corrupt;

    /**
     * Maps the ring.
     *
     * @param fd of the map; the caller keeps it open
     * @param size of the data, bytes, a power of two
     */
    RingBuffer(int fd, int size) {
        this.size = size;
        // Not all of it again: each mapped page counts as memory of this process.
        mapped = size + Math.min(size, BATCH * Long.BYTES);
        try (Rollback rollback = new Rollback()) {
            consumerPage = SharedMemory.map(fd, PAGE, Libc.PROT_READ | Libc.PROT_WRITE, 0);
            rollback.add(() -> Libc.munmap(consumerPage, PAGE));
            producerPages = SharedMemory.map(fd, (long) PAGE + mapped, Libc.PROT_READ, PAGE);
            rollback.commit();
        }
        consumer = consumerPage.getByteBuffer(0, PAGE).order(ByteOrder.nativeOrder());
        producer = producerPages.getByteBuffer(0, PAGE).order(ByteOrder.nativeOrder());
        data = producerPages.getByteBuffer(PAGE, mapped).order(ByteOrder.nativeOrder());
        words = data.asLongBuffer();
    }

    /** For tests, in ordinary memory with the same layout. */
    RingBuffer(ByteBuffer consumer, ByteBuffer producer, ByteBuffer data) {
        this.size = data.capacity() / 2;
        this.mapped = data.capacity();
        this.consumerPage = Pointer.NULL;
        this.producerPages = Pointer.NULL;
        this.consumer = consumer;
        this.producer = producer;
        this.data = data;
        this.words = data.asLongBuffer();
    }

    /** Frees the room of the records with one store. */
    @Override
    public int poll(Consumer<Event> handler, int limit) {
        long position = (long) LONG.getVolatile(consumer, 0);
        long produced = (long) LONG.getAcquire(producer, 0);
        int taken = 0;
        try {
            int length = copy(position, produced);
            while (length > 0 && taken < limit) {
                int begin = (int) (position & size - 1);
                int at = 0;
                while (at < length && taken < limit) {
                    int header = (int) batch[at / Long.BYTES];
                    int next = at + step(header);
                    position += next - at;
                    taken++;
                    if ((header & DISCARDED) == 0) {
                        deliver(handler, begin, at + RECORD_HEADER, header);
                    }
                    at = next;
                }
                length = copy(position, produced);
            }
        } finally {
            if (taken > 0) {
                LONG.setRelease(consumer, 0, position);
            }
        }
        return taken;
    }

    /**
     * Copies a batch of complete records: a copy per record would double the time per record.
     *
     * @return the number of bytes
     */
    private int copy(long position, long produced) {
        int begin = (int) (position & size - 1);
        int most = (int) Math.min(produced - position, (long) BATCH * Long.BYTES);
        int length = 0;
        while (length < most) {
            int header = (int) INT.getAcquire(data, (begin + length) & size - 1);
            // Stop at an incomplete record: the kernel wakes this thread at its completion.
            int next = length + step(header);
            if ((header & BUSY) != 0 || next > most) {
                break;
            }
            length = next;
        }
        words.get(begin / Long.BYTES, batch, 0, length / Long.BYTES);
        return length;
    }

    /** The distance from a record to the next, bytes. */
    private static int step(int header) {
        return RECORD_HEADER + ((header & ~DISCARDED) + 7 & ~7);
    }

    private void deliver(Consumer<Event> handler, int begin, int at, int length) {
        try {
            handler.accept(reader.read(data, begin + at, length, batch, at / Long.BYTES));
        } catch (CorruptEventException e) {
            corrupt++;
        }
    }

    /** Unread bytes. */
    long used() {
        return end() - consumed();
    }

    /** Bytes that the kernel has written so far. */
    @Override
    public long end() {
        return (long) LONG.getAcquire(producer, 0);
    }

    @Override
    public boolean isReadTo(long end) {
        return consumed() >= end;
    }

    private long consumed() {
        return (long) LONG.getVolatile(consumer, 0);
    }

    @Override
    public long corrupt() {
        return corrupt;
    }

    @Override
    public void close() {
        Libc.munmap(consumerPage, PAGE);
        Libc.munmap(producerPages, (long) PAGE + mapped);
    }
}
