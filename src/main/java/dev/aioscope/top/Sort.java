package dev.aioscope.top;

import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** By which column the rows are sorted, the largest first; what was not seen comes last, and the name decides a tie. */
public enum Sort {
    CHARGE,
    CONTEXTS,
    OUTSTANDING,
    UNREAPED,
    DESTROYS,
    P50,
    P99,
    OLDEST;

    private static final List<Sort> ALL = List.of(values());

    /** The order of the rows. */
    Comparator<HolderRow> order() {
        return Comparator.comparing(this::value, Comparator.nullsFirst(Comparator.<Double>naturalOrder()))
                .reversed()
                .thenComparing(HolderRow::name)
                .thenComparing(HolderRow::key);
    }

    private @Nullable Double value(HolderRow row) {
        Number value = switch (this) {
            case CHARGE -> row.charge();
            case CONTEXTS -> row.contexts().size();
            case OUTSTANDING -> row.outstanding();
            case UNREAPED -> row.unreaped();
            case DESTROYS -> row.destroysPerSecond();
            case P50 -> row.waits().percentile(0.5);
            case P99 -> row.waits().percentile(0.99);
            case OLDEST -> row.oldest();
        };
        return value == null ? null : (Double) value.doubleValue();
    }

    /** The next one; after the last, the first. */
    Sort next() {
        return ALL.get((ALL.indexOf(this) + 1) % ALL.size());
    }
}
