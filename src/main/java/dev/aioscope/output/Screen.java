package dev.aioscope.output;

import dev.aioscope.kernel.Terminal;
import java.util.Map;
import java.util.Optional;

/**
 * What the text goes to.
 *
 * @param colours whether it may be coloured
 * @param columns its width
 * @param rows its height
 */
public record Screen(boolean colours, int columns, int rows) {
    /** A file or a pipe: as wide and as long as it takes. */
    public static final Screen FILE = new Screen(false, Integer.MAX_VALUE, Integer.MAX_VALUE);

    private static final int MOST_COLUMNS = 120;

    /** The standard output as it is now: a window can change its size. */
    public static Screen stdout() {
        return of(Terminal.of(Terminal.STDOUT), System.getenv());
    }

    /** A terminal has colours unless NO_COLOR (no-color.org) or TERM says otherwise. */
    static Screen of(Optional<Terminal> terminal, Map<String, String> environment) {
        if (terminal.isEmpty()) {
            return FILE;
        }
        boolean colours = environment.getOrDefault("NO_COLOR", "").isEmpty()
                && !environment.getOrDefault("TERM", "dumb").equals("dumb");
        int columns = terminal.get().columns();
        int rows = terminal.get().rows();
        return new Screen(colours, columns == 0 ? 80 : columns, rows == 0 ? 24 : rows);
    }

    /** Lines that are as wide as the screen and not too wide to read, the second and all others indented. */
    String wrap(String prefix, int indent, String words) {
        int room = Math.min(columns, MOST_COLUMNS);
        StringBuilder lines = new StringBuilder();
        StringBuilder line = new StringBuilder(prefix);
        boolean begun = false;
        for (String word : words.strip().split("\\s+", -1)) {
            if (begun && line.length() + 1 + word.length() > room) {
                lines.append(line).append(System.lineSeparator());
                line = new StringBuilder(" ".repeat(indent));
                begun = false;
            }
            line.append(begun ? " " : "").append(word);
            begun = true;
        }
        return lines.append(line).append(System.lineSeparator()).toString();
    }
}
