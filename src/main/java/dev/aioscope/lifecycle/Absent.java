package dev.aioscope.lifecycle;

import dev.aioscope.event.EventLayout;
import org.jspecify.annotations.Nullable;

/** Turns what a record holds into what is reported: a value that was not seen is null. */
final class Absent {
    /** A time that was not seen. */
    static final long NEVER = EventLayout.ABSENT_U64;

    static @Nullable Long u64(long value) {
        return value == EventLayout.ABSENT_U64 ? null : (Long) value;
    }

    static @Nullable Integer s32(int value) {
        return value == EventLayout.ABSENT_S32 ? null : (Integer) value;
    }

    private Absent() {}
}
