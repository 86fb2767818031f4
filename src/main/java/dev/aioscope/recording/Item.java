package dev.aioscope.recording;

import org.jspecify.annotations.Nullable;

/** What can stand in a block, in the order in which it happened. */
enum Item {
    /** Where and how it was recorded: a {@link Header}. At the beginning, and repeated, should that be damaged. */
    HEADER(1),
    /** CLOCK_BOOTTIME, ns: a turn of the duty cycle begins. All that the ring held up to then follows. */
    TIME(2),
    /** A record of the ring, raw. */
    RECORD(3),
    /** A look at the host's tasks begins. */
    SCAN(4),
    /** A record of that look, raw. */
    SCAN_RECORD(5),
    /** It ends: how many records it had, how many processes refused and how many unfinished (4 bytes each), their pids. */
    SCAN_END(6),
    /** It could not be taken: the cause, a zero, the hint. */
    SCAN_FAILED(7),
    /** fs.aio-nr and fs.aio-max-nr: time, the two; -1 for one that is not known. */
    QUOTA(8),
    /** What was lost so far: ring_full, map_full, corrupt, missed; -1 where the kernel does not count. */
    LOSSES(9),
    /** From this CLOCK_BOOTTIME on, ns, the time since the epoch is this much more. */
    CLOCK(10),
    /** Who a process is: an {@link IdentityItem}. */
    IDENTITY(11);

    private static final @Nullable Item[] BY_CODE = new Item[16];

    static {
        for (Item item : values()) {
            BY_CODE[item.code] = item;
        }
    }

    private final int code;

    Item(int code) {
        this.code = code;
    }

    int code() {
        return code;
    }

    /** The one with this code; null if it is of a later version. */
    static @Nullable Item of(int code) {
        return code >= 0 && code < BY_CODE.length ? BY_CODE[code] : null;
    }
}
