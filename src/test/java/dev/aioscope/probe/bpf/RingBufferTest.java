package dev.aioscope.probe.bpf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The reader against the kernel's layout of a ring, written by hand in ordinary memory. */
class RingBufferTest {
    private static final int SIZE = 512;
    private static final int FREE = 8;
    private static final int RECORD = 72;
    private static final int BUSY = 1 << 31;
    private static final int DISCARDED = 1 << 30;

    private final ByteBuffer consumer = memory(8);
    private final ByteBuffer producer = memory(8);
    private final ByteBuffer data = memory(2 * SIZE);
    private final RingBuffer ring = new RingBuffer(consumer, producer, data);
    private final List<Long> times = new ArrayList<>();
    private long produced;

    private static ByteBuffer memory(int size) {
        return ByteBuffer.allocateDirect(size).order(ByteOrder.nativeOrder());
    }

    /** Appends a record FREE with this time, as the kernel would. */
    private void append(long time, int flags, int type) {
        int at = (int) (produced % SIZE);
        put(at, time, flags, type);
        // The second mapping of the same memory.
        put(at + SIZE, time, flags, type);
        if (at + 8 + RECORD > SIZE) {
            for (int i = 0; i < SIZE; i++) {
                data.put(i, at + 8 + RECORD > SIZE + i ? data.get(SIZE + i) : data.get(i));
            }
        }
        produced += 8 + RECORD;
        producer.putLong(0, produced);
    }

    private void put(int at, long time, int flags, int type) {
        if (at + 8 + RECORD > 2 * SIZE) {
            return;
        }
        data.putInt(at, RECORD | flags);
        data.putLong(at + 8, time);
        data.putShort(at + 8 + 44, (short) type);
        data.putShort(at + 8 + 46, (short) RECORD);
    }

    private int poll(int limit) {
        return ring.poll(event -> times.add(event.time()), limit);
    }

    @Test
    void readsRecordsInOrderAndFreesTheirRoom() {
        append(1, 0, FREE);
        append(2, 0, FREE);

        assertThat(poll(10)).isEqualTo(2);
        assertThat(times).containsExactly(1L, 2L);
        assertThat(consumer.getLong(0)).isEqualTo(produced);
        assertThat(poll(10)).isZero();
    }

    @Test
    void readsAcrossEndOfRing() {
        for (long time = 1; time <= 100; time++) {
            append(time, 0, FREE);
            assertThat(poll(10)).isEqualTo(1);
        }
        assertThat(times).hasSize(100).isSorted().endsWith(100L);
    }

    @Test
    void stopsAtIncompleteRecord() {
        append(1, 0, FREE);
        append(2, BUSY, FREE);

        assertThat(poll(10)).isEqualTo(1);
        assertThat(ring.used()).isEqualTo(8 + RECORD);
        data.putInt(8 + RECORD, RECORD);
        assertThat(poll(10)).isEqualTo(1);
        assertThat(times).containsExactly(1L, 2L);
    }

    @Test
    void skipsDiscardedRecord() {
        append(1, DISCARDED, FREE);
        append(2, 0, FREE);

        poll(10);
        assertThat(times).containsExactly(2L);
        assertThat(ring.corrupt()).isZero();
    }

    @Test
    void countsCorruptRecordAndReadsOthers() {
        append(1, 0, FREE);
        append(2, 0, 99);
        append(3, 0, FREE);

        poll(10);
        assertThat(times).containsExactly(1L, 3L);
        assertThat(ring.corrupt()).isEqualTo(1);
    }

    @Test
    void readsMoreThanOneBatchPerPoll() {
        int size = 1 << 17;
        int records = size / (8 + RECORD);
        ByteBuffer large = memory(2 * size);
        for (int i = 0; i < records; i++) {
            int at = i * (8 + RECORD);
            large.putInt(at, RECORD).putLong(at + 8, i).putShort(at + 8 + 44, (short) FREE);
            large.putShort(at + 8 + 46, (short) RECORD);
        }
        producer.putLong(0, (long) records * (8 + RECORD));
        RingBuffer full = new RingBuffer(consumer, producer, large);

        assertThat(full.poll(event -> times.add(event.time()), 10_000)).isEqualTo(records);
        assertThat(times).hasSize(records).isSorted().endsWith(records - 1L);
        assertThat(full.used()).isZero();
    }

    @Test
    void respectsLimit() {
        append(1, 0, FREE);
        append(2, 0, FREE);
        append(3, 0, FREE);

        assertThat(poll(2)).isEqualTo(2);
        assertThat(times).containsExactly(1L, 2L);
        assertThat(poll(2)).isEqualTo(1);
    }

    @Test
    void skipsRecordWhoseHandlerFailed() {
        append(1, 0, FREE);
        append(2, 0, FREE);

        assertThatThrownBy(() -> ring.poll(
                        event -> {
                            throw new IllegalStateException("handler");
                        },
                        10))
                .hasMessage("handler");
        poll(10);
        assertThat(times).containsExactly(2L);
    }
}
