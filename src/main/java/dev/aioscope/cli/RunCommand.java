package dev.aioscope.cli;

import dev.aioscope.agent.FirstSight;
import dev.aioscope.agent.ListenerQueue;
import dev.aioscope.agent.ProbeChoice.Opened;
import dev.aioscope.agent.ProbeChoice.Refused;
import dev.aioscope.agent.StackNames;
import dev.aioscope.agent.Watch;
import dev.aioscope.audit.Audit;
import dev.aioscope.host.Processes;
import dev.aioscope.kernel.BootClock;
import dev.aioscope.kernel.Host;
import dev.aioscope.probe.bpf.Settings;
import dev.aioscope.telemetry.TeardownSpans;
import dev.aioscope.telemetry.TraceExport;
import dev.aioscope.telemetry.WallClock;
import java.time.Duration;
import java.time.InstantSource;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The daemon: turns teardowns into traces until it is told to stop. */
@Command(
        name = "run",
        header = "Runs the agent in the foreground: teardowns become OpenTelemetry traces.",
        mixinStandardHelpOptions = true,
        versionProvider = Main.Version.class,
        sortOptions = false,
        optionListHeading = "%nOptions:%n",
        footerHeading = "%nWhere traces go is set by the standard variables of OpenTelemetry:%n",
        footer = {
            "  OTEL_EXPORTER_OTLP_ENDPOINT=http://collector:4318 aioscope run",
            "  OTEL_EXPORTER_OTLP_ENDPOINT=http://collector:4317 OTEL_EXPORTER_OTLP_PROTOCOL=grpc aioscope run",
            "",
            "A teardown becomes a trace if it was slow, failed, had requests outstanding, broke a clause of the"
                    + " specification or could not be followed to its end; of the others a share does.",
            "",
            "Exit status: 1 failed while running, 2 wrong usage or a wrong OTEL_ variable, 3 not possible on this"
                    + " host; 143 after SIGTERM and 130 after Ctrl-C, both with the probes gone and the traces sent.",
        })
final class RunCommand implements Runnable {
    private static final Logger LOG = LoggerFactory.getLogger("aioscope");
    private static final int WAITING = 16_384;

    @Spec
    private CommandSpec spec;

    @Option(
            names = "--slow",
            paramLabel = "TIME",
            defaultValue = "100ms",
            converter = Units.Reader.class,
            description = "A caller held at least that long is always reported (default: ${DEFAULT-VALUE}).")
    private Duration slow = TeardownSpans.SLOW;

    @Option(
            names = "--sample",
            paramLabel = "SHARE",
            defaultValue = "0.01",
            description = "The share, 0 to 1, of teardowns without a finding that are reported"
                    + " (default: ${DEFAULT-VALUE}).")
    private double sample = 0.01;

    @Option(
            names = "--allow-syscall",
            description = "Where full is not to be had, take the tier syscall rather than sample: while it is on, every"
                    + " system call of every process is slower (143 -> 218 ns, measured on 2 cores).")
    private boolean allowSyscall;

    @Option(
            names = "--interval",
            paramLabel = "TIME",
            defaultValue = "5s",
            converter = Units.PositiveReader.class,
            description = "Between two looks at the host's tasks (default: ${DEFAULT-VALUE}).")
    private Duration interval = Duration.ofSeconds(5);

    @Mixin
    private HideArguments hidden;

    @Mixin
    private Filter filter;

    @Mixin
    private ProbeOptions probes;

    @Override
    public void run() {
        if (!(sample >= 0 && sample <= 1)) {
            throw new ParameterException(spec.commandLine(), "--sample must be from 0 to 1, not " + sample);
        }
        Settings.prepare();
        try (Stop stop = new Stop();
                TraceExport export = TraceExport.open();
                StackNames names = probes.stackNames();
                Processes processes = Processes.sparing(hidden.isHidden())) {
            Opened opened = probes.open(allowSyscall);
            WallClock clock = new WallClock(BootClock::now, InstantSource.system());
            TeardownSpans spans = new TeardownSpans(export.tracer(), clock, slow, sample, processes);
            Audit audit = new Audit(opened.probes().tier());
            try (ListenerQueue queue = new ListenerQueue(audit.before(spans), WAITING);
                    FirstSight firstSight = new FirstSight(processes, filter.before(queue));
                    Watch watch = new Watch(opened.probes(), ProbeOptions.named(names, firstSight), clock, interval)) {
                stop.onRequest(watch::stop);
                LOG.info(started(opened, export));
                probes.withoutStacks(opened).ifPresent(LOG::warn);
                watch.run();
            }
        }
    }

    private static String started(Opened opened, TraceExport export) {
        String refused = opened.refused().stream()
                .map(refusal -> describe(refusal, opened))
                .collect(Collectors.joining());
        return "aioscope " + Versions.aioscope() + " watches: tier "
                + opened.probes().tier().label()
                + ", engine " + opened.probes().engine() + ", kernel " + Host.release()
                + ", probes " + TierReport.modes(opened.probes().points())
                + ", traces to " + export.endpoint().orElse("nowhere (OTEL_EXPORTER_OTLP_ENDPOINT is not set)")
                + refused;
    }

    private static String describe(Refused refused, Opened opened) {
        return "; not " + TierReport.what(refused, opened) + ": "
                + refused.reason().replaceAll("\\s+", " ") + " (cure: " + refused.cure() + ")";
    }
}
