package dev.aioscope.top;

import dev.aioscope.top.FullScreen.Pressed;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.jline.keymap.BindingReader;
import org.jline.keymap.KeyMap;
import org.jline.utils.NonBlockingReader;
import org.jspecify.annotations.Nullable;

/** Makes keys of what a terminal sends. */
final class Keyboard {
    /** What a terminal sends for one key comes at once; what a person presses after Esc does not. */
    private static final long TOGETHER_MILLIS = 50;

    /** Longer than anything that a terminal sends. */
    private static final int LONGEST = 32;

    private static final char ESC = '\u001b';

    private final BindingReader reader;
    private final KeyMap<Key> plain = new KeyMap<>();
    private final Map<String, Key> sequences = new HashMap<>();

    Keyboard(NonBlockingReader reader) {
        this.reader = new BindingReader(reader);
        plain.setUnicode(Key.TYPED);
        plain.bind(Key.TYPED, KeyMap.range(" -~"));
        plain.bind(Key.ENTER, "\r", "\n");
        plain.bind(Key.ERASE, "\u007f", "\b");
        mean(Key.UP, "[A", "OA");
        mean(Key.DOWN, "[B", "OB");
        mean(Key.PAGE_UP, "[5~");
        mean(Key.PAGE_DOWN, "[6~");
        mean(Key.FIRST, "[H", "OH", "[1~");
        mean(Key.LAST, "[F", "OF", "[4~");
    }

    private void mean(Key key, String... all) {
        for (String sequence : all) {
            sequences.put(ESC + sequence, key);
        }
    }

    /**
     * LatencyHistogram for a key.
     *
     * @return empty if none came in that time, or it was one that means nothing
     * @throws UncheckedIOException if the terminal has gone
     */
    Optional<Pressed> key(long millis) {
        int next = reader.peekCharacter(millis);
        if (next == NonBlockingReader.READ_EXPIRED) {
            return Optional.empty();
        }
        if (next == NonBlockingReader.EOF) {
            throw new UncheckedIOException(new IOException("the terminal has gone"));
        }
        if (next == ESC) {
            return Optional.ofNullable(escape()).map(key -> new Pressed(key, ""));
        }
        Key key = reader.readBinding(plain);
        return key == null ? Optional.empty() : Optional.of(new Pressed(key, reader.getLastBinding()));
    }

    /**
     * Esc, or a sequence that begins with it, as ECMA-48 has them: {@code [} or {@code O}, parameters, and a last
     * character from {@code @} on. One that is not known is read as a whole too, or its rest would be taken for keys.
     */
    private @Nullable Key escape() {
        StringBuilder sequence = new StringBuilder().append((char) reader.readCharacter());
        int next = reader.peekCharacter(TOGETHER_MILLIS);
        if (next != '[' && next != 'O') {
            return Key.ESCAPE;
        }
        boolean isOver = false;
        while (!isOver && sequence.length() < LONGEST) {
            sequence.append((char) reader.readCharacter());
            next = reader.peekCharacter(TOGETHER_MILLIS);
            // The console of Linux begins those of F1 to F5 with two brackets.
            boolean isLast = next >= '@' && next <= '~' && next != '[';
            if (isLast) {
                sequence.append((char) reader.readCharacter());
            }
            isOver = isLast || next < ' ';
        }
        return sequences.get(sequence.toString());
    }
}
