package dev.aioscope.top;

import dev.aioscope.kernel.RawTerminal;
import dev.aioscope.kernel.Terminal;
import java.io.BufferedOutputStream;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import org.jline.terminal.Size;
import org.jline.terminal.impl.ExternalTerminal;
import org.jline.utils.AttributedString;
import org.jline.utils.Display;
import org.jline.utils.InfoCmp;
import org.jline.utils.InfoCmp.Capability;
import org.jspecify.annotations.Nullable;

/**
 * The terminal of this process, taken over whole until this is closed: it is given back as it was, with what stood on it.
 *
 * <p>JLine draws and reads the keys. It does so on the plain streams: its own ways to the terminal start other programs or
 * unpack a native library, and neither is quick. Nor does it ask the terminal anything, or infocmp about it: what it sends
 * is understood by everything that has learnt from xterm.
 */
public final class FullScreen implements AutoCloseable {
    private static final String TYPE = "xterm-256color";

    private final ExternalTerminal terminal;
    private final Display display;
    private final Keyboard keyboard;
    private @Nullable RawTerminal raw;
    private int columns;
    private int rows;

    /** What was pressed; the text is that of {@link Key#TYPED}. */
    public record Pressed(Key key, String text) {}

    /** Gets ready; the terminal stays as it is. Takes a while, so that it is worth doing beside something else. */
    public FullScreen() throws IOException {
        InfoCmp.setLoadedInfoCmp(TYPE, InfoCmp.getDefaultInfoCmp(TYPE));
        terminal = new ExternalTerminal(
                "aioscope",
                TYPE,
                new FileInputStream(FileDescriptor.in),
                // JLine writes byte by byte.
                new BufferedOutputStream(new FileOutputStream(FileDescriptor.out)),
                StandardCharsets.UTF_8);
        terminal.enterRawMode();
        display = new Display(terminal, true);
        keyboard = new Keyboard(terminal.reader());
    }

    /**
     * Takes the terminal over.
     *
     * @throws IOException if the standard input is none
     */
    public void open() throws IOException {
        raw = new RawTerminal(Terminal.STDIN);
        terminal.puts(Capability.enter_ca_mode);
        terminal.puts(Capability.cursor_invisible);
        terminal.flush();
    }

    /** Takes over the size of the window; whether it is another one now. */
    public boolean resize() {
        Optional<Terminal> now = Terminal.of(Terminal.STDOUT);
        int newColumns = now.map(Terminal::columns).filter(width -> width > 0).orElse(80);
        int newRows = now.map(Terminal::rows).filter(height -> height > 0).orElse(24);
        if (newColumns == columns && newRows == rows) {
            return false;
        }
        columns = newColumns;
        rows = newRows;
        display.resize(Size.of(columns, rows));
        display.clear();
        return true;
    }

    /** Its width, as of the last {@link #resize}. */
    public int columns() {
        return columns;
    }

    /** Its height. */
    public int rows() {
        return rows;
    }

    /** Draws what differs from what stands there. */
    public void draw(List<AttributedString> lines) {
        display.update(lines, -1);
        terminal.flush();
    }

    /**
     * LatencyHistogram for a key.
     *
     * @return empty if none came in that time, or it was one that means nothing
     * @throws UncheckedIOException if the terminal has gone
     */
    public Optional<Pressed> key(long millis) {
        return keyboard.key(millis);
    }

    @Override
    public void close() {
        RawTerminal taken = raw;
        raw = null;
        if (taken != null) {
            try {
                terminal.puts(Capability.cursor_normal);
                terminal.puts(Capability.exit_ca_mode);
                terminal.flush();
            } finally {
                taken.close();
            }
        }
    }
}
