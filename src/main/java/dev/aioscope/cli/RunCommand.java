package dev.aioscope.cli;

import dev.aioscope.agent.FirstSight;
import dev.aioscope.agent.Health;
import dev.aioscope.agent.ListenerQueue;
import dev.aioscope.agent.Looks;
import dev.aioscope.agent.ProbeChoice.Opened;
import dev.aioscope.agent.ProbeChoice.Refused;
import dev.aioscope.agent.RecentTeardowns;
import dev.aioscope.agent.StackNames;
import dev.aioscope.agent.Watch;
import dev.aioscope.audit.Audit;
import dev.aioscope.host.Processes;
import dev.aioscope.http.WebServer;
import dev.aioscope.kernel.BootClock;
import dev.aioscope.kernel.Host;
import dev.aioscope.lifecycle.Counters;
import dev.aioscope.lifecycle.ForwardingListener;
import dev.aioscope.probe.Losses;
import dev.aioscope.probe.bpf.Settings;
import dev.aioscope.telemetry.AgentMetrics;
import dev.aioscope.telemetry.HolderMetrics;
import dev.aioscope.telemetry.Metrics;
import dev.aioscope.telemetry.SpecMetrics;
import dev.aioscope.telemetry.TeardownMetrics;
import dev.aioscope.telemetry.TeardownSpans;
import dev.aioscope.telemetry.TraceExport;
import dev.aioscope.telemetry.WallClock;
import java.time.Duration;
import java.time.InstantSource;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The daemon: turns what happens into metrics and traces until it is told to stop. */
@Command(
        name = "run",
        header = "Runs the agent in the foreground: metrics by HTTP, teardowns as OpenTelemetry traces.",
        mixinStandardHelpOptions = true,
        versionProvider = Main.Version.class,
        sortOptions = false,
        optionListHeading = "%nOptions:%n",
        footerHeading = "%nWhere traces and pushed metrics go is set by the standard variables of OpenTelemetry:%n",
        footer = {
            "  OTEL_EXPORTER_OTLP_ENDPOINT=http://collector:4318 aioscope run",
            "  OTEL_EXPORTER_OTLP_ENDPOINT=http://collector:4317 OTEL_EXPORTER_OTLP_PROTOCOL=grpc aioscope run",
            "  OTEL_METRICS_EXPORTER=otlp OTEL_EXPORTER_OTLP_ENDPOINT=http://collector:4318 aioscope run",
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
    private static final int RECENT = 100;

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
            description =
                    "Between two looks at the host's tasks (default: ${DEFAULT-VALUE}); a look takes a fifth of the"
                            + " time at most.")
    private Duration interval = Duration.ofSeconds(5);

    @Mixin
    private StuckOption stuck;

    @Mixin
    private HideArguments hidden;

    @Mixin
    private HttpOptions http;

    @Mixin
    private Filter filter;

    @Mixin
    private StackOptions probes;

    @Override
    public void run() {
        if (!(sample >= 0 && sample <= 1)) {
            throw new ParameterException(spec.commandLine(), "--sample must be from 0 to 1, not " + sample);
        }
        Settings.prepare();
        HttpOptions.Settings settings = http.settings();
        try (Stop stop = new Stop();
                TraceExport export = TraceExport.open();
                StackNames names = probes.stackNames();
                Processes processes = Processes.sparing(hidden.isHidden())) {
            Opened opened = probes.open(allowSyscall);
            WallClock clock = new WallClock(BootClock::now, InstantSource.system());
            TeardownMetrics counts = new TeardownMetrics(opened.probes().tier(), clock);
            HolderMetrics holders = http.holders(processes);
            RecentTeardowns recent = new RecentTeardowns(RECENT);
            TeardownSpans spans = new TeardownSpans(export.tracer(), clock, slow, sample, processes, counts::onTrace);
            processes.prepare();
            Audit audit = new Audit(opened.probes().tier(), false);
            try (ListenerQueue queue = new ListenerQueue(ForwardingListener.to(audit, spans, holders), WAITING);
                    FirstSight firstSight =
                            new FirstSight(processes, filter.before(ForwardingListener.to(counts, recent, queue)));
                    Watch watch = new Watch(
                            opened.probes(), StackOptions.named(names, firstSight), clock, interval, stuck.after());
                    Looks looks = new Looks();
                    Metrics metrics = new Metrics(
                            new AgentMetrics(opened.probes(), new WatchWork(watch, queue, firstSight), export),
                            counts,
                            holders,
                            new SpecMetrics(audit))) {
                looks.follow(watch::view, shorter(interval), holders::onLook);
                export.push(metrics);
                Pages pages = new Pages(
                        metrics,
                        new Health(BootClock::now, watch::lastTick, watch::view, interval),
                        watch::view,
                        recent,
                        audit,
                        opened.probes().tier(),
                        processes,
                        filter::passes,
                        clock);
                try (WebServer server = settings.serve(pages.all())) {
                    stop.onRequest(watch::stop);
                    LOG.info(started(opened, export, server));
                    TierReport.withoutAddresses(opened.probes().tier()).ifPresent(LOG::warn);
                    probes.withoutStacks(opened).ifPresent(LOG::warn);
                    watch.run();
                }
            }
        }
    }

    /** What a look found is to be seen before the next look. */
    private static Duration shorter(Duration interval) {
        return interval.compareTo(Duration.ofSeconds(1)) < 0 ? interval : Duration.ofSeconds(1);
    }

    private record WatchWork(Watch watch, ListenerQueue queue, FirstSight firstSight) implements AgentMetrics.Work {
        @Override
        public long events() {
            return watch.stats().events();
        }

        @Override
        public Losses losses() {
            return watch.stats().losses();
        }

        @Override
        public Counters counters() {
            return watch.stats().counters();
        }

        @Override
        public long dropped() {
            return queue.dropped();
        }

        @Override
        public long unidentified() {
            return firstSight.unidentified();
        }
    }

    private static String started(Opened opened, TraceExport export, @Nullable WebServer server) {
        String refused = opened.refused().stream()
                .map(refusal -> describe(refusal, opened))
                .collect(Collectors.joining());
        return "aioscope " + Versions.aioscope() + " watches: tier "
                + opened.probes().tier().label()
                + ", engine " + opened.probes().engine() + ", kernel " + Host.release()
                + ", probes " + TierReport.modes(opened.probes().points())
                + ", metrics at "
                + (server == null ? "no address (--listen off)" : server.url() + "/metrics")
                + export.metricsEndpoint()
                        .map(endpoint -> " and to " + endpoint)
                        .orElse("")
                + ", traces to " + export.endpoint().orElse("nowhere (OTEL_EXPORTER_OTLP_ENDPOINT is not set)")
                + refused;
    }

    private static String describe(Refused refused, Opened opened) {
        return "; not " + TierReport.what(refused, opened) + ": "
                + refused.reason().replaceAll("\\s+", " ") + " (cure: " + refused.cure() + ")";
    }
}
