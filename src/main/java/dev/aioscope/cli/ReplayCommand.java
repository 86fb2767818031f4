package dev.aioscope.cli;

import dev.aioscope.cli.option.ReplaySource;
import dev.aioscope.config.SpeedConverter;
import dev.aioscope.recording.Recording;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Runs a command on a recording instead of this host. */
@Command(
        name = "replay",
        header = "Run trace, audit, top or run on a recording.",
        description = "Requires no privileges. All times are those of the recording. top and run keep the final state"
                + " until you stop them. Damage and losses of the recording are reported first.",
        footer = {
            "",
            "Examples:",
            "  aioscope replay host.aioscope                  describe the recording",
            "  aioscope replay host.aioscope trace --json",
            "  aioscope replay host.aioscope audit",
            "  aioscope replay --speed 10 host.aioscope top",
            "",
            "Exit status: that of COMMAND; 2 if FILE is not a recording.",
        })
final class ReplayCommand implements Callable<Integer> {
    private static final List<String> COMMANDS = List.of("trace", "audit", "top", "run");

    /** Runs another command on a recording and returns its exit status. */
    interface Runner {
        int run(PrintWriter out, PrintWriter err, ReplaySource replay, String... args);
    }

    private final Runner runner;

    @Spec
    private CommandSpec spec;

    @Option(
            names = "--speed",
            paramLabel = "N",
            converter = SpeedConverter.class,
            description = {
                "Replay at N times the original speed, or max. Place before FILE.",
                "The default is 1 for top and max for the other commands."
            })
    private @Nullable Double speed;

    @Parameters(index = "0", paramLabel = "FILE", description = "Recording of aioscope record or of the daemon.")
    private Path file = Path.of("");

    @Parameters(
            index = "1..*",
            paramLabel = "COMMAND",
            description = "Run this command with its options; without one, describe FILE.")
    private List<String> command = new ArrayList<>();

    ReplayCommand(Runner runner) {
        this.runner = runner;
    }

    @Spec
    void setSpec(CommandSpec command) {
        spec = command;
        // Options after the command belong to the command.
        spec.parser().stopAtPositional(true);
    }

    @Override
    public Integer call() {
        PrintWriter out = spec.commandLine().getOut();
        PrintWriter err = spec.commandLine().getErr();
        if (!command.isEmpty() && !COMMANDS.contains(command.get(0))) {
            throw new ParameterException(
                    spec.commandLine(), "expected one of " + String.join(", ", COMMANDS) + ", got " + command.get(0));
        }
        rejectProbeOptions();
        Recording recording = Recordings.open(spec, file);
        ReplaySource replay = new ReplaySource(recording, pace());
        (command.isEmpty() ? out : err).println(recording.description());
        recording.losses().forEach(loss -> err.println(Recordings.INCOMPLETE + loss + "."));
        return command.isEmpty() ? 0 : runner.run(out, err, replay, command.toArray(String[]::new));
    }

    /** In a settings file these options are allowed: they apply to the commands on this host. */
    private void rejectProbeOptions() {
        command.stream()
                .filter(argument -> argument.matches("--(tier|engine|probe-mode)(=.*)?"))
                .findFirst()
                .ifPresent(argument -> {
                    throw new ParameterException(
                            spec.commandLine(), argument.replaceAll("=.*", "") + " does not apply to a recording");
                });
    }

    /** Null for maximum speed. */
    private @Nullable Double pace() {
        if (speed == null) {
            return command.contains("top") ? (Double) 1.0 : null;
        }
        return speed.isInfinite() ? null : speed;
    }
}
