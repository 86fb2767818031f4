package dev.aioscope.host;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PrintableTest {
    @ParameterizedTest
    @CsvSource(
            ignoreLeadingAndTrailingWhitespace = false,
            value = {
                "mysqld,mysqld",
                "\u001b[2J,?[2J",
                "a\tb,a?b",
                "\u009b31m,?31m",
                "a\u202eb,a?b",
                "a\u2028b,a?b",
                "名前 é e\u0301 😀,名前 é e\u0301 😀",
                "a\ud800b,a?b",
            })
    void replacesCharactersThatControlTerminal(String text, String expected) {
        assertThat(Printable.of(text)).isEqualTo(expected);
    }
}
