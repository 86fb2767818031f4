package dev.aioscope.probe.proc;

import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * The header of a ring. The program can write to it, so its values are not trusted.
 *
 * <pre>
 *   0     4     8     12    16      20        24          28
 *   +-----+-----+-----+-----+-------+---------+-----------+---------------+---- ...
 *   | id  | nr  | head| tail| magic | compat  | incompat  | header length | events
 *   +-----+-----+-----+-----+-------+---------+-----------+---------------+---- ...
 * </pre>
 *
 * @param id the slot in the table of the address space
 * @param nr slots for events
 * @param unreaped completed requests that the program has not read
 */
record RingHeader(int id, int nr, int unreaped) {
    /** Bytes. */
    static final int SIZE = 32;

    /** Bytes of a struct io_event. */
    static final int SLOT_SIZE = 32;

    private static final int ID = 0;
    private static final int NR = 4;
    private static final int HEAD = 8;
    private static final int TAIL = 12;
    private static final int MAGIC = 16;
    private static final int MAGIC_NUMBER = 0xa10a10a1;

    /**
     * Reads it from the beginning of the buffer, in the byte order of the host.
     *
     * @param slots the maximum number of slots
     * @return null if it is not a valid header
     */
    static @Nullable RingHeader of(ByteBuffer buffer, int slots) {
        if (buffer.limit() < SIZE || buffer.getInt(MAGIC) != MAGIC_NUMBER) {
            return null;
        }
        int nr = buffer.getInt(NR);
        if (nr <= 0 || nr > slots) {
            return null;
        }
        // Keeps any values that the program wrote inside the ring.
        int head = Integer.remainderUnsigned(buffer.getInt(HEAD), nr);
        int tail = Integer.remainderUnsigned(buffer.getInt(TAIL), nr);
        return new RingHeader(buffer.getInt(ID), nr, tail >= head ? tail - head : tail + nr - head);
    }
}
