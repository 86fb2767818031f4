package dev.aioscope.probe;

import java.math.BigInteger;

/** Quotas for tests. */
public final class Quotas {
    private Quotas() {}

    /** A quota at time 0; null if unknown. */
    public static Quota of(Number aioNr, Number aioMaxNr) {
        return new Quota(0, number(aioNr), number(aioMaxNr));
    }

    private static BigInteger number(Number value) {
        return value == null ? null : new BigInteger(value.toString());
    }
}
