package dev.aioscope.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import picocli.CommandLine;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.UsageMessageSpec;

/** Keeps the help readable in a terminal of 80 columns. */
class HelpTest {
    private static final int COLUMNS = 80;
    private static final int ROWS = 40;
    private static final int FIRST_LINE = 70;

    static Stream<CommandSpec> commands() {
        return commands(Main.commandLine());
    }

    private static Stream<CommandSpec> commands(CommandLine line) {
        return Stream.concat(
                Stream.of(line.getCommandSpec()),
                line.getSubcommands().values().stream().flatMap(HelpTest::commands));
    }

    @ParameterizedTest
    @MethodSource("commands")
    void fitsInto80Columns(CommandSpec command) {
        assertThat(command.commandLine().getUsageMessage(Ansi.OFF).lines()).allMatch(line -> line.length() <= COLUMNS);
    }

    /** The help would wrap longer lines, which breaks tables and examples. */
    @ParameterizedTest
    @MethodSource("commands")
    void hasNoFooterLineThatWraps(CommandSpec command) {
        UsageMessageSpec usage = command.usageMessage();

        assertThat(usage.footer()).allMatch(line -> String.format(line).length() <= COLUMNS);
        assertThat(usage.header()).singleElement().satisfies(HelpTest::isShortSentence);
    }

    @ParameterizedTest
    @MethodSource("commands")
    void describesEachOptionInShortFirstLine(CommandSpec command) {
        List<ArgSpec> arguments = Stream.concat(command.positionalParameters().stream(), command.options().stream())
                .toList();

        assertThat(arguments).allSatisfy(argument -> isShortSentence(argument.description()[0]));
    }

    private static void isShortSentence(String text) {
        assertThat(text).hasSizeLessThanOrEqualTo(FIRST_LINE).matches("[A-Z].*\\.");
    }

    @Test
    void fitsMainHelpIntoOneScreen() {
        assertThat(Run.of("--help").out().lines()).hasSizeLessThanOrEqualTo(ROWS);
    }

    @ParameterizedTest
    @MethodSource("commands")
    void namesExitStatusOnce(CommandSpec command) {
        assertThat(Arrays.stream(command.usageMessage().footer()).filter(line -> line.startsWith("Exit status: ")))
                .hasSize(1);
    }
}
