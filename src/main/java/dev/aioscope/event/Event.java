package dev.aioscope.event;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * A view of one record: the fields that every record has. The subclasses add those of their types; {@link #type} says
 * which one it is. {@link EventReader} moves a view from record to record without allocation, so a view is valid only
 * until the handler returns.
 *
 * <p>An unobserved value is {@link EventLayout#ABSENT_U64} or {@link EventLayout#ABSENT_S32}. Times are CLOCK_BOOTTIME in
 * ns. Not thread-safe.
 */
public abstract class Event {
    private final EventType type;
    private ByteBuffer buffer = ByteBuffer.allocate(0);
    private int offset;

    /** A copy of the record: reading a buffer takes ten times as long as reading an array. */
    private long[] words = {};

    private int first;
    private CommCache comms = new CommCache();

    Event(EventType type) {
        this.type = type;
    }

    /**
     * A view of the record at {@code offset} of {@code buffer} (host byte order) that keeps this record.
     *
     * @param length bytes available from {@code offset}
     * @throws CorruptEventException if the record is too short, or the probes send no such type or size
     */
    public static Event of(ByteBuffer buffer, int offset, int length) {
        return new EventReader().read(buffer, offset, length);
    }

    final void share(CommCache cache) {
        comms = cache;
    }

    final Event moveTo(ByteBuffer buffer, int offset, long[] words, int first) {
        this.buffer = buffer;
        this.offset = offset;
        this.words = words;
        this.first = first;
        return this;
    }

    /** The type, which also decides the class of this view. */
    public final EventType type() {
        return type;
    }

    /** When it happened. */
    public final long time() {
        return u64(EventLayout.TIME);
    }

    /** The address of the struct kioctx, in the tier {@code proc} the inode of its ring; 0 if unknown. */
    public final long kioctx() {
        return u64(EventLayout.KIOCTX);
    }

    /** The address of the struct mm_struct, in the tier {@code proc} the pid; 0 if unknown. */
    public final long mm() {
        return u64(EventLayout.MM);
    }

    /** The id of the cgroup v2. */
    public final long cgroup() {
        return u64(EventLayout.CGROUP);
    }

    /** The process. {@code USERS}, {@code REQS} and {@code FREE} have the interrupted process here. */
    public final int pid() {
        return s32(EventLayout.PID);
    }

    /** The thread; see {@link #pid}. */
    public final int tid() {
        return s32(EventLayout.TID);
    }

    /** The CPU that ran the probe. */
    public final int cpu() {
        return s32(EventLayout.CPU);
    }

    /** The name of the thread; see {@link #pid}. */
    public final String comm() {
        return comms.get(this);
    }

    /** When the process began, which distinguishes processes that have the same pid one after the other. */
    public final long processStart() {
        return u64(EventLayout.PROCESS_START);
    }

    /** The size of the whole record, bytes. */
    public final int size() {
        return u16(EventLayout.SIZE);
    }

    /** Appends the whole record, {@link #size} bytes. */
    public final void copyTo(ByteBuffer to) {
        int size = size();
        to.put(to.position(), buffer, offset, size).position(to.position() + size);
    }

    /** Sets a 32-bit field in the record itself. */
    final void set(int at, int value) {
        buffer.putInt(offset + at, value);
        words[first + (at >> 3)] = buffer.getLong(offset + (at & ~7));
    }

    final long u64(int at) {
        return words[first + (at >> 3)];
    }

    // All hosts that have probes are little-endian.

    final int s32(int at) {
        return (int) (words[first + (at >> 3)] >>> ((at & 4) << 3));
    }

    final int u16(int at) {
        return (int) (words[first + (at >> 3)] >>> ((at & 6) << 3)) & 0xffff;
    }

    final byte s8(int at) {
        return (byte) (words[first + (at >> 3)] >>> ((at & 7) << 3));
    }

    /** A value of {@code enum found}; null if the probe did not read it. */
    final @Nullable Boolean found(int at) {
        return switch (s8(at)) {
            case 0 -> null;
            case 1 -> false;
            case 2 -> true;
            default -> throw new CorruptEventException("unknown value of enum found: " + s8(at));
        };
    }

    /** A copy of these bytes. */
    final byte[] bytes(int at, int length) {
        byte[] bytes = new byte[length];
        buffer.get(offset + at, bytes);
        return bytes;
    }

    /** The zero-terminated text of at most {@code most} bytes. */
    final String text(int at, int most) {
        byte[] text = new byte[most];
        int length = 0;
        while (length < most) {
            byte b = s8(at + length);
            if (b == 0) {
                break;
            }
            text[length++] = b;
        }
        return new String(text, 0, length, StandardCharsets.UTF_8);
    }
}
