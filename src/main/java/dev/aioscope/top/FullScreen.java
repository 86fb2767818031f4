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
 * The alternate screen of the terminal. {@link #close} restores the terminal and its contents.
 *
 * <p>JLine draws and reads keys, on plain streams: its own terminal providers start programs or unpack a native library,
 * which is slow. It sends xterm sequences without querying the terminal or infocmp.
 */
public final class FullScreen implements AutoCloseable {
    private static final String TYPE = "xterm-256color";

    private final ExternalTerminal terminal;
    private final Display display;
    private final Keyboard keyboard;
    private @Nullable RawTerminal raw;
    private int columns;
    private int rows;

    /**
     * A key that was pressed.
     *
     * @param text the character of {@link KeyCode#TYPED}
     */
    public record KeyPress(KeyCode key, String text) {}

    /** Loads JLine without changing the terminal. Slow: run it in parallel with other work. */
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
     * Switches to the alternate screen.
     *
     * @throws IOException if the standard input is not a terminal
     */
    public void open() throws IOException {
        raw = new RawTerminal(Terminal.STDIN);
        terminal.puts(Capability.enter_ca_mode);
        terminal.puts(Capability.cursor_invisible);
        terminal.flush();
    }

    /** Reads the size of the window and returns whether it changed. */
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

    /** Width at the last {@link #resize}. */
    public int columns() {
        return columns;
    }

    /** Height at the last {@link #resize}. */
    public int rows() {
        return rows;
    }

    /** Draws the lines that changed. */
    public void draw(List<AttributedString> lines) {
        display.update(lines, -1);
        terminal.flush();
    }

    /**
     * Waits for a key.
     *
     * @return empty after a timeout or an unknown key
     * @throws UncheckedIOException if the terminal was closed
     */
    public Optional<KeyPress> key(long millis) {
        return keyboard.key(millis);
    }

    @Override
    public void close() {
        RawTerminal opened = raw;
        raw = null;
        if (opened != null) {
            try {
                terminal.puts(Capability.cursor_normal);
                terminal.puts(Capability.exit_ca_mode);
                terminal.flush();
            } finally {
                opened.close();
            }
        }
    }
}
