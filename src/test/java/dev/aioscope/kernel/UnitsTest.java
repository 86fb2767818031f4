package dev.aioscope.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class UnitsTest {
    @ParameterizedTest
    @CsvSource({
        "0, 0ns",
        "999, 999ns",
        "1000, 1µs",
        "999999, 999µs",
        "1000000, 1.00ms",
        "9999999, 9.99ms",
        "99999999, 99.9ms",
        "499900000, 499ms",
        "1000000000, 1.00s",
        "59999999999, 59.9s",
        "60000000000, 1m00s",
        "3599000000000, 59m59s",
        "3600000000000, 1h00m",
        "86400000000000, 1d00h",
        "8639999000000000, 99d23h",
    })
    void formatsDurationInSixCharacters(long nanos, String text) {
        assertThat(Units.duration(nanos)).isEqualTo(text).hasSizeLessThanOrEqualTo(6);
    }

    @Test
    void formatsNullAsDash() {
        assertThat(Units.duration(null)).isEqualTo("–");
    }
}
