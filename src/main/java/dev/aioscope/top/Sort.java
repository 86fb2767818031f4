package dev.aioscope.top;

import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Sort column of the list: largest value first, unknown values last, ties by name. */
public enum Sort {
    CHARGE("CHARGE"),
    CONTEXTS("CTX"),
    OUTSTANDING("OUT"),
    UNREAPED("UNREAP"),
    DESTROYS("D/S"),
    P50("P50"),
    P99("P99"),
    OLDEST("OLDEST");

    private static final List<Sort> ALL = List.of(values());

    private final String column;

    Sort(String column) {
        this.column = column;
    }

    /** Name of the column. */
    String column() {
        return column;
    }

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
            case P50 -> row.latencies().percentile(0.5);
            case P99 -> row.latencies().percentile(0.99);
            case OLDEST -> row.oldest();
        };
        return value == null ? null : (Double) value.doubleValue();
    }

    /** The next column; after the last, the first. */
    Sort next() {
        return ALL.get((ALL.indexOf(this) + 1) % ALL.size());
    }
}
