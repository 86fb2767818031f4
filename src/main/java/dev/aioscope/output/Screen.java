package dev.aioscope.output;

import dev.aioscope.kernel.Terminal;
import java.util.Map;
import java.util.Optional;

/**
 * The terminal or file that receives the output.
 *
 * @param colours whether to use colours
 * @param columns width of a line
 * @param rows number of lines
 */
public record Screen(boolean colours, int columns, int rows) {
    /** A file or pipe: no limits and no colours. */
    public static final Screen FILE = new Screen(false, Integer.MAX_VALUE, Integer.MAX_VALUE);

    private static final int MAX_TEXT_COLUMNS = 120;

    /** The standard output, with the current size of the window. */
    public static Screen stdout() {
        return of(Terminal.of(Terminal.STDOUT), System.getenv());
    }

    /** Disables colours if NO_COLOR (no-color.org) is set or the terminal is dumb. */
    static Screen of(Optional<Terminal> terminal, Map<String, String> environment) {
        if (terminal.isEmpty()) {
            return FILE;
        }
        boolean colours = environment.getOrDefault("NO_COLOR", "").isEmpty() && !isDumb(environment);
        int columns = terminal.get().columns();
        int rows = terminal.get().rows();
        return new Screen(colours, columns == 0 ? 80 : columns, rows == 0 ? 24 : rows);
    }

    /** Whether TERM is dumb, empty or missing: the terminal may not support control sequences. */
    public static boolean isDumb(Map<String, String> environment) {
        String type = environment.getOrDefault("TERM", "");
        return type.isEmpty() || type.equals("dumb");
    }

    /** Wraps text at the screen width, at most 120 columns; indents all lines but the first. */
    String wrap(String prefix, int indent, String words) {
        int width = Math.min(columns, MAX_TEXT_COLUMNS);
        StringBuilder lines = new StringBuilder();
        StringBuilder line = new StringBuilder(prefix);
        boolean hasWord = false;
        for (String word : words.strip().split("\\s+", -1)) {
            if (hasWord && line.length() + 1 + word.length() > width) {
                lines.append(line).append(System.lineSeparator());
                line = new StringBuilder(" ".repeat(indent));
                hasWord = false;
            }
            line.append(hasWord ? " " : "").append(word);
            hasWord = true;
        }
        return lines.append(line).append(System.lineSeparator()).toString();
    }
}
