package dev.aioscope.output;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aioscope.cli.Main;
import dev.aioscope.kernel.Terminal;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;
import picocli.CommandLine.Help;
import picocli.CommandLine.Help.Ansi;

class HelpLayoutTest {
    private static final Screen TERMINAL = Screen.of(Optional.of(new Terminal(40, 24)), Map.of("TERM", ""));

    static Stream<String> commands() {
        return Stream.concat(Stream.of(""), Main.commandLine().getSubcommands().keySet().stream());
    }

    private static String help(String name, Screen screen, Map<String, String> environment) {
        CommandLine main = Main.commandLine();
        CommandLine command = name.isEmpty() ? main : main.getSubcommands().get(name);
        command.setHelpFactory((spec, colours) -> HelpLayout.of(spec, colours, screen, environment));
        return command.getUsageMessage(Help.defaultColorScheme(Ansi.ON));
    }

    /** Without spaces, because picocli also breaks lines inside words. */
    private static String letters(String help) {
        return help.replaceAll("\\s+", "");
    }

    private static boolean isWord(String line) {
        return !line.strip().contains(" ");
    }

    @ParameterizedTest
    @MethodSource("commands")
    void foldsHelpToNarrowTerminalWithoutLosingText(String command) {
        String wide = help(command, Screen.FILE, Map.of());
        String narrow = help(command, TERMINAL, Map.of());

        assertThat(narrow.lines()).allMatch(line -> line.length() <= 40 || isWord(line));
        assertThat(letters(narrow)).isEqualTo(letters(wide));
        assertThat(narrow.lines().filter(line -> line.startsWith("Usage: "))).hasSize(1);
    }

    @ParameterizedTest
    @ValueSource(strings = {"1", "40", "54", "55", "60", "79"})
    void followsVariableColumns(String columns) {
        String help = help("contexts", Screen.FILE, Map.of("COLUMNS", columns));

        int width = Math.max(40, Integer.parseInt(columns));
        assertThat(help.lines()).allMatch(line -> line.length() <= width || isWord(line));
        assertThat(letters(help)).isEqualTo(letters(help("contexts", Screen.FILE, Map.of())));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "0", "-1", "wide", "99999999999"})
    void ignoresInvalidVariableColumns(String columns) {
        assertThat(help("contexts", Screen.FILE, Map.of("COLUMNS", columns)))
                .isEqualTo(help("contexts", Screen.FILE, Map.of()));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "dumb"})
    void printsNoColoursToTerminalThatMayNotSupportThem(String type) {
        Screen screen = Screen.of(Optional.of(new Terminal(100, 24)), Map.of("TERM", type));

        assertThat(screen.colours()).isFalse();
        assertThat(help("contexts", screen, Map.of())).doesNotContain("\u001b");
    }
}
