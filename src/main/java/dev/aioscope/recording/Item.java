package dev.aioscope.recording;

import org.jspecify.annotations.Nullable;

/** The kinds of items in a block, which are in the order of events. */
enum Item {
    /** A {@link Header}: at the beginning, and repeated in case that one is damaged. */
    HEADER(1),
    /** A turn of the duty cycle begins: CLOCK_BOOTTIME, ns. The records of the ring up to then follow. */
    TIME(2),
    /** A raw record of the ring. */
    RECORD(3),
    /** A scan of the host's tasks begins. */
    SCAN(4),
    /** A raw record of that scan. */
    SCAN_RECORD(5),
    /** The scan ends: numbers of records, unreadable and partial processes (4 bytes each), then the pids. */
    SCAN_END(6),
    /** The scan failed: the message, a zero, the hint. */
    SCAN_FAILED(7),
    /** Time, fs.aio-nr, fs.aio-max-nr, and which of the two are unknown: bits 0 and 1. */
    QUOTA(8),
    /** Losses so far: ring_full, map_full, corrupt, missed (-1 if not counted), identity (not in older recordings). */
    LOSSES(9),
    /** A CLOCK_BOOTTIME, and the offset to time since the epoch from then on, ns. */
    CLOCK(10),
    /** An {@link IdentityItem}. */
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

    /** The kind with this code; null if unknown. */
    static @Nullable Item of(int code) {
        return code >= 0 && code < BY_CODE.length ? BY_CODE[code] : null;
    }
}
