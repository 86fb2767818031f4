package dev.aioscope.output;

import java.util.Arrays;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import picocli.CommandLine.Help;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.Help.ColorScheme;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.UsageMessageSpec;

/** Help in the width of the terminal, or of the variable COLUMNS. picocli supports no terminal of less than 55 columns. */
public final class HelpLayout {
    private static final int DEFAULT_WIDTH = 80;
    private static final int MIN_WIDTH = 40;
    private static final int PICOCLI_MIN_WIDTH = 55;

    /** Where a description begins that is below its option. */
    private static final int NARROW_DESCRIPTION = 8;

    private static final Pattern TWO_COLUMNS = Pattern.compile("( *\\S+(?: \\S+)* {2,})(\\S.*)");

    private final int width;
    private final Screen screen;

    private HelpLayout(int width) {
        this.width = width;
        this.screen = new Screen(false, width, Integer.MAX_VALUE);
    }

    /** The help of a command for this process's terminal. */
    public static Help stdout(CommandSpec command, ColorScheme colours) {
        return of(command, colours, screen(), System.getenv());
    }

    private static Screen screen() {
        try {
            return Screen.stdout();
        } catch (LinkageError e) {
            return Screen.FILE; // Help works without native calls.
        }
    }

    static Help of(CommandSpec command, ColorScheme colours, Screen screen, Map<String, String> environment) {
        String columns = environment.getOrDefault("COLUMNS", "");
        int wanted = columns.matches("[1-9][0-9]{0,3}")
                ? Integer.parseInt(columns)
                : screen.columns() == Integer.MAX_VALUE ? DEFAULT_WIDTH : screen.columns();
        HelpLayout layout = new HelpLayout(Math.max(MIN_WIDTH, wanted));
        UsageMessageSpec usage = command.usageMessage();
        usage.width(Math.max(PICOCLI_MIN_WIDTH, layout.width));
        if (layout.width < DEFAULT_WIDTH) {
            usage.sectionMap().replaceAll((section, renderer) -> help -> layout.fold(renderer.render(help)));
            usage.sectionMap().put(UsageMessageSpec.SECTION_KEY_HEADER, help -> layout.fold(usage.header()));
            usage.sectionMap().put(UsageMessageSpec.SECTION_KEY_DESCRIPTION, help -> layout.fold(usage.description()));
            usage.sectionMap().put(UsageMessageSpec.SECTION_KEY_FOOTER, help -> layout.fold(usage.footer()));
        }
        boolean isPlain = !screen.colours() || layout.width < PICOCLI_MIN_WIDTH;
        return new Help(command, isPlain ? Help.defaultColorScheme(Ansi.OFF) : colours);
    }

    private String fold(String... lines) {
        return fold(Arrays.stream(lines).map(line -> line.formatted() + "\n").collect(Collectors.joining()));
    }

    private String fold(String text) {
        String end = text.endsWith("\n") ? System.lineSeparator() : "";
        return text.lines().map(this::foldLine).collect(Collectors.joining(System.lineSeparator(), "", end));
    }

    private String foldLine(String line) {
        int indent = line.length() - line.stripLeading().length();
        boolean isNarrow = width < PICOCLI_MIN_WIDTH;
        if (isNarrow && indent > width / 2) {
            return wrap(NARROW_DESCRIPTION, line);
        }
        boolean fits = line.length() <= width;
        Matcher columns = TWO_COLUMNS.matcher(line);
        if (columns.matches()) {
            String first = columns.group(1);
            String second = columns.group(2);
            if ((isNarrow || !fits) && first.length() > width / 2) {
                return wrap(indent, first) + System.lineSeparator() + wrap(NARROW_DESCRIPTION, second);
            }
            return fits ? line : wrap(first, first.length(), second);
        }
        return fits ? line : wrap(indent, line);
    }

    private String wrap(int indent, String words) {
        return wrap(" ".repeat(indent), indent, words);
    }

    private String wrap(String prefix, int indent, String words) {
        return screen.wrap(prefix, indent, words).stripTrailing();
    }
}
