package dev.aioscope.cli;

import dev.aioscope.agent.DutyCycle;
import dev.aioscope.agent.IdentityCollector;
import dev.aioscope.agent.ProbeSelector.SelectedProbes;
import dev.aioscope.agent.Shutdown;
import dev.aioscope.cli.option.HideArgumentsOption;
import dev.aioscope.cli.option.PositiveDurationConverter;
import dev.aioscope.cli.option.ScanIntervalOption;
import dev.aioscope.cli.option.StackOptions;
import dev.aioscope.host.Processes;
import dev.aioscope.kernel.WallClock;
import dev.aioscope.lifecycle.LifecycleListener;
import dev.aioscope.output.TierReport;
import dev.aioscope.recording.Recorder;
import dev.aioscope.recording.Storage;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Keeps what the probes tell in a file. */
@Command(
        name = "record",
        header = "Records what the probes see into a file, for aioscope replay here or elsewhere.",
        mixinStandardHelpOptions = true,
        versionProvider = Main.Version.class,
        sortOptions = false,
        parameterListHeading = "%n",
        optionListHeading = "%nOptions:%n",
        footerHeading = "%nThe file:%n",
        footer = {
            "  holds every record of the probes, every look at the host's tasks, fs.aio-nr, what was lost, the clocks, and",
            "  who the processes were, with their command lines (--hide-arguments). Only its owner can read it. A second of",
            "  a busy host with a thousand teardowns takes some 0.7 MB, and an idle one some 150 bytes and its looks.",
            "",
            "Examples:",
            "  aioscope record host.aioscope --for 60s",
            "  aioscope replay host.aioscope trace     the same again, on any machine",
            "",
            "Exit status: 0 done, 1 failed while running, 2 wrong usage, 3 not possible on this host;",
            "130 after Ctrl-C and 143 after SIGTERM, both with the file complete.",
        })
final class RecordCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Parameters(paramLabel = "FILE", description = "Where to; it must not be there yet.")
    private Path file = Path.of("");

    @Option(
            names = "--for",
            paramLabel = "TIME",
            converter = PositiveDurationConverter.class,
            description = "Stop after this time, such as 500ms, 10s, 5m or 1h (default: at Ctrl-C).")
    private @Nullable Duration duration;

    @Mixin
    private ScanIntervalOption interval;

    @Mixin
    private HideArgumentsOption hidden;

    @Mixin
    private StackOptions probes;

    @Override
    public Integer call() throws IOException {
        PrintWriter err = spec.commandLine().getErr();
        WallClock clock = probes.probes().clock();
        try (Shutdown stop = new Shutdown();
                Processes processes = Processes.rateLimited(hidden.isHidden(), Processes.DEFAULT_CAPACITY)) {
            SelectedProbes opened = probes.open(true);
            TierReport.of(opened, interval.get()).forEach(err::println);
            probes.withoutStacks(opened).ifPresent(err::println);
            Recorder recorder = new Recorder(storage(opened), clock);
            processes.setObserver(recorder);
            long records;
            try (recorder;
                    IdentityCollector firstSight = new IdentityCollector(processes, new LifecycleListener() {});
                    DutyCycle watch =
                            new DutyCycle(recorder.record(opened.probes()), firstSight, clock, interval.get())) {
                if (duration != null) {
                    watch.endAfter(duration);
                }
                stop.onRequest(watch::stop);
                watch.run();
                records = watch.stats().events();
            }
            err.println(records + " records in " + file
                    + (recorder.dropped() == 0
                            ? ""
                            : ", and " + recorder.dropped() + " that the disk did not take in time"));
            return recorder.dropped() == 0 ? 0 : 1;
        }
    }

    private Storage storage(SelectedProbes opened) throws IOException {
        try {
            return Storage.file(file);
        } catch (IOException e) {
            opened.probes().close();
            if (e instanceof FileAlreadyExistsException) {
                throw new ParameterException(spec.commandLine(), file + " is there already: take another name", e);
            }
            if (e instanceof NoSuchFileException) {
                Path folder = file.toAbsolutePath().getParent();
                throw new ParameterException(spec.commandLine(), "there is no folder " + folder + ": make it", e);
            }
            throw e;
        }
    }
}
