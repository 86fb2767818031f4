package dev.aioscope.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine.TypeConversionException;

class DurationConverterTest {
    @ParameterizedTest
    @CsvSource({"500ms, PT0.5S", "10s, PT10S", "1.5m, PT1M30S", "2h, PT2H", "0s, PT0S", "8760h, PT8760H"})
    void parsesDuration(String text, Duration duration) {
        assertThat(new DurationConverter().convert(text)).isEqualTo(duration);
    }

    @ParameterizedTest
    @ValueSource(strings = {"10", "s", "-1s", "1d", "1 s", "1e3s", "9999999999s", ""})
    void rejectsOtherText(String text) {
        assertThatThrownBy(() -> new DurationConverter().convert(text))
                .isInstanceOf(TypeConversionException.class)
                .hasMessage("expected a duration such as 500ms, 10s, 5m or 1h, got '%s'", text);
    }

    @ParameterizedTest
    @ValueSource(strings = {"8761h", "1000000h", "9999999h", "999999999h", "999999999m", "999999999s"})
    void rejectsMoreThanOneYear(String text) {
        assertThatThrownBy(() -> new DurationConverter().convert(text))
                .isInstanceOf(TypeConversionException.class)
                .hasMessage("expected a duration from 0ms to 8760h, such as 10s, got '%s'", text);
    }

    @ParameterizedTest
    @ValueSource(strings = {"0ms", "0s", "0.000001ms", "0.9ms", "9999999h"})
    void rejectsIntervalOutsideRange(String text) {
        assertThatThrownBy(() -> new PositiveDurationConverter().convert(text))
                .isInstanceOf(TypeConversionException.class)
                .hasMessage("expected a duration from 1ms to 8760h, such as 10s, got '%s'", text);
    }
}
