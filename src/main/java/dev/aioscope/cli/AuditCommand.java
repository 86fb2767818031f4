package dev.aioscope.cli;

import dev.aioscope.agent.DutyCycle;
import dev.aioscope.agent.ListenerQueue;
import dev.aioscope.agent.ProbeSelector.SelectedProbes;
import dev.aioscope.agent.Shutdown;
import dev.aioscope.audit.Audit;
import dev.aioscope.cli.option.FilterOptions;
import dev.aioscope.cli.option.PositiveDurationConverter;
import dev.aioscope.cli.option.ProbeOptions;
import dev.aioscope.demo.AuditWorkload;
import dev.aioscope.demo.DemoWorkload;
import dev.aioscope.kernel.JavaCommand;
import dev.aioscope.kernel.WallClock;
import dev.aioscope.lifecycle.ForwardingListener;
import dev.aioscope.lifecycle.LifecycleListener;
import dev.aioscope.lifecycle.Task;
import dev.aioscope.lifecycle.Teardown;
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
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Holds the running kernel against the specification of io_destroy. */
@Command(
        name = "audit",
        header = "Holds the running kernel against the specification of io_destroy, clause by clause.",
        mixinStandardHelpOptions = true,
        versionProvider = Main.Version.class,
        sortOptions = false,
        optionListHeading = "%nOptions:%n",
        footerHeading = "%nVerdicts:%n",
        footer = {
            "  HOLDS           it was kept each of the N times that it was observed",
            "  VIOLATED        it was broken",
            "  DIFFERS         the kernel did otherwise, as all kernels are known to",
            "  FOUND           beyond the specification, and worth to know",
            "  NOT OBSERVED    nothing has put it to the test",
            "  NOT OBSERVABLE  it cannot be seen in this tier, or at all",
            "The clauses and what kernels make of them: dashboards/audit.md.",
            "",
            "Examples:",
            "  aioscope audit --workload         with a workload of our own, in ten seconds or so",
            "  aioscope audit --for 1h --comm mysqld",
            "  aioscope audit --for 1m --watch-handles --pid 812",
            "  aioscope audit --workload --markdown > io_destroy.md",
            "",
            "Exit status: 0 no clause was violated, 4 one was, 1 failed while running, 2 wrong usage, 3 not possible",
            "on this host; 130 after Ctrl-C and 143 after SIGTERM, both with a clean end.",
        })
final class AuditCommand implements Callable<Integer> {
    private static final int VIOLATED = 4;
    private static final int WAITING = 8192;
    private static final String WATCH_COST =
            "an io_submit of nothing takes 267 -> 553 ns in the tier syscall (measured on 2 cores), 0.6 -> 2.2 us in full"
                    + " (in an emulated guest)";
    private static final Duration LOOKS = Duration.ofSeconds(1);
    private static final Duration USUAL = Duration.ofSeconds(60);
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    @Spec
    private CommandSpec spec;

    @Option(
            names = "--for",
            paramLabel = "TIME",
            converter = PositiveDurationConverter.class,
            description = "How long to watch, such as 10s, 5m or 1h (default: 60s, or until the workload is done).")
    private @Nullable Duration duration;

    @Option(
            names = "--workload",
            description =
                    "Drive a workload that puts to the test what can be: the demonstration's (aioscope demo --help),"
                            + " and what programs do wrong. It charges 64 events at most.")
    private boolean workload;

    @Option(
            names = "--device",
            paramLabel = "DEVICE",
            description = "With --workload: a block device to read from, so that reads are outstanding at a destroy.")
    private @Nullable Path device;

    @Option(
            names = "--directory",
            paramLabel = "FOLDER",
            defaultValue = "${sys:java.io.tmpdir}",
            description = "With --workload: where to write 32 MiB for a moment (default: ${DEFAULT-VALUE}).")
    private Path folder = Path.of("/tmp");

    @Option(
            names = "--watch-handles",
            description =
                    "Watch for destroyed handles that are given to other io_ calls (clause N4). This puts probes on"
                            + " the path of I/O: " + WATCH_COST + ".")
    private boolean watchHandles;

    @Option(names = "--json", description = "Print a JSON object per clause (agent/json.md).")
    private boolean json;

    @Option(names = "--markdown", description = "Print a table in Markdown.")
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
        try (Shutdown stop = new Shutdown()) {
            SelectedProbes opened = probes.open(true, new ProbeSettings(false, watchHandles));
            Tier tier = opened.probes().tier();
            if (tier.isScanOnly()) {
                opened.probes().close();
                throw new ProbeException(
                        "the tier " + tier.label() + " sees no single call, so no clause can be observed",
                        "a host that lets probes be attached; 'aioscope doctor' tells what is missing");
            }
            TierReport.of(opened, LOOKS).forEach(err::println);
            if (watchHandles) {
                err.println("  Cost: " + WATCH_COST);
            }
            WallClock clock = probes.clock();
            Audit audit = new Audit(tier, watchHandles);
            TraceSummary summary = watch(opened, audit, clock, stop, err);
            AuditReport report =
                    new AuditReport(audit.verdicts(), tier, probes.host().release(), clock);
            print(report, summary, out, err);
            return report.isViolated() ? VIOLATED : 0;
        }
    }

    private void requireUsage() {
        if (json && markdown) {
            throw new ParameterException(
                    spec.commandLine(), "--json and --markdown are two forms of the same: take one");
        }
        if (workload && probes.isRecording()) {
            throw new ParameterException(spec.commandLine(), "--workload is for this host, not for a recording");
        }
        if (device != null && !workload) {
            throw new ParameterException(spec.commandLine(), "--device is for the workload: add --workload");
        }
        if (device != null && !Files.isReadable(device)) {
            throw new ParameterException(spec.commandLine(), "--device " + device + " cannot be read");
        }
        if (workload && (!Files.isDirectory(folder) || !Files.isWritable(folder))) {
            throw new ParameterException(
                    spec.commandLine(), "--directory " + folder + " is not a folder that can be written to");
        }
    }

    private void print(AuditReport report, TraceSummary summary, PrintWriter out, PrintWriter err) {
        if (json) {
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

    private TraceSummary watch(SelectedProbes opened, Audit audit, WallClock clock, Shutdown stop, PrintWriter err)
            throws IOException {
        LastTeardown last = new LastTeardown();
        ListenerQueue queue = new ListenerQueue(
                ForwardingListener.to(audit, last), WAITING, opened.probes().canWait());
        DutyCycle.Stats stats;
        try (queue;
                DutyCycle watch = new DutyCycle(opened.probes(), filter.filter().before(queue), clock, LOOKS)) {
            stop.onRequest(watch::stop);
            if (duration != null) {
                watch.endAfter(duration);
            } else if (!workload && !probes.isRecording()) {
                watch.endAfter(USUAL);
            }
            if (workload) {
                drive(watch, last, err);
            } else {
                watch.run();
            }
            stats = watch.stats();
        }
        return new TraceSummary(0, 0, 0, 0, 0, queue.dropped(), 0, stats);
    }

    private void drive(DutyCycle watch, LastTeardown last, PrintWriter err) throws IOException {
        Consumer<String> says = step -> {
            err.println("▶ " + step);
            err.flush();
        };
        DemoWorkload demo = new DemoWorkload(folder, JavaCommand.command(DemoCommand.Exiting.class, 32));
        Worker reader = Worker.startOnce("reader", self -> watch.run());
        try {
            new AuditWorkload(demo, device, JavaCommand.command(Child.class, 32), says).run();
            if (!last.seen.await(PATIENCE.toNanos(), TimeUnit.NANOSECONDS)) {
                err.println("The end of the workload was not seen within " + PATIENCE.toSeconds() + " s.");
            }
            if (duration != null) {
                reader.join();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            watch.stop();
            reader.join();
        }
    }

    /** Waits for the end of the last context of the workload. */
    private static final class LastTeardown implements LifecycleListener {
        private final CountDownLatch seen = new CountDownLatch(1);

        @Override
        public void onTeardown(Teardown teardown) {
            Task owner = teardown.context().owner();
            if (owner != null
                    && owner.pid() == ProcessHandle.current().pid()
                    && Objects.equals(teardown.context().maxReqs(), AuditWorkload.LAST_CHARGE)) {
                seen.countDown();
            }
        }
    }

    /** The processes of the workload. */
    static final class Child {
        private Child() {}

        /** Does what the argument says. */
        public static void main(String[] args) throws IOException {
            AuditWorkload.inChild(args[0]);
        }
    }
}
