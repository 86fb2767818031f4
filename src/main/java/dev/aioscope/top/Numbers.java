package dev.aioscope.top;

import dev.aioscope.inventory.Inventory;
import dev.aioscope.kernel.Units;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Formats values for the cells of the screen; null gives {@link Units#ABSENT}. */
final class Numbers {
    private Numbers() {}

    static String orAbsent(@Nullable Object value) {
        return value == null ? Units.ABSENT : value.toString();
    }

    static String handle(long handle) {
        return handle == 0 ? Units.ABSENT : Long.toHexString(handle);
    }

    /** All digits, or thousands with k, M or G if the width does not suffice. */
    static String digits(@Nullable Number number, int width) {
        String text = orAbsent(number);
        long value = number == null ? 0 : number.longValue();
        for (int i = 0; number != null && text.length() > width && i < 3; i++) {
            value /= 1000;
            text = value + "kMG".substring(i, i + 1);
        }
        return text;
    }

    static String perSecond(@Nullable Double rate) {
        if (rate == null) {
            return Units.ABSENT;
        }
        return rate == 0 || rate >= 100 ? Long.toString(Math.round(rate)) : String.format(Locale.ROOT, "%.1f", rate);
    }

    /** Share of fs.aio-max-nr. */
    static String share(@Nullable Number charge, Inventory inventory) {
        Double share = charge == null ? null : inventory.quota().share(charge);
        if (share == null) {
            return Units.ABSENT;
        }
        double percent = 100 * share;
        return percent >= 99.95 ? Math.round(percent) + "%" : String.format(Locale.ROOT, "%.1f%%", percent);
    }
}
