package dev.aioscope.output;

import dev.aioscope.lifecycle.DurationText;
import org.jspecify.annotations.Nullable;

/** Numbers and durations as people read them. */
public final class Units {
    /** Stands for a value that was not seen. */
    static final String ABSENT = "–";

    private Units() {}

    /** All digits. */
    public static String number(@Nullable Long number) {
        return number == null ? ABSENT : number.toString();
    }

    /** Three digits and a unit, six characters at most. */
    public static String duration(@Nullable Long nanos) {
        return nanos == null ? ABSENT : DurationText.text(nanos);
    }
}
