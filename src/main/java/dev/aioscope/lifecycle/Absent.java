package dev.aioscope.lifecycle;

import dev.aioscope.event.EventLayout;
import dev.aioscope.event.UnsignedNumber;
import java.math.BigInteger;
import org.jspecify.annotations.Nullable;

/** Converts absent values of records to null. */
final class Absent {
    /** An unobserved time. */
    static final long NEVER = EventLayout.ABSENT_U64;

    static @Nullable Long u64(long value) {
        return value == EventLayout.ABSENT_U64 ? null : (Long) value;
    }

    static @Nullable BigInteger number(long value) {
        return value == EventLayout.ABSENT_U64 ? null : UnsignedNumber.of(value);
    }

    static @Nullable Integer s32(int value) {
        return value == EventLayout.ABSENT_S32 ? null : (Integer) value;
    }

    /** Whether both times are known and in this order. */
    static boolean isBefore(long earlier, long later) {
        return earlier != NEVER && later != NEVER && earlier < later;
    }

    private Absent() {}
}
