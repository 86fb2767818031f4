package dev.aioscope.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import picocli.CommandLine.TypeConversionException;

class RingSizeConverterTest {
    @Test
    void acceptsOnePageOrMore() {
        assertThat(new RingSizeConverter(4096).convert("4k")).isEqualTo(4096);
        assertThat(new RingSizeConverter(65_536).convert("64k")).isEqualTo(65_536);
        assertThat(new RingSizeConverter(65_536).convert("64m")).isEqualTo(64 << 20);
    }

    @Test
    void rejectsRingSmallerThanPage() {
        assertThatThrownBy(() -> new RingSizeConverter(65_536).convert("32k"))
                .isInstanceOf(TypeConversionException.class)
                .hasMessage("expected a power of two from 64k to 64m, such as 256k, got '32k'");
    }
}
