package dev.aioscope.event;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aioscope.kernel.Units;
import java.math.BigInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class UnsignedNumberTest {
    @ParameterizedTest
    @ValueSource(strings = {"0", "65536", "9223372036854775807", "9223372036854775808", "18446744073709551615"})
    void readsEveryUnsignedLong(String digits) {
        BigInteger number = new BigInteger(digits);

        assertThat(UnsignedNumber.parse(digits + "\n")).contains(number);
        assertThat(UnsignedNumber.of(number.longValue())).isEqualTo(number);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "-1", "18446744073709551616", "99999999999999999999", "0x10", "1 2", "unlimited", "٣"})
    void returnsEmptyForOtherText(String text) {
        assertThat(UnsignedNumber.parse(text)).isEmpty();
    }

    @Test
    void printsAllDigits() {
        assertThat(Units.number(UnsignedNumber.of(-1))).isEqualTo("18446744073709551615");
    }
}
