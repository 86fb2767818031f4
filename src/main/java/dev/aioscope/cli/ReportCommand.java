package dev.aioscope.cli;

import dev.aioscope.cli.option.ConfigOption;
import dev.aioscope.cli.option.HideArgumentsOption;
import dev.aioscope.cli.option.RecorderDirectoryOption;
import dev.aioscope.cli.option.StuckOptions;
import dev.aioscope.daemon.IncidentReport;
import dev.aioscope.recording.Recording;
import dev.aioscope.recording.Storage;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Writes a recording as a page for a browser. */
@Command(
        name = "report",
        customSynopsis = "aioscope report [OPTIONS] (FILE | --last)",
        header = "Write a recording as one HTML file, to attach to a ticket.",
        description = "The file opens in any browser and needs no network. It has the latest "
                + IncidentReport.MAX_TEARDOWNS + " teardowns, and command lines unless --hide-arguments is set.",
        footer = {
            "",
            "Examples:",
            "  aioscope report --last                       the daemon's latest snapshot",
            "  aioscope report host.aioscope -o incident.html",
        })
final class ReportCommand implements Runnable {
    @Spec
    private CommandSpec spec;

    @ArgGroup(multiplicity = "1")
    private ReportSource source = new ReportSource();

    private static final class ReportSource {
        @Parameters(paramLabel = "FILE", description = "Recording of aioscope record or of the daemon.")
        private @Nullable Path file;

        @Option(names = "--last", description = "Use the latest snapshot of the daemon's flight recorder.")
        private boolean last;
    }

    @Option(
            names = {"-o", "--output"},
            paramLabel = "FILE",
            description = {"Write to FILE.", "The default is the name of the recording with .html, in this directory."})
    private @Nullable Path output;

    @Mixin
    private RecorderDirectoryOption directory;

    @Mixin
    private StuckOptions stuck;

    @Mixin
    private HideArgumentsOption hidden;

    @Mixin
    @SuppressWarnings("UnusedVariable") // SettingsModel finds it by name.
    private ConfigOption config;

    @Override
    public void run() {
        Path file = source.last || source.file == null ? latest() : source.file;
        Recording recording = Recordings.open(spec, file);
        recording.losses().forEach(loss -> spec.commandLine().getErr().println(Recordings.INCOMPLETE + loss + "."));
        String name = file.toAbsolutePath().getFileName().toString().replaceFirst("\\.aioscope$", "") + ".html";
        Path target = output == null ? Path.of(name) : output;
        try {
            IncidentReport.write(recording, hidden.isHidden(), stuck.after(), target);
        } catch (FileAlreadyExistsException e) {
            throw new ParameterException(spec.commandLine(), "cannot create " + target + ": it exists", e);
        } catch (IOException e) {
            throw new ParameterException(spec.commandLine(), "cannot write " + target + ": " + e, e);
        }
        spec.commandLine().getOut().println(recording.description() + ": " + target);
    }

    private Path latest() {
        Path home = directory.directory(System.getenv());
        try {
            return Storage.latestSnapshot(home)
                    .orElseThrow(() -> new ParameterException(
                            spec.commandLine(),
                            "cannot find a snapshot in " + home + " (hint: name a recording, see aioscope record)"));
        } catch (IOException e) {
            throw new ParameterException(
                    spec.commandLine(), "cannot read " + home + ": " + e + " (hint: run it as root)", e);
        }
    }
}
