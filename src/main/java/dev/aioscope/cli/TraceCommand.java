package dev.aioscope.cli;

import dev.aioscope.agent.DutyCycle;
import dev.aioscope.agent.DutyCycle.Stats;
import dev.aioscope.agent.IdentityCollector;
import dev.aioscope.agent.ListenerQueue;
import dev.aioscope.agent.ProbeSelector.SelectedProbes;
import dev.aioscope.agent.Shutdown;
import dev.aioscope.agent.StackSymbolizer;
import dev.aioscope.cli.option.FilterOptions;
import dev.aioscope.cli.option.HideArgumentsOption;
import dev.aioscope.cli.option.PositiveDurationConverter;
import dev.aioscope.cli.option.ScanIntervalOption;
import dev.aioscope.cli.option.StackOptions;
import dev.aioscope.cli.option.StuckOptions;
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
import java.time.Duration;
import java.time.ZoneId;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Tells teardowns, refusals and failed calls as they happen. */
@Command(
        name = "trace",
        header = "Prints a line for each teardown, refusal and failed call, as they happen.",
        mixinStandardHelpOptions = true,
        versionProvider = Main.Version.class,
        sortOptions = false,
        optionListHeading = "%nOptions:%n",
        footerHeading = "%nColumns:%n",
        footer = {
            "  TIME     when the caller went on",
            "  CONTAINER, EXECUTABLE  of the process that made the context, as it was when it was first seen",
            "  TRIGGER  destroy, exit (exec too) or rollback; io_setup or io_destroy that failed",
            "  OUT      requests submitted and not completed at kill_ioctx",
            "  WAIT     how long the caller was held",
            "  KILL     kill_ioctx, the unmapping of the ring included",
            "  GRACE    of the wait: RCU alone, some 30 ms at HZ=250, which is normal",
            "  IO       of the wait: requests that were really left",
            "  WAKE     from the last request to the caller's return",
            "  FREED    from the last request to the memory's end, after the caller has gone on",
            "  RESULT   what the call returned, or how the agent learnt of the end; stuck while it goes on for long",
            "  –        not seen; never a zero",
            "A teardown that goes on for --stuck-after is told of with what it waits for, and where in the kernel its",
            "thread is, the innermost function first, if that may be seen. In the tier full the requests it",
            "waits for are then told as they complete (straggler), with file and device; that places a probe on every",
            "request of the host, once a minute at most, until the teardown is over.",
            "A narrow screen leaves out EXECUTABLE, CONTAINER, FREED, KILL, WAKE and HANDLE, in this order.",
            "An io_setup that was refused is told of again, with how long the quota did not suffice: transient (who",
            "gave back), lasting (ten seconds later it still did not), or over (one that was lasting).",
            "",
            "Examples:",
            "  aioscope trace --for 10s            ten seconds of the whole host",
            "  aioscope trace --pid 4711 --json    one process, a JSON object per line (agent/json.md)",
            "  aioscope trace --stacks             with the places in the programs that make the calls",
            "  aioscope trace --tier sample        without any probe on a call",
            "",
            "Exit status: 0 done, 1 failed while running, 2 wrong usage, 3 not possible on this host;",
            "130 after Ctrl-C and 143 after SIGTERM, both with a clean end.",
        })
final class TraceCommand implements Runnable {
    private static final int LINES_WAITING = 8192;

    @Spec
    private CommandSpec spec;

    @Option(
            names = "--for",
            paramLabel = "TIME",
            converter = PositiveDurationConverter.class,
            description = "Stop after this time, such as 500ms, 10s, 5m or 1h (default: at Ctrl-C).")
    private @Nullable Duration duration;

    @Option(names = "--count", paramLabel = "N", description = "Stop after N lines.")
    private long count = Long.MAX_VALUE;

    @Option(names = "--json", description = "Print a JSON object per line.")
    private boolean json;

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
            throw new ParameterException(spec.commandLine(), "--count must be 1 or more");
        }
        PrintWriter out = spec.commandLine().getOut();
        PrintWriter err = spec.commandLine().getErr();
        try (Shutdown stop = new Shutdown();
                StackSymbolizer names = probes.stackNames();
                Processes processes = probes.probes()
                        .processes(
                                hidden.isHidden(), hides -> Processes.rateLimited(hides, Processes.DEFAULT_CAPACITY))) {
            SelectedProbes opened = probes.open(true);
            TierReport.of(opened, interval.get()).forEach(err::println);
            probes.withoutStacks(opened).ifPresent(err::println);
            WallClock clock = probes.probes().clock();
            TracePrinter printer =
                    new TracePrinter(format(clock, processes), out, opened.probes()::now, count, stop::request);
            TraceSummary summary = watch(opened, printer, clock, stop, names, processes);
            if (json) {
                out.println(TraceJson.summary(summary));
            }
            err.println(summary.text());
        }
    }

    private TraceFormat format(WallClock clock, Identities identities) {
        return json
                ? new TraceJson(clock, identities, probes.probes().devices())
                : new TraceTable(
                        clock,
                        ZoneId.systemDefault(),
                        Screen::stdout,
                        identities,
                        probes.probes().devices(),
                        KernelStack::functions);
    }

    private TraceSummary watch(
            SelectedProbes opened,
            TracePrinter printer,
            WallClock clock,
            Shutdown stop,
            @Nullable StackSymbolizer names,
            Processes processes) {
        processes.start();
        ListenerQueue queue =
                new ListenerQueue(printer, LINES_WAITING, opened.probes().canWait());
        IdentityCollector firstSight =
                new IdentityCollector(processes, filter.filter().before(queue));
        Stats stats;
        try (queue;
                firstSight;
                DutyCycle watch = new DutyCycle(
                        opened.probes(), StackOptions.named(names, firstSight), clock, interval.get(), stuck.after())) {
            watch.pauseBetweenLateCompletions(stuck.lateCompletionPause());
            stop.onRequest(watch::stop);
            if (duration != null) {
                watch.endAfter(duration);
            }
            watch.run();
            stats = watch.stats();
        }
        return printer.summary(queue.dropped(), firstSight.unidentified(), stats);
    }
}
