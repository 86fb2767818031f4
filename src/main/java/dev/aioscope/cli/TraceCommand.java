package dev.aioscope.cli;

import dev.aioscope.agent.DutyCycle;
import dev.aioscope.agent.DutyCycle.Stats;
import dev.aioscope.agent.IdentityCollector;
import dev.aioscope.agent.ListenerQueue;
import dev.aioscope.agent.ProbeSelector.SelectedProbes;
import dev.aioscope.agent.Shutdown;
import dev.aioscope.agent.StackSymbolizer;
import dev.aioscope.agent.TaskSelector;
import dev.aioscope.cli.option.FilterOptions;
import dev.aioscope.cli.option.HideArgumentsOption;
import dev.aioscope.cli.option.JsonOption;
import dev.aioscope.cli.option.ScanIntervalOption;
import dev.aioscope.cli.option.StackOptions;
import dev.aioscope.cli.option.StuckOptions;
import dev.aioscope.cli.option.TimeLimitOption;
import dev.aioscope.diagnosis.LimitFile;
import dev.aioscope.host.Identities;
import dev.aioscope.host.Processes;
import dev.aioscope.kernel.KernelStack;
import dev.aioscope.kernel.WallClock;
import dev.aioscope.output.Screen;
import dev.aioscope.output.TierReport;
import dev.aioscope.output.TraceFormat;
import dev.aioscope.output.TraceJson;
import dev.aioscope.output.TracePrinter;
import dev.aioscope.output.TraceSummary;
import dev.aioscope.output.TraceTable;
import java.io.PrintWriter;
import java.time.ZoneId;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Prints events as they happen. */
@Command(
        name = "trace",
        header = "Print each teardown, refused io_setup and failed call.",
        footer = {
            "",
            "Columns:",
            "  TIME        when the caller continued",
            "  CONTAINER, EXECUTABLE  of the process that created the context, as first seen",
            "  TRIGGER     destroy, exit (also exec) or rollback; a failed io_setup or",
            "              io_destroy",
            "  OUT         requests outstanding at kill_ioctx",
            "  WAIT        how long the caller was blocked",
            "  KILL        kill_ioctx, including the unmapping of the ring",
            "  GRACE       part of WAIT: RCU, normally about 30 ms at HZ=250",
            "  IO          part of WAIT: outstanding requests",
            "  WAKE        from the last completion to the return of the call",
            "  FREED       from the last completion until the memory is freed",
            "  RESULT      result of the call, how the agent learned of the end, or stuck",
            "  –           not observed; never a zero",
            "Narrow screens omit EXECUTABLE, CONTAINER, FREED, KILL, WAKE and HANDLE, in",
            "this order.",
            "",
            "Stuck teardowns:",
            "  After --stuck-after, trace prints what a teardown waits for and, if",
            "  permitted, the kernel stack of its thread, innermost function first. It",
            "  repeats this after 1 s, 10 s, 1 min, 10 min, and then every hour. In the",
            "  tier full, it then prints late completions (straggler) with file and device.",
            "  For that it attaches a probe to every request of the host, at most once a",
            "  minute, until the teardown ends.",
            "",
            "Refused io_setup:",
            "  A second line reports how long the quota was exceeded: transient (and who",
            "  released quota) or lasting (more than 10 s). A lasting one ends as over, or as",
            "  abandoned if it is not repeated.",
            "",
            "Examples:",
            "  aioscope trace --for 10s            ten seconds of the whole host",
            "  aioscope trace --pid 4711 --json    one process, as JSON (agent/json.md)",
            "  aioscope trace --stacks             with the call sites in the programs",
            "  aioscope trace --tier sample        without probes on calls",
        })
final class TraceCommand implements Runnable {
    private static final int QUEUE_CAPACITY = 8192;

    @Spec
    private CommandSpec spec;

    @Mixin
    private TimeLimitOption limit;

    @Option(names = "--count", paramLabel = "N", description = "Stop after N lines.")
    private long count = Long.MAX_VALUE;

    @Mixin
    private JsonOption json;

    @Mixin
    private ScanIntervalOption interval;

    @Mixin
    private StuckOptions stuck;

    @Mixin
    private HideArgumentsOption hidden;

    @Mixin
    private FilterOptions filter;

    @Mixin
    private StackOptions probes;

    @Override
    public void run() {
        if (count < 1) {
            throw new ParameterException(spec.commandLine(), "--count: expected 1 or more, got " + count);
        }
        PrintWriter out = spec.commandLine().getOut();
        PrintWriter err = spec.commandLine().getErr();
        try (Shutdown stop = new Shutdown();
                StackSymbolizer symbolizer = probes.stackNames();
                Processes processes = probes.probes().processes(hidden.isHidden(), Processes.DEFAULT_CAPACITY)) {
            SelectedProbes opened = probes.open(true, hidden.isHidden());
            TierReport.of(opened, interval.get()).forEach(err::println);
            probes.withoutStacks(opened).ifPresent(err::println);
            WallClock clock = probes.probes().clock();
            TracePrinter printer =
                    new TracePrinter(format(clock, processes), out, opened.probes()::now, count, stop::request);
            TraceSummary summary = trace(opened, printer, clock, stop, symbolizer, processes);
            if (json.isEnabled()) {
                out.println(TraceJson.summary(summary));
            }
            err.println(summary.text());
        }
    }

    private TraceFormat format(WallClock clock, Identities identities) {
        return json.isEnabled()
                ? new TraceJson(clock, identities, probes.probes().devices(), LimitFile.of(probes.probes()))
                : new TraceTable(
                        clock,
                        ZoneId.systemDefault(),
                        Screen::stdout,
                        identities,
                        probes.probes().devices(),
                        KernelStack::functions,
                        LimitFile.of(probes.probes()));
    }

    private TraceSummary trace(
            SelectedProbes opened,
            TracePrinter printer,
            WallClock clock,
            Shutdown stop,
            @Nullable StackSymbolizer symbolizer,
            Processes processes) {
        TaskSelector selector = new TaskSelector(filter::filter, processes);
        ListenerQueue queue =
                new ListenerQueue(printer, QUEUE_CAPACITY, opened.probes().canWait());
        IdentityCollector identities = new IdentityCollector(processes, selector.before(queue));
        Stats stats;
        try (queue;
                DutyCycle cycle = new DutyCycle(
                        opened.probes(),
                        StackOptions.named(symbolizer, identities),
                        clock,
                        interval.get(),
                        stuck.after())) {
            cycle.identifyBy(identities);
            cycle.pauseBetweenLateCompletions(stuck.lateCompletionPause());
            stop.onRequest(cycle::stop);
            limit.apply(cycle);
            cycle.run();
            stats = cycle.stats();
        }
        return printer.summary(queue.dropped(), selector.withheld(), identities.unidentified(), stats);
    }
}
