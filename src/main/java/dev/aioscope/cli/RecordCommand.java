package dev.aioscope.cli;

import dev.aioscope.agent.DutyCycle;
import dev.aioscope.agent.IdentityCollector;
import dev.aioscope.agent.ProbeSelector.SelectedProbes;
import dev.aioscope.agent.Shutdown;
import dev.aioscope.cli.option.HideArgumentsOption;
import dev.aioscope.cli.option.ScanIntervalOption;
import dev.aioscope.cli.option.StackOptions;
import dev.aioscope.cli.option.TimeLimitOption;
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
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Writes the events of the probes to a file. */
@Command(
        name = "record",
        header = "Record probe events to a file, for aioscope replay.",
        description = "The file contains every probe event and scan, fs.aio-nr, losses, clocks, and the identities of"
                + " processes with their command lines (see --hide-arguments). Only its owner can read it. A busy"
                + " host with 1000 teardowns/s writes about 0.7 MB/s, an idle one 150 bytes/s plus its scans.",
        footer = {
            "",
            "Examples:",
            "  aioscope record host.aioscope --for 60s",
            "  aioscope replay host.aioscope trace       on any machine",
        })
final class RecordCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Parameters(paramLabel = "FILE", description = "The recording to create; the file must not exist.")
    private Path file = Path.of("");

    @Mixin
    private TimeLimitOption limit;

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
                Processes processes = Processes.ofThisHost(hidden.isHidden(), Processes.DEFAULT_CAPACITY)) {
            SelectedProbes opened = probes.open(true, hidden.isHidden());
            TierReport.of(opened, interval.get()).forEach(err::println);
            probes.withoutStacks(opened).ifPresent(err::println);
            Recorder recorder = new Recorder(storage(opened), clock);
            processes.setObserver(recorder);
            IdentityCollector identities = new IdentityCollector(processes, new LifecycleListener() {});
            long records;
            try (recorder;
                    DutyCycle cycle =
                            new DutyCycle(recorder.record(opened.probes()), identities, clock, interval.get())) {
                cycle.identifyBy(identities);
                limit.apply(cycle);
                stop.onRequest(cycle::stop);
                cycle.run();
                records = cycle.stats().events();
            }
            err.println(records + " records in " + file
                    + (recorder.dropped() == 0
                            ? ""
                            : ", and " + recorder.dropped() + " dropped because the disk failed or was too slow"));
            return recorder.isComplete() ? 0 : 1;
        }
    }

    private Storage storage(SelectedProbes opened) throws IOException {
        try {
            return Storage.file(file);
        } catch (IOException e) {
            opened.probes().close();
            if (e instanceof FileAlreadyExistsException) {
                throw new ParameterException(spec.commandLine(), "cannot create " + file + ": it exists", e);
            }
            if (e instanceof NoSuchFileException) {
                Path directory = file.toAbsolutePath().getParent();
                throw new ParameterException(
                        spec.commandLine(), "cannot create " + file + ": no directory " + directory, e);
            }
            throw e;
        }
    }
}
