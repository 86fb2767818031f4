package dev.aioscope.cli;

import dev.aioscope.cli.option.ReplaySource;
import dev.aioscope.kernel.Units;
import dev.aioscope.recording.Recording;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;

/** Runs a command on a recording in the place of this host. */
@Command(
        name = "replay",
        header = "Shows a recording by another command, as that would have shown it then and there.",
        mixinStandardHelpOptions = true,
        versionProvider = Main.Version.class,
        sortOptions = false,
        parameterListHeading = "%n",
        optionListHeading = "%nOptions, before FILE:%n",
        footerHeading = "%nExamples:%n",
        footer = {
            "  aioscope replay host.aioscope                  what it holds",
            "  aioscope replay host.aioscope trace --json",
            "  aioscope replay host.aioscope audit",
            "  aioscope replay --speed 10 host.aioscope top",
            "  OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:4318 aioscope replay host.aioscope run",
            "",
            "Needs no privilege. All times are those of the recording. The end of it stays on show in top, and in the",
            "metrics of run, until it is stopped. What is damaged or was lost is told before all else.",
            "Exit status: 2 wrong usage, or a file that is no recording; else that of the command.",
        })
final class ReplayCommand implements Callable<Integer> {
    private static final List<String> COMMANDS = List.of("trace", "audit", "top", "run");

    @Spec
    private CommandSpec spec;

    @Option(
            names = "--speed",
            paramLabel = "N",
            converter = SpeedReader.class,
            description = "So many times faster than it happened, or max (default: 1 for top, max for the others).")
    private @Nullable Double speed;

    @Parameters(index = "0", paramLabel = "FILE", description = "What aioscope record, or the daemon, has written.")
    private Path file = Path.of("");

    @Parameters(
            index = "1..*",
            paramLabel = "COMMAND",
            description = "trace, audit, top or run, with its options; without one, what the file holds is told.")
    private List<String> command = new ArrayList<>();

    @Spec
    void setSpec(CommandSpec command) {
        spec = command;
        // What follows the command belongs to it.
        spec.parser().stopAtPositional(true);
    }

    @Override
    public Integer call() {
        PrintWriter out = spec.commandLine().getOut();
        PrintWriter err = spec.commandLine().getErr();
        if (!command.isEmpty() && !COMMANDS.contains(command.get(0))) {
            throw new ParameterException(
                    spec.commandLine(),
                    "a recording can be shown by " + String.join(", ", COMMANDS) + ", not by " + command.get(0));
        }
        refuseProbeOptions();
        Recording recording = open();
        ReplaySource replay = new ReplaySource(recording, pace());
        (command.isEmpty() ? out : err).println(describe(recording));
        recording.losses().forEach(loss -> err.println("The recording is not whole: " + loss + "."));
        return command.isEmpty() ? 0 : Main.execute(out, err, replay, command.toArray(String[]::new));
    }

    /** What was recorded cannot be looked at by other probes. In a settings file these are for the commands of this host. */
    private void refuseProbeOptions() {
        command.stream()
                .filter(argument -> argument.matches("--(tier|engine|probe-mode)(=.*)?"))
                .findFirst()
                .ifPresent(argument -> {
                    throw new ParameterException(
                            spec.commandLine(),
                            argument.replaceAll("=.*", "") + " is for the probes of this host; a recording has its own:"
                                    + " leave it out");
                });
    }

    private Recording open() {
        try {
            return Recording.open(file);
        } catch (NoSuchFileException e) {
            throw new ParameterException(spec.commandLine(), "there is no file " + file, e);
        } catch (IOException e) {
            throw new ParameterException(spec.commandLine(), String.valueOf(e.getMessage()), e);
        }
    }

    /** Null for as fast as can be. */
    private @Nullable Double pace() {
        if (speed == null) {
            return command.contains("top") ? (Double) 1.0 : null;
        }
        return speed.isInfinite() ? null : speed;
    }

    private static String describe(Recording recording) {
        long began = recording.clock().epochNanos(recording.began());
        return "Recorded on " + recording.host().name() + ", Linux "
                + recording.host().release() + ", tier " + recording.tier().label() + ", from "
                + Instant.ofEpochSecond(began / 1_000_000_000L) + " on for "
                + Units.duration(recording.ended() - recording.began());
    }

    static final class SpeedReader implements ITypeConverter<Double> {
        @Override
        public Double convert(String text) {
            if (text.equals("max")) {
                return Double.POSITIVE_INFINITY;
            }
            if (!text.matches("\\d{1,6}(\\.\\d{1,6})?") || Double.parseDouble(text) == 0) {
                throw new TypeConversionException("'" + text + "' is not a speed such as 0.5, 1 or 10, nor max");
            }
            return Double.parseDouble(text);
        }
    }
}
