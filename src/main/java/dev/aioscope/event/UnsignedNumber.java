package dev.aioscope.event;

import java.math.BigInteger;
import java.util.Optional;

/** Numbers that the kernel holds as unsigned long: up to 2^64 - 1, more than a {@code long}. */
public final class UnsignedNumber {
    private static final BigInteger TWO_TO_64 = BigInteger.ONE.shiftLeft(Long.SIZE);

    private UnsignedNumber() {}

    /** The number with these 64 bits. */
    public static BigInteger of(long bits) {
        BigInteger signed = BigInteger.valueOf(bits);
        return bits < 0 ? signed.add(TWO_TO_64) : signed;
    }

    /** The number in this text of a kernel's file; empty if it is none, or above 2^64 - 1. */
    public static Optional<BigInteger> parse(String text) {
        String digits = text.strip();
        return digits.matches("[0-9]{1,20}")
                ? Optional.of(new BigInteger(digits)).filter(number -> number.bitLength() <= Long.SIZE)
                : Optional.empty();
    }
}
