package dev.aioscope.cli;

import dev.aioscope.agent.LogSetup;
import dev.aioscope.cli.option.ReplaySource;
import dev.aioscope.config.SettingsException;
import dev.aioscope.output.HelpLayout;
import dev.aioscope.output.StandardOutput;
import dev.aioscope.probe.NativeCode;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
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
        header = "Show who holds fs.aio-nr, and why io_destroy or an exit is stuck.",
        synopsisSubcommandLabel = "COMMAND",
        footer = {
            "",
            "Examples:",
            "  aioscope doctor                which tiers work on this host",
            "  aioscope top                   holders and teardowns, live",
            "  aioscope explain PID           why a process hangs",
            "  aioscope trace --exe mysqld    events of one program",
            "  aioscope COMMAND --help        options of a command",
            "",
            "Charges, requests and teardowns require root, or CAP_BPF and CAP_PERFMON.",
            "Without them, the tier proc lists the contexts of your own processes.",
            "Set AIOSCOPE_DEBUG=1 to print stack traces of unexpected failures.",
            "",
            "Exit status: 0 success, 1 failure at run time, 2 invalid usage or settings,",
            "3 not possible on this host, 4 audit violation, 130 SIGINT, 141 closed pipe,",
            "143 SIGTERM.",
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
            ReportCommand.class,
            RunCommand.class,
            ConfigCommand.class,
            DemoCommand.class,
            VersionCommand.class);

    @Spec
    private CommandSpec spec;

    private Main() {}

    /** Runs one command and exits with its status. */
    public static void main(String[] args) {
        // No digit, name or time depends on the user's language.
        Locale.setDefault(Locale.ROOT);
        LogSetup.apply();
        PrintWriter err = new PrintWriter(new FileOutputStream(FileDescriptor.err), true, StandardCharsets.UTF_8);
        StandardOutput out = StandardOutput.open(err);
        System.exit(out.finish(execute(out, err, args)));
    }

    /** Runs one command. */
    static int execute(PrintWriter out, PrintWriter err, String... args) {
        return execute(out, err, null, args);
    }

    /** Runs one command, on a recording instead of this host unless {@code replay} is null. */
    static int execute(PrintWriter out, PrintWriter err, @Nullable ReplaySource replay, String... args) {
        CommandLine line = commandLine(replay, args);
        return line.setOut(out)
                .setErr(err)
                .setHelpFactory(HelpLayout::stdout)
                .setParameterExceptionHandler(Failures::onWrongUsage)
                .setExecutionExceptionHandler(Failures::onFailure)
                .setExecutionStrategy(parsed -> run(line, parsed))
                .execute(args);
    }

    /** The command model; with one subcommand if the arguments name it, else with all. */
    public static CommandLine commandLine(String... args) {
        return commandLine(null, args);
    }

    private static CommandLine commandLine(@Nullable ReplaySource replay, String... args) {
        CommandLine line = new CommandLine(new Main(), new Factory(CommandTree.factory(replay)));
        commands(args).forEach(line::addSubcommand);
        return CommandTree.configure(line);
    }

    private static int run(CommandLine line, ParseResult parsed) {
        try {
            return new RunLast().execute(RunCommand.SETTINGS.complete(line, parsed));
        } catch (SettingsException e) {
            throw new ExecutionException(line, e.getMessage(), e);
        } catch (LinkageError e) {
            throw new ExecutionException(line, "", NativeCode.failure(e));
        }
    }

    /** The named command, or all: building the options of all commands takes as long as a whole start should. */
    private static List<Class<?>> commands(String... args) {
        List<Class<?>> named = COMMANDS.stream()
                .filter(command -> args.length > 0
                        && args[0].equals(command.getAnnotation(Command.class).name()))
                .toList();
        return named.isEmpty() ? COMMANDS : named;
    }

    @Override
    public void run() {
        throw new ParameterException(
                spec.commandLine(),
                "expected a command: " + String.join(", ", spec.subcommands().keySet()));
    }

    /** Creates commands and options; only {@code replay} runs other commands. */
    private record Factory(CommandLine.IFactory options) implements CommandLine.IFactory {
        @Override
        public <K> K create(Class<K> type) throws Exception {
            return type == ReplayCommand.class ? type.cast(new ReplayCommand(Main::execute)) : options.create(type);
        }
    }
}
