package dev.aioscope.cli;

import dev.aioscope.cli.option.ProbeOptions;
import dev.aioscope.cli.option.ReplaySource;
import dev.aioscope.config.SettingsException;
import dev.aioscope.diagnosis.Versions;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExecutionException;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.RunLast;
import picocli.CommandLine.Spec;

/** Entry point of the {@code aioscope} command. */
@Command(
        name = "aioscope",
        header = "Watches the life of Linux native AIO contexts: who holds fs.aio-nr, and why io_destroy takes long.",
        synopsisSubcommandLabel = "COMMAND",
        mixinStandardHelpOptions = true,
        versionProvider = Main.Version.class,
        commandListHeading = "%nCommands:%n",
        optionListHeading = "%nOptions:%n",
        footerHeading = "%nExamples:%n",
        footer = {
            "  aioscope doctor                what this host lets us see, and what would change it",
            "  aioscope contexts              who holds fs.aio-nr",
            "  aioscope top                   the same, live, with the teardowns as they happen",
            "  aioscope trace                 teardowns and refusals as they happen",
            "  aioscope explain PID           what a process that hangs waits for, and what would release it",
            "  aioscope trace --comm mysqld   those of one program",
            "  aioscope audit --workload      the kernel against the specification of io_destroy",
            "  aioscope config check          whether the daemon can use its settings",
            "  aioscope replay FILE trace     what aioscope record, or the daemon's flight recorder, has kept",
            "  aioscope COMMAND --help        the options of a command",
            "",
            "Root, or CAP_BPF and CAP_PERFMON, is needed to see charges, requests and teardowns. Without them the tier",
            "proc shows what /proc tells: which of the user's own processes hold contexts.",
            "AIOSCOPE_DEBUG=1 adds a stack trace to an unexpected failure.",
            "",
            "Exit status:",
            "  0  done",
            "  1  failed while running",
            "  2  wrong usage",
            "  3  this host cannot give what was asked; the reason and the hint are told",
            "  4  audit found that the kernel broke a clause of the specification",
        })
public final class Main implements Runnable {
    private static final List<Class<?>> COMMANDS = List.of(
            DoctorCommand.class,
            TopCommand.class,
            ContextsCommand.class,
            PlanCommand.class,
            ExplainCommand.class,
            TraceCommand.class,
            AuditCommand.class,
            RecordCommand.class,
            ReplayCommand.class,
            RunCommand.class,
            ConfigCommand.class,
            DemoCommand.class,
            VersionCommand.class);

    @Spec
    private CommandSpec spec;

    private Main() {}

    /** Runs one command and exits with its status. */
    public static void main(String[] args) {
        LogSetup.set();
        PrintWriter out = utf8(FileDescriptor.out);
        PrintWriter err = utf8(FileDescriptor.err);
        System.exit(execute(out, err, args));
    }

    /** Runs one command. */
    static int execute(PrintWriter out, PrintWriter err, String... args) {
        return execute(out, err, null, args);
    }

    /** Runs one command, with a recording in the place of this host if one is given. */
    static int execute(PrintWriter out, PrintWriter err, @Nullable ReplaySource replay, String... args) {
        CommandLine line = commandLine(replay, args);
        return line.setOut(out)
                .setErr(err)
                .setUsageHelpAutoWidth(true)
                .setParameterExceptionHandler(Failures::onWrongUsage)
                .setExecutionExceptionHandler(Failures::onFailure)
                .setExecutionStrategy(parsed -> run(line, parsed))
                .execute(args);
    }

    /** With the command that is meant, or with all. */
    static CommandLine commandLine(String... args) {
        return commandLine(null, args);
    }

    private static CommandLine commandLine(@Nullable ReplaySource replay, String... args) {
        CommandLine line = new CommandLine(new Main(), new Factory(replay));
        commands(args).forEach(line::addSubcommand);
        return line(line);
    }

    private static int run(CommandLine line, ParseResult parsed) {
        try {
            return new RunLast().execute(RunCommand.SETTINGS.complete(line, parsed));
        } catch (SettingsException e) {
            throw new ExecutionException(line, e.getMessage(), e);
        }
    }

    /** The command line of one command alone. */
    static CommandLine line(Object command) {
        return line(new CommandLine(command, new Factory(null)));
    }

    private static CommandLine line(CommandLine line) {
        return line.setCaseInsensitiveEnumValuesAllowed(true);
    }

    /** The one that is meant, or all if there is none such: to learn the options of all takes as long as a start may. */
    private static List<Class<?>> commands(String... args) {
        List<Class<?>> meant = COMMANDS.stream()
                .filter(command -> args.length > 0
                        && args[0].equals(command.getAnnotation(Command.class).name()))
                .toList();
        return meant.isEmpty() ? COMMANDS : meant;
    }

    /** Whatever the locale: JSON is UTF-8, and terminals are. */
    private static PrintWriter utf8(FileDescriptor descriptor) {
        return new PrintWriter(new FileOutputStream(descriptor), true, StandardCharsets.UTF_8);
    }

    @Override
    public void run() {
        throw new ParameterException(
                spec.commandLine(),
                "say what to do: " + String.join(", ", spec.subcommands().keySet()));
    }

    /** Makes the commands and their options. */
    private record Factory(@Nullable ReplaySource replay) implements CommandLine.IFactory {
        @Override
        public <K> K create(Class<K> type) throws Exception {
            return type == ProbeOptions.class
                    ? type.cast(new ProbeOptions(replay))
                    : CommandLine.defaultFactory().create(type);
        }
    }

    static final class Version implements CommandLine.IVersionProvider {
        @Override
        public String[] getVersion() {
            return new String[] {"aioscope " + Versions.aioscope()};
        }
    }
}
