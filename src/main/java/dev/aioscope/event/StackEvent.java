package dev.aioscope.event;

import java.util.Arrays;

/** The user stack of a thread that called io_setup or io_destroy; its time is the entry of that call. */
public final class StackEvent extends Event {
    /** Largest user addresses: 52 bits on arm64, 47 on x86-64, or 56 there if a program asks for them. */
    private static final int USER_BITS = 56;

    private static final int MOST_FRAMES = (EventLayout.STACK_SIZE - EventLayout.STACK_FRAMES) / Long.BYTES;

    /** The usual vm.mmap_min_addr. */
    private static final long LOWEST_MAPPED = 65_536;

    StackEvent() {
        super(EventType.STACK);
    }

    /**
     * A copy of the return addresses, the innermost first. The kernel follows frame pointers; where a program uses that
     * register for other values, the stack ends with invalid addresses, which this method removes.
     *
     * @throws CorruptEventException if there are more than a record can hold
     */
    public long[] frames() {
        int depth = s32(EventLayout.STACK_DEPTH);
        if (depth < 0 || depth > MOST_FRAMES) {
            throw new CorruptEventException("invalid stack depth " + depth);
        }
        long[] frames = new long[depth];
        for (int i = 0; i < depth; i++) {
            frames[i] = u64(EventLayout.STACK_FRAMES + Long.BYTES * i);
            if (frames[i] >>> USER_BITS != 0 || frames[i] < LOWEST_MAPPED) {
                return Arrays.copyOf(frames, i);
            }
        }
        return frames;
    }
}
