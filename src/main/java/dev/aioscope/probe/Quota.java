package dev.aioscope.probe;

import dev.aioscope.kernel.BootClock;
import dev.aioscope.kernel.Host;
import dev.aioscope.kernel.Units;
import java.math.BigInteger;
import org.jspecify.annotations.Nullable;

/**
 * The quota of a host at one moment. Both numbers are unsigned long in the kernel.
 *
 * @param time of the reading, CLOCK_BOOTTIME ns
 * @param aioNr fs.aio-nr; null if unknown
 * @param aioMaxNr fs.aio-max-nr; null if unknown
 */
public record Quota(
        long time, @Nullable BigInteger aioNr, @Nullable BigInteger aioMaxNr) {
    /**
     * A limit that no host reaches: each event in fs.aio-nr occupies 64 bytes of memory (two slots of a ring), and a
     * processor addresses 2^52 bytes at most.
     */
    private static final BigInteger UNREACHABLE = BigInteger.ONE.shiftLeft(52 - 6);

    /** Reads the quota of this host. */
    public static Quota read() {
        return new Quota(
                BootClock.now(), Host.aioNr().orElse(null), Host.aioMaxNr().orElse(null));
    }

    /** Whether the limit exceeds what the memory of any host can hold, so that the quota cannot run out. */
    public boolean isUnlimited() {
        return aioMaxNr != null && aioMaxNr.compareTo(UNREACHABLE) >= 0;
    }

    /** The headroom for people, {@code no limit} if the quota cannot run out. */
    public String headroomText() {
        return isUnlimited() ? "no limit" : "headroom " + Units.number(headroom());
    }

    /** Limit minus usage; negative after the limit was lowered. Null if unknown. */
    public @Nullable BigInteger headroom() {
        return aioNr == null || aioMaxNr == null ? null : aioMaxNr.subtract(aioNr);
    }

    /** Usage divided by the limit. Null if unknown, or if the limit is 0. */
    public @Nullable Double utilization() {
        return aioNr == null ? null : share(aioNr);
    }

    /** A charge divided by the limit. Null if the limit is unknown or 0. */
    public @Nullable Double share(Number charge) {
        return aioMaxNr == null || aioMaxNr.signum() == 0
                ? null
                : (Double) (charge.doubleValue() / aioMaxNr.doubleValue());
    }
}
