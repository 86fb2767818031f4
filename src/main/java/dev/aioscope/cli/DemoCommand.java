package dev.aioscope.cli;

import dev.aioscope.agent.DutyCycle;
import dev.aioscope.agent.ListenerQueue;
import dev.aioscope.agent.ProbeSelector.SelectedProbes;
import dev.aioscope.agent.StackSymbolizer;
import dev.aioscope.cli.option.DirectoryOption;
import dev.aioscope.cli.option.JsonOption;
import dev.aioscope.cli.option.StackOptions;
import dev.aioscope.demo.DemoReport;
import dev.aioscope.demo.DemoWorkload;
import dev.aioscope.host.Identities;
import dev.aioscope.kernel.WallClock;
import dev.aioscope.output.Screen;
import dev.aioscope.output.TierReport;
import dev.aioscope.output.TraceFormat;
import dev.aioscope.output.TraceJson;
import dev.aioscope.output.TraceTable;
import dev.aioscope.worker.Worker;
import java.io.IOException;
import java.io.PrintWriter;
import java.time.Duration;
import java.time.ZoneId;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Runs the demo workload, with or without the agent. */
@Command(
        name = "demo",
        header = "Run a small AIO workload, for a first try.",
        description = "The workload creates idle contexts, calls io_destroy with requests outstanding, provokes a"
                + " refused io_setup and wrong handles, and starts a process that exits with live contexts. It takes"
                + " about two seconds, charges at most 64 events, and writes 32 MiB to a file that it deletes.",
        footer = {
            "",
            "Examples:",
            "  aioscope demo --watch                 run and observe the workload",
            "  aioscope demo                         run it, with a trace elsewhere",
            "  aioscope demo --watch --tier sample   observe it without probes on calls",
            "",
            "Exit status: 0 success, 1 failure at run time, or events missed with --watch,",
            "2 invalid usage, 3 not possible on this host, 130 SIGINT, 143 SIGTERM.",
        })
final class DemoCommand implements Callable<Integer> {
    private static final int QUEUE_CAPACITY = 8192;
    private static final Duration SCAN_INTERVAL = Duration.ofMillis(250);

    /** The last teardown ends some 50 ms after the workload, but a scan can be due, and machines can be slow. */
    private static final Duration END_TIMEOUT = Duration.ofSeconds(30);

    /** A teardown is reported when its context is freed, some 30 ms after the step. */
    private static final Duration STEP_TIMEOUT = Duration.ofSeconds(2);

    @Spec
    private CommandSpec spec;

    @Option(names = "--watch", description = "Observe the workload with the best available tier.")
    private boolean watched;

    @Mixin
    private JsonOption json;

    @Mixin
    private DirectoryOption directory;

    @Mixin
    private StackOptions probes;

    @Override
    public Integer call() throws IOException {
        PrintWriter out = spec.commandLine().getOut();
        PrintWriter err = spec.commandLine().getErr();
        DemoWorkload demo = new DemoWorkload(directory.writable());
        if (watched) {
            try (StackSymbolizer symbolizer = probes.stackNames()) {
                return watch(demo, symbolizer, out, err);
            }
        }
        out.println(DemoReport.done(demo.run(step -> print(step, err))));
        return 0;
    }

    static void print(String step, PrintWriter err) {
        err.println("▶ " + step);
        err.flush();
    }

    private int watch(DemoWorkload demo, @Nullable StackSymbolizer symbolizer, PrintWriter out, PrintWriter err)
            throws IOException {
        SelectedProbes opened = probes.open(true, true);
        TierReport.of(opened, SCAN_INTERVAL).forEach(err::println);
        probes.withoutStacks(opened).ifPresent(err::println);
        WallClock clock = probes.probes().clock();
        TraceFormat format = json.isEnabled()
                ? new TraceJson(clock, Identities.NONE)
                : new TraceTable(clock, ZoneId.systemDefault(), Screen::stdout, Identities.NONE);
        DemoReport report = new DemoReport(demo, opened.probes().tier(), format, out);
        try (ListenerQueue queue = new ListenerQueue(report, QUEUE_CAPACITY);
                DutyCycle cycle =
                        new DutyCycle(opened.probes(), StackOptions.named(symbolizer, queue), clock, SCAN_INTERVAL)) {
            Worker reader = Worker.startOnce("reader", self -> cycle.run());
            try {
                demo.run(step -> {
                    // Wait for the events of the previous step, so that they appear below it.
                    report.await(STEP_TIMEOUT);
                    print(step, err);
                });
                report.await(END_TIMEOUT);
            } finally {
                cycle.stop();
                reader.join();
            }
        }
        out.println(json.isEnabled() ? report.json() : report.table());
        return report.isComplete() ? 0 : 1;
    }
}
