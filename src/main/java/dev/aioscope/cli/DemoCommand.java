package dev.aioscope.cli;

import dev.aioscope.agent.DutyCycle;
import dev.aioscope.agent.ListenerQueue;
import dev.aioscope.agent.ProbeSelector.SelectedProbes;
import dev.aioscope.agent.StackSymbolizer;
import dev.aioscope.cli.option.StackOptions;
import dev.aioscope.demo.DemoWorkload;
import dev.aioscope.host.Identities;
import dev.aioscope.kernel.JavaCommand;
import dev.aioscope.kernel.WallClock;
import dev.aioscope.output.DemoReport;
import dev.aioscope.output.Screen;
import dev.aioscope.output.TierReport;
import dev.aioscope.output.TraceFormat;
import dev.aioscope.output.TraceJson;
import dev.aioscope.output.TraceTable;
import dev.aioscope.probe.Tier;
import dev.aioscope.worker.Worker;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.ZoneId;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Runs the demonstration's workload, under the agent if that is wanted. */
@Command(
        name = "demo",
        header = "Runs a small real AIO workload of our own; with --watch, shows what the agent sees of it.",
        mixinStandardHelpOptions = true,
        versionProvider = Main.Version.class,
        sortOptions = false,
        optionListHeading = "%nOptions:%n",
        footerHeading = "%nWhat it does, in two seconds or so:%n",
        footer = {
            "  idle contexts, destroys with requests outstanding, a refused io_setup, wrong handles,",
            "  and a process that exits without destroying its contexts. It charges 64 events to the",
            "  quota at most, and writes 32 MiB into a file that it deletes.",
            "",
            "Examples:",
            "  aioscope demo --watch               the workload and what was seen of it",
            "  aioscope demo                       the workload alone, for a trace in another terminal",
            "  aioscope demo --watch --tier sample what is left without any probe on a call",
            "",
            "Exit status: 0 done, and with --watch seen as it was done; 1 the workload failed or something was",
            "missed; 2 wrong usage; 3 not possible on this host.",
        })
final class DemoCommand implements Callable<Integer> {
    private static final int LINES_WAITING = 8192;
    private static final Duration LOOKS = Duration.ofMillis(250);
    /** The last teardown ends some 50 ms after the workload; a look at the tasks can be due, and machines are slow. */
    private static final Duration PATIENCE = Duration.ofSeconds(10);

    /** A teardown is told once its context is freed, some 30 ms after the step. */
    private static final Duration STEP_PATIENCE = Duration.ofSeconds(2);

    @Spec
    private CommandSpec spec;

    @Option(names = "--watch", description = "Watch it with the best probes that this host takes.")
    private boolean watched;

    @Option(names = "--json", description = "With --watch: print a JSON object per line.")
    private boolean json;

    @Option(
            names = "--directory",
            paramLabel = "FOLDER",
            defaultValue = "${sys:java.io.tmpdir}",
            description = "Where it may write 32 MiB for a moment (default: ${DEFAULT-VALUE}).")
    private Path folder = Path.of("/tmp");

    @Mixin
    private StackOptions probes;

    @Override
    public Integer call() throws IOException {
        PrintWriter out = spec.commandLine().getOut();
        PrintWriter err = spec.commandLine().getErr();
        if (!Files.isDirectory(folder) || !Files.isWritable(folder)) {
            throw new ParameterException(
                    spec.commandLine(), "--directory " + folder + " is not a folder that can be written to");
        }
        DemoWorkload demo = new DemoWorkload(folder, JavaCommand.command(Exiting.class, 32));
        if (watched) {
            try (StackSymbolizer names = probes.stackNames()) {
                return watch(demo, names, out, err);
            }
        }
        out.println(DemoReport.done(demo.run(step -> say(step, err))));
        return 0;
    }

    private static void say(String step, PrintWriter err) {
        err.println("▶ " + step);
        err.flush();
    }

    private int watch(DemoWorkload demo, @Nullable StackSymbolizer names, PrintWriter out, PrintWriter err)
            throws IOException {
        SelectedProbes opened = probes.open(true);
        TierReport.of(opened, LOOKS).forEach(err::println);
        probes.withoutStacks(opened).ifPresent(err::println);
        WallClock clock = probes.probes().clock();
        TraceFormat format = json
                ? new TraceJson(clock, Identities.NONE)
                : new TraceTable(clock, ZoneId.systemDefault(), Screen::stdout, Identities.NONE);
        Tier tier = opened.probes().tier();
        DemoReport report = new DemoReport(demo, tier, format, out);
        try (ListenerQueue queue = new ListenerQueue(report, LINES_WAITING);
                DutyCycle watch = new DutyCycle(opened.probes(), StackOptions.named(names, queue), clock, LOOKS)) {
            Worker reader = Worker.startOnce("reader", self -> watch.run());
            try {
                demo.run(step -> {
                    // Until all of the step before has been seen, so that the lines of each stand below it.
                    report.await(STEP_PATIENCE);
                    say(step, err);
                });
                report.await(PATIENCE);
            } finally {
                watch.stop();
                reader.join();
            }
        }
        out.println(json ? report.json() : report.table());
        return report.isComplete() ? 0 : 1;
    }

    /** The process that leaves its contexts to its exit. */
    static final class Exiting {
        private Exiting() {}

        /** Makes contexts and returns. */
        public static void main(String[] args) throws IOException {
            DemoWorkload.leaveToExit();
        }
    }
}
