package dev.aioscope.top;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.StringReader;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jline.utils.NonBlocking;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class KeyboardTest {
    private static final String ESC = "\u001b";
    private static final long MILLIS = 10_000;

    private static Keyboard sent(String text) {
        return new Keyboard(NonBlocking.nonBlocking("keyboard", new StringReader(text)));
    }

    /** The keys before the final q. */
    private static List<KeyCode> keys(String text) {
        Keyboard keyboard = sent(text + "q");
        List<KeyCode> keys = new ArrayList<>();
        while (true) {
            Optional<FullScreen.KeyPress> pressed = keyboard.key(MILLIS);
            if (pressed.isPresent() && pressed.get().text().equals("q")) {
                return keys;
            }
            pressed.ifPresent(key -> keys.add(key.key()));
        }
    }

    @Test
    void decodesKeySequencesOfTerminals() {
        assertThat(keys(ESC + "[A" + ESC + "OB" + ESC + "[5~" + ESC + "[6~" + ESC + "[H" + ESC + "[4~"))
                .containsExactly(
                        KeyCode.UP, KeyCode.DOWN, KeyCode.PAGE_UP, KeyCode.PAGE_DOWN, KeyCode.FIRST, KeyCode.LAST);
        assertThat(keys("\r\u007fxä")).containsExactly(KeyCode.ENTER, KeyCode.ERASE, KeyCode.TYPED, KeyCode.TYPED);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"[1;5A", "[1;3B", "OP", "[15~", "[[A", "[3~", "[Z", "Oa", "[200~", "[<0;10;20M", "[?1;2c", "[5^"
            })
    void ignoresUnknownSequenceCompletely(String sequence) {
        assertThat(keys("j" + ESC + sequence + "k")).containsExactly(KeyCode.TYPED, KeyCode.TYPED);
    }

    @Test
    void decodesSingleEscape() {
        assertThat(keys(ESC + "j" + ESC + ESC + "k"))
                .containsExactly(KeyCode.ESCAPE, KeyCode.TYPED, KeyCode.ESCAPE, KeyCode.ESCAPE, KeyCode.TYPED);
    }

    @Test
    void toleratesTruncatedSequence() {
        assertThat(keys(ESC + "[1;" + ESC + "[A")).containsExactly(KeyCode.UP);
        assertThat(keys(ESC + "[" + "1".repeat(31))).containsExactly(KeyCode.TYPED);
    }

    @Test
    void failsWhenTerminalIsClosed() {
        Keyboard keyboard = sent("j");
        assertThat(keyboard.key(MILLIS)).isPresent();
        assertThatThrownBy(() -> keyboard.key(MILLIS))
                .isInstanceOf(UncheckedIOException.class)
                .hasMessageContaining("the terminal was closed");
    }
}
