package dev.aioscope.cli;

import dev.aioscope.cli.option.ProbeOptions;
import dev.aioscope.cli.option.ReplaySource;
import dev.aioscope.diagnosis.Versions;
import java.util.Arrays;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.UsageMessageSpec;

/** What all commands share. */
final class CommandTree {
    private static final String EXIT_STATUS = "Exit status:";

    private CommandTree() {}

    /** The command line of a single command on this host. */
    static CommandLine of(Object command) {
        return configure(new CommandLine(command, factory(null)));
    }

    /** Creates commands and options for this host, or for a recording. */
    static CommandLine.IFactory factory(@Nullable ReplaySource replay) {
        return new OptionFactory(replay);
    }

    /** Sets help, version and headings of a command and its subcommands. */
    static CommandLine configure(CommandLine line) {
        configure(line.getCommandSpec());
        return line.setCaseInsensitiveEnumValuesAllowed(true);
    }

    private static void configure(CommandSpec command) {
        command.mixinStandardHelpOptions(true).versionProvider(new VersionProvider());
        UsageMessageSpec usage = command.usageMessage();
        usage.abbreviateSynopsis(true)
                .sortOptions(false)
                .synopsisHeading("%nUsage: ")
                .descriptionHeading(usage.description().length == 0 ? "" : "%n")
                .parameterListHeading("%n")
                .optionListHeading("%nOptions:%n")
                .commandListHeading("%nCommands:%n");
        String[] footer = usage.footer();
        if (Arrays.stream(footer).noneMatch(text -> text.startsWith(EXIT_STATUS))) {
            usage.footer(Stream.concat(
                            Arrays.stream(footer),
                            Stream.of(
                                    "",
                                    EXIT_STATUS + " 0 success, 1 failure at run time, 2 invalid usage,",
                                    "3 not possible on this host, 130 SIGINT, 141 closed pipe, 143 SIGTERM."))
                    .toArray(String[]::new));
        }
        command.subcommands().values().forEach(subcommand -> configure(subcommand.getCommandSpec()));
    }

    private record OptionFactory(@Nullable ReplaySource replay) implements CommandLine.IFactory {
        @Override
        public <K> K create(Class<K> type) throws Exception {
            return type == ProbeOptions.class
                    ? type.cast(new ProbeOptions(replay))
                    : CommandLine.defaultFactory().create(type);
        }
    }

    private static final class VersionProvider implements CommandLine.IVersionProvider {
        @Override
        public String[] getVersion() {
            return new String[] {"aioscope " + Versions.aioscope()};
        }
    }
}
