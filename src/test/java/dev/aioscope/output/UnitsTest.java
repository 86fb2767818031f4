package dev.aioscope.output;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.aioscope.cli.option.DurationConverter;
import dev.aioscope.cli.option.PositiveDurationConverter;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine.TypeConversionException;

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
    void writesDurationsInSixCharacters(long nanos, String text) {
        assertThat(Units.duration(nanos)).isEqualTo(text).hasSizeLessThanOrEqualTo(6);
    }

    @Test
    void whatWasNotSeenIsNoZero() {
        assertThat(Units.duration(null)).isEqualTo("–");
    }

    @ParameterizedTest
    @CsvSource({"500ms, PT0.5S", "10s, PT10S", "1.5m, PT1M30S", "2h, PT2H", "0s, PT0S"})
    void readsDurations(String text, Duration duration) {
        assertThat(new DurationConverter().convert(text)).isEqualTo(duration);
    }

    @ParameterizedTest
    @ValueSource(strings = {"10", "s", "-1s", "1d", "1 s", "1e3s", "9999999999s", ""})
    void refusesOtherText(String text) {
        assertThatThrownBy(() -> new DurationConverter().convert(text))
                .isInstanceOf(TypeConversionException.class)
                .hasMessage("'%s' is not a duration such as 500ms, 10s, 5m or 1h", text);
    }

    @Test
    void anIntervalIsNotZero() {
        assertThatThrownBy(() -> new PositiveDurationConverter().convert("0ms"))
                .hasMessage("'0ms' must be greater than zero");
    }
}
