package dev.aioscope.cli;

import dev.aioscope.agent.DutyCycle;
import dev.aioscope.agent.IdentityCollector;
import dev.aioscope.agent.ListenerQueue;
import dev.aioscope.agent.ProbeSelector.SelectedProbes;
import dev.aioscope.agent.Shutdown;
import dev.aioscope.agent.TaskSelector;
import dev.aioscope.audit.Audit;
import dev.aioscope.cli.option.DirectoryOption;
import dev.aioscope.cli.option.FilterOptions;
import dev.aioscope.cli.option.JsonOption;
import dev.aioscope.cli.option.ProbeOptions;
import dev.aioscope.cli.option.TimeLimitOption;
import dev.aioscope.demo.AuditWorkload;
import dev.aioscope.host.Processes;
import dev.aioscope.kernel.WallClock;
import dev.aioscope.lifecycle.ForwardingListener;
import dev.aioscope.output.AuditReport;
import dev.aioscope.output.Screen;
import dev.aioscope.output.TierReport;
import dev.aioscope.output.TraceSummary;
import dev.aioscope.probe.ProbeException;
import dev.aioscope.probe.Tier;
import dev.aioscope.probe.bpf.ProbeSettings;
import dev.aioscope.worker.Worker;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Checks the running kernel against the specification of io_destroy. */
@Command(
        name = "audit",
        header = "Check the kernel's io_destroy against its specification.",
        description = "Runs for 60s, or until the workload ends. The specification and the results of several kernels"
                + " are in dashboards/audit.md.",
        footer = {
            "",
            "Verdicts:",
            "  HOLDS           the kernel kept the clause every time",
            "  VIOLATED        the kernel broke the clause",
            "  DIFFERS         the kernel deviated, as all known kernels do",
            "  FOUND           behavior beyond the specification",
            "  NOT OBSERVED    nothing exercised the clause",
            "  NOT OBSERVABLE  this tier, or any tier, cannot observe the clause",
            "",
            "Examples:",
            "  aioscope audit --workload                 about ten seconds",
            "  aioscope audit --for 1h --exe mysqld",
            "  aioscope audit --for 1m --watch-handles --pid 812",
            "  aioscope audit --workload --markdown > io_destroy.md",
            "",
            "Exit status: 0 no violation, 1 failure at run time, 2 invalid usage,",
            "3 not possible on this host, 4 violation, 130 SIGINT, 141 closed pipe,",
            "143 SIGTERM.",
        })
final class AuditCommand implements Callable<Integer> {
    private static final int VIOLATED = 4;
    private static final int QUEUE_CAPACITY = 8192;
    private static final String HANDLES_COST =
            "an empty io_submit takes 267 -> 553 ns in the tier syscall (measured on 2 cores), 0.6 -> 2.2 us in the tier"
                    + " full (in an emulated guest)";
    private static final Duration SCAN_INTERVAL = Duration.ofSeconds(1);
    private static final Duration DEFAULT_LIMIT = Duration.ofSeconds(60);
    private static final Duration WORKLOAD_TIMEOUT = Duration.ofSeconds(30);

    @Spec
    private CommandSpec spec;

    @Mixin
    private TimeLimitOption limit;

    @Option(
            names = "--workload",
            description = {
                "Run a workload that exercises the clauses.",
                "It is that of aioscope demo and common programming errors. It charges at most 64 events."
            })
    private boolean workload;

    @Option(
            names = "--device",
            paramLabel = "DEVICE",
            description = {
                "With --workload: also read from this block device.",
                "Its reads are outstanding when the workload calls io_destroy."
            })
    private @Nullable Path device;

    @Mixin
    private DirectoryOption directory;

    @Option(
            names = "--watch-handles",
            description = {
                "Also check calls with destroyed handles (clause N4).",
                "This attaches probes to the I/O path: " + HANDLES_COST + "."
            })
    private boolean watchHandles;

    @Mixin
    private JsonOption json;

    @Option(names = "--markdown", description = "Print a Markdown table.")
    private boolean markdown;

    @Mixin
    private FilterOptions filter;

    @Mixin
    private ProbeOptions probes;

    @Override
    public Integer call() throws IOException {
        requireUsage();
        PrintWriter out = spec.commandLine().getOut();
        PrintWriter err = spec.commandLine().getErr();
        try (Shutdown stop = new Shutdown();
                Processes processes = probes.processes(true, Processes.DEFAULT_CAPACITY)) {
            SelectedProbes opened = probes.open(true, new ProbeSettings(false, watchHandles).withHiddenArguments(true));
            Tier tier = opened.probes().tier();
            if (tier.isScanOnly()) {
                opened.probes().close();
                throw new ProbeException(
                        "cannot audit: the tier " + tier.label() + " does not observe calls",
                        "aioscope doctor shows what the tiers full and syscall require");
            }
            TierReport.of(opened, SCAN_INTERVAL).forEach(err::println);
            if (watchHandles) {
                err.println("  Cost: " + HANDLES_COST);
            }
            WallClock clock = probes.clock();
            Audit audit = new Audit(tier, watchHandles);
            TraceSummary summary = run(opened, audit, processes, clock, stop, err);
            AuditReport report =
                    new AuditReport(audit.verdicts(), tier, probes.host().release(), clock);
            print(report, summary, out, err);
            return report.isViolated() ? VIOLATED : 0;
        }
    }

    private void requireUsage() {
        if (json.isEnabled() && markdown) {
            throw new ParameterException(spec.commandLine(), "--json and --markdown exclude each other");
        }
        if (workload && probes.isRecording()) {
            throw new ParameterException(spec.commandLine(), "--workload does not apply to a recording");
        }
        if (device != null && !workload) {
            throw new ParameterException(spec.commandLine(), "--device requires --workload");
        }
        if (device != null && !Files.isReadable(device)) {
            throw new ParameterException(spec.commandLine(), "cannot read --device " + device);
        }
        if (workload) {
            directory.writable();
        }
    }

    private void print(AuditReport report, TraceSummary summary, PrintWriter out, PrintWriter err) {
        if (json.isEnabled()) {
            report.json(summary).forEach(out::println);
        } else if (markdown) {
            report.markdown().forEach(out::println);
        } else {
            out.print(report.text(Screen.stdout()));
            out.flush();
        }
        if (!summary.lostText().isEmpty()) {
            err.println(summary.lostText());
        }
    }

    private TraceSummary run(
            SelectedProbes opened, Audit audit, Processes processes, WallClock clock, Shutdown stop, PrintWriter err)
            throws IOException {
        TaskSelector selector = new TaskSelector(filter::filter, processes);
        AuditWorkload steps =
                workload ? new AuditWorkload(directory.writable(), device, step -> DemoCommand.print(step, err)) : null;
        ListenerQueue queue = new ListenerQueue(
                steps == null ? audit : ForwardingListener.to(audit, steps.listener()),
                QUEUE_CAPACITY,
                opened.probes().canWait());
        IdentityCollector identities = new IdentityCollector(processes, selector.before(queue));
        DutyCycle.Stats stats;
        try (queue;
                DutyCycle cycle = new DutyCycle(opened.probes(), identities, clock, SCAN_INTERVAL)) {
            cycle.identifyBy(identities);
            stop.onRequest(cycle::stop);
            limit.apply(cycle);
            if (steps != null) {
                runWorkload(cycle, steps, err);
            } else {
                if (!limit.isSet() && !probes.isRecording()) {
                    cycle.endAfter(DEFAULT_LIMIT);
                }
                cycle.run();
            }
            stats = cycle.stats();
        }
        return new TraceSummary(0, 0, 0, 0, 0, queue.dropped(), selector.withheld(), 0, stats);
    }

    private void runWorkload(DutyCycle cycle, AuditWorkload steps, PrintWriter err) throws IOException {
        Worker reader = Worker.startOnce("reader", self -> cycle.run());
        try {
            steps.run();
            if (!steps.awaitEnd(WORKLOAD_TIMEOUT)) {
                err.println("warning: the last teardown of the workload was not observed within "
                        + WORKLOAD_TIMEOUT.toSeconds() + " s");
            }
            if (limit.isSet()) {
                reader.join();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            cycle.stop();
            reader.join();
        }
    }
}
