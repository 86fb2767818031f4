package dev.aioscope.top;

import dev.aioscope.top.FullScreen.KeyPress;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.jline.keymap.BindingReader;
import org.jline.keymap.KeyMap;
import org.jline.utils.NonBlockingReader;
import org.jspecify.annotations.Nullable;

/** Decodes the key sequences of a terminal. */
final class Keyboard {
    /** A terminal sends a sequence at once; a person takes longer after Esc. */
    private static final long SEQUENCE_MILLIS = 50;

    /** No terminal sends a longer sequence. */
    private static final int MAX_SEQUENCE = 32;

    private static final char ESC = '\u001b';

    private final BindingReader reader;
    private final KeyMap<KeyCode> plain = new KeyMap<>();
    private final Map<String, KeyCode> sequences = new HashMap<>();

    Keyboard(NonBlockingReader reader) {
        this.reader = new BindingReader(reader);
        plain.setUnicode(KeyCode.TYPED);
        plain.bind(KeyCode.TYPED, KeyMap.range(" -~"));
        plain.bind(KeyCode.ENTER, "\r", "\n");
        plain.bind(KeyCode.ERASE, "\u007f", "\b");
        bind(KeyCode.UP, "[A", "OA");
        bind(KeyCode.DOWN, "[B", "OB");
        bind(KeyCode.PAGE_UP, "[5~");
        bind(KeyCode.PAGE_DOWN, "[6~");
        bind(KeyCode.FIRST, "[H", "OH", "[1~");
        bind(KeyCode.LAST, "[F", "OF", "[4~");
    }

    private void bind(KeyCode key, String... all) {
        for (String sequence : all) {
            sequences.put(ESC + sequence, key);
        }
    }

    /**
     * Waits for a key.
     *
     * @return empty after a timeout or an unknown key
     * @throws UncheckedIOException if the terminal was closed
     */
    Optional<KeyPress> key(long millis) {
        int next = reader.peekCharacter(millis);
        if (next == NonBlockingReader.READ_EXPIRED) {
            return Optional.empty();
        }
        if (next == NonBlockingReader.EOF) {
            throw new UncheckedIOException(new IOException("the terminal was closed"));
        }
        if (next == ESC) {
            return Optional.ofNullable(escape()).map(key -> new KeyPress(key, ""));
        }
        KeyCode key = reader.readBinding(plain);
        return key == null ? Optional.empty() : Optional.of(new KeyPress(key, reader.getLastBinding()));
    }

    /**
     * Reads Esc, or an ECMA-48 sequence: Esc, {@code [} or {@code O}, parameters, and a final character from {@code @} on.
     * Reads unknown sequences completely too, so that their rest is not taken for keys.
     */
    private @Nullable KeyCode escape() {
        StringBuilder sequence = new StringBuilder().append((char) reader.readCharacter());
        int next = reader.peekCharacter(SEQUENCE_MILLIS);
        if (next != '[' && next != 'O') {
            return KeyCode.ESCAPE;
        }
        boolean isOver = false;
        while (!isOver && sequence.length() < MAX_SEQUENCE) {
            sequence.append((char) reader.readCharacter());
            next = reader.peekCharacter(SEQUENCE_MILLIS);
            // The Linux console sends two brackets for F1 to F5.
            boolean isLast = next >= '@' && next <= '~' && next != '[';
            if (isLast) {
                sequence.append((char) reader.readCharacter());
            }
            isOver = isLast || next < ' ';
        }
        return sequences.get(sequence.toString());
    }
}
