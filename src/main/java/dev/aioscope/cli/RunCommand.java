package dev.aioscope.cli;

import dev.aioscope.agent.DutyCycle;
import dev.aioscope.agent.IdentityCollector;
import dev.aioscope.agent.ListenerQueue;
import dev.aioscope.agent.ProbeSelector.Opened;
import dev.aioscope.agent.ProbeSelector.Refused;
import dev.aioscope.agent.StackSymbolizer;
import dev.aioscope.audit.Audit;
import dev.aioscope.cli.option.BooleanConverter;
import dev.aioscope.cli.option.Configurable;
import dev.aioscope.cli.option.DurationConverter;
import dev.aioscope.cli.option.FilterOptions;
import dev.aioscope.cli.option.HideArgumentsOption;
import dev.aioscope.cli.option.HttpOptions;
import dev.aioscope.cli.option.LimitOptions;
import dev.aioscope.cli.option.PositiveDurationConverter;
import dev.aioscope.cli.option.ProbeOptions;
import dev.aioscope.cli.option.RecorderOptions;
import dev.aioscope.cli.option.StackOptions;
import dev.aioscope.cli.option.StuckOptions;
import dev.aioscope.config.Setting;
import dev.aioscope.config.SettingValue;
import dev.aioscope.daemon.Endpoints;
import dev.aioscope.daemon.Health;
import dev.aioscope.daemon.HttpEndpoint;
import dev.aioscope.daemon.InstanceLock;
import dev.aioscope.daemon.LossLog;
import dev.aioscope.daemon.RecentTeardowns;
import dev.aioscope.daemon.ScanFollower;
import dev.aioscope.daemon.SnapshotTrigger;
import dev.aioscope.diagnosis.Versions;
import dev.aioscope.host.Processes;
import dev.aioscope.inventory.Scan;
import dev.aioscope.kernel.Libc;
import dev.aioscope.kernel.ServiceManager;
import dev.aioscope.kernel.WallClock;
import dev.aioscope.lifecycle.Counters;
import dev.aioscope.lifecycle.ForwardingListener;
import dev.aioscope.lifecycle.LifecycleListener;
import dev.aioscope.output.TierReport;
import dev.aioscope.probe.Losses;
import dev.aioscope.probe.Probes;
import dev.aioscope.probe.bpf.ProbeSettings;
import dev.aioscope.probe.proc.BlockDevice;
import dev.aioscope.recording.Recorder;
import dev.aioscope.telemetry.AgentMetrics;
import dev.aioscope.telemetry.HolderMetrics;
import dev.aioscope.telemetry.Loss;
import dev.aioscope.telemetry.Metrics;
import dev.aioscope.telemetry.SpecMetrics;
import dev.aioscope.telemetry.TeardownMetrics;
import dev.aioscope.telemetry.TeardownSpans;
import dev.aioscope.telemetry.TraceExport;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jline.utils.Signals;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;

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
public final class RunCommand implements Runnable {
    private static final Logger LOG = LoggerFactory.getLogger("aioscope");
    private static final int RECENT = 100;

    @Spec
    private CommandSpec spec;

    @Configurable(reloads = true)
    @Option(
            names = "--slow-threshold",
            paramLabel = "TIME",
            defaultValue = "100ms",
            converter = DurationConverter.class,
            description = "A caller held at least that long is always reported (default: ${DEFAULT-VALUE}).")
    private Duration slow = TeardownSpans.SLOW;

    @Configurable(reloads = true)
    @Option(
            names = "--sampling-ratio",
            paramLabel = "SHARE",
            defaultValue = "0.01",
            converter = ShareReader.class,
            description = "The share, 0 to 1, of teardowns without a finding that are reported"
                    + " (default: ${DEFAULT-VALUE}).")
    private double sample = 0.01;

    @Configurable
    @Option(
            names = "--allow-syscall-tier",
            paramLabel = "BOOL",
            arity = "0..1",
            fallbackValue = "true",
            defaultValue = "false",
            converter = BooleanConverter.class,
            description = "Where full is not to be had, take the tier syscall rather than sample: while it is on, every"
                    + " system call of every process is slower (143 -> 218 ns, measured on 2 cores).")
    private boolean allowSyscall;

    @Configurable(reloads = true)
    @Option(
            names = "--scan-interval",
            paramLabel = "TIME",
            defaultValue = "5s",
            converter = PositiveDurationConverter.class,
            description =
                    "Between two looks at the host's tasks (default: ${DEFAULT-VALUE}); a look takes a fifth of the"
                            + " time at most.")
    private Duration interval = Duration.ofSeconds(5);

    @Mixin
    private StuckOptions stuck;

    @Mixin
    private HideArgumentsOption hidden;

    @Mixin
    private HttpOptions http;

    @Mixin
    private RecorderOptions recorder;

    @Mixin
    private FilterOptions filter;

    @Mixin
    private StackOptions probes;

    @Mixin
    private LimitOptions limits;

    private Map<String, SettingValue> given = Map.of();

    /** Has those settings that can change while this runs. */
    private volatile RunCommand inForce = this;

    /** What the file and the environment have set of it. */
    Map<String, SettingValue> given() {
        return given;
    }

    void given(Map<String, SettingValue> values) {
        given = values;
    }

    /** What stands behind {@code run}. */
    public List<String> flags() {
        List<String> all = spec.commandLine().getParseResult().originalArgs();
        return all.isEmpty() || !all.get(0).equals("run") ? all : all.subList(1, all.size());
    }

    /** The value of each setting. */
    public Map<Setting, SettingValue> effective() {
        return DaemonSettings.effective(given, spec.commandLine().getParseResult());
    }

    /**
     * What can only be told when all settings are known, and what stands in the files that they name.
     *
     * @throws dev.aioscope.http.HttpException if one of these files cannot be used
     */
    HttpOptions.Settings http() {
        return http.settings();
    }

    /** What is there while the daemon watches; it is closed afterwards. */
    private record Equipment(
            Opened opened,
            WallClock clock,
            TraceExport export,
            @Nullable StackSymbolizer names,
            Processes processes,
            @Nullable Recorder recorder,
            ServiceManager manager,
            HttpOptions.Settings served) {
        Probes probes() {
            return opened.probes();
        }

        /** What the watch reads: what it reads is recorded. */
        Probes source() {
            return recorder == null ? probes() : recorder.record(probes());
        }

        /** Hands on what the watch tells, with names for stacks. */
        LifecycleListener before(LifecycleListener listener) {
            LifecycleListener named = StackOptions.named(names, listener);
            return recorder == null ? named : ForwardingListener.to(new SnapshotTrigger(recorder::snapshot), named);
        }
    }

    @Override
    @SuppressWarnings("try") // To hold the lock is all that there is to do with it.
    public void run() {
        ProbeSettings.prepare();
        HttpOptions.Settings served = http();
        ProbeOptions source = probes.probes();
        source.linger();
        boolean isLive = source.replay() == null;
        WallClock clock = source.clock();
        try (InstanceLock one = isLive ? InstanceLock.take(InstanceLock.folder(System.getenv())) : null;
                ServiceManager manager = new ServiceManager(System.getenv());
                Shutdown stop = new Shutdown();
                TraceExport export = TraceExport.open(source.origin());
                StackSymbolizer names = probes.stackNames();
                Processes processes =
                        source.processes(hidden, hides -> Processes.sparing(hides, limits.identities()))) {
            Opened opened = probes.open(allowSyscall, limits.ringBytes(), limits.inProgress());
            try (Recorder recorded = isLive ? recorder.start(clock, System.getenv()) : null) {
                if (recorded != null) {
                    processes.tell(recorded);
                }
                watch(new Equipment(opened, clock, export, names, processes, recorded, manager, served), stop);
            }
        }
    }

    private void watch(Equipment equipment, Shutdown stop) {
        Probes seen = equipment.probes();
        Processes processes = equipment.processes;
        WallClock clock = equipment.clock;
        TeardownMetrics counts = new TeardownMetrics(seen.tier(), clock);
        HolderMetrics holders = http.holders(processes, seen::now);
        RecentTeardowns recent = new RecentTeardowns(RECENT);
        Function<String, Optional<BlockDevice>> devices = probes.probes().devices();
        TeardownSpans spans = new TeardownSpans(
                equipment.export.tracer(),
                clock,
                slow,
                sample,
                processes,
                numbers -> devices.apply(numbers).map(BlockDevice::name),
                counts::onTrace);
        processes.prepare();
        Audit audit = new Audit(seen.tier(), false);
        LifecycleListener told = equipment.export.isActive()
                ? ForwardingListener.to(audit, spans, holders)
                : ForwardingListener.to(audit, holders);
        try (ListenerQueue queue = new ListenerQueue(told, limits.waiting(), seen.canWait());
                IdentityCollector firstSight = new IdentityCollector(
                        processes,
                        FilterOptions.before(
                                task -> inForce.filter.passes(task), ForwardingListener.to(counts, recent, queue)));
                DutyCycle watch = new DutyCycle(
                        equipment.source(),
                        equipment.before(firstSight),
                        clock,
                        interval,
                        stuck.after(),
                        limits.lifecycle());
                ScanFollower looks = new ScanFollower()) {
            watch.pauseBetweenStragglers(stuck.stragglerPause());
            WatchWork work = new WatchWork(watch, queue, firstSight, equipment.recorder);
            LossLog losses = new LossLog(work, System::nanoTime);
            Health health = new Health(
                    seen::now,
                    watch::silence,
                    watch::view,
                    () -> inForce.interval,
                    losses::complaints,
                    losses::remarks);
            try (Metrics metrics = new Metrics(
                            new AgentMetrics(seen, work, equipment.export), counts, holders, new SpecMetrics(audit));
                    HttpEndpoint face = new HttpEndpoint(
                            new Endpoints(
                                            metrics,
                                            health,
                                            watch::view,
                                            recent,
                                            audit,
                                            seen,
                                            processes,
                                            task -> inForce.filter.passes(task),
                                            clock)
                                    .all(),
                            equipment.served)) {
                looks.follow(watch::view, () -> shorter(inForce.interval), holders::onScan);
                equipment.export.push(metrics);
                watch.restAtMost(equipment.manager.pulse());
                watch.onTick(() -> {
                    losses.look();
                    equipment.manager.alive();
                    equipment.manager.status(status(watch, work));
                });
                stop.onRequest(() -> {
                    equipment.manager.stopping();
                    watch.stop();
                });
                reloadOnSignal(equipment.manager, face, spans, watch);
                LOG.info(started(equipment.opened, equipment.export, face.url()));
                if (probes.probes().replay() == null) {
                    TierReport.withoutAddresses(seen.tier()).ifPresent(LOG::warn);
                }
                probes.withoutStacks(equipment.opened).ifPresent(LOG::warn);
                equipment.manager.ready();
                Libc.malloc_trim(0); // libbpf has read all types of the kernel: some 1.5 MB
                watch.run();
            }
        }
    }

    private void reloadOnSignal(ServiceManager manager, HttpEndpoint face, TeardownSpans spans, DutyCycle watch) {
        Reload reload = new Reload(this, manager, fresh -> {
            // First what can fail.
            face.change(fresh.http());
            inForce = fresh;
            spans.report(new TeardownSpans.Reported(fresh.slow, fresh.sample));
            watch.scanEvery(fresh.interval);
        });
        Signals.register("HUP", reload::run);
    }

    /** For {@code systemctl status}. */
    private static String status(DutyCycle watch, AgentMetrics.Work work) {
        Scan view = watch.view();
        long lost = Arrays.stream(Loss.values())
                .map(loss -> loss.of(work))
                .filter(Objects::nonNull)
                .mapToLong(Long::longValue)
                .sum();
        return (view == null
                        ? "no look yet"
                        : view.snapshot().contexts().size() + " contexts, "
                                + view.inProgress().size() + " teardowns in progress")
                + ", " + lost + " lost";
    }

    static final class ShareReader implements ITypeConverter<Double> {
        @Override
        public Double convert(String text) {
            try {
                double share = Double.parseDouble(text);
                if (share >= 0 && share <= 1) {
                    return share;
                }
            } catch (NumberFormatException e) {
                // Told below.
            }
            throw new TypeConversionException("'" + text + "' is not a share from 0 to 1");
        }
    }

    /** What a look found is to be seen before the next look. */
    private static Duration shorter(Duration interval) {
        return interval.compareTo(Duration.ofSeconds(1)) < 0 ? interval : Duration.ofSeconds(1);
    }

    private record WatchWork(
            DutyCycle watch,
            ListenerQueue queue,
            IdentityCollector firstSight,
            @Nullable Recorder recorder) implements AgentMetrics.Work {
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

        @Override
        public @Nullable Long unrecorded() {
            return recorder == null ? null : (Long) recorder.dropped();
        }

        @Override
        public @Nullable Long snapshots() {
            return recorder == null ? null : (Long) recorder.snapshots();
        }
    }

    private static String started(Opened opened, TraceExport export, @Nullable String url) {
        String refused = opened.refused().stream()
                .map(refusal -> describe(refusal, opened))
                .collect(Collectors.joining());
        return "aioscope " + Versions.aioscope() + " watches: tier "
                + opened.probes().tier().label()
                + ", engine " + opened.probes().engine() + ", kernel "
                + opened.probes().origin().release()
                + ", probes " + TierReport.modes(opened.probes())
                + ", metrics at "
                + (url == null ? "no address (listen is off)" : url + "/metrics")
                + export.metricsEndpoint()
                        .map(endpoint -> " and to " + endpoint)
                        .orElse("")
                + ", traces to " + export.endpoint().orElse("nowhere (OTEL_EXPORTER_OTLP_ENDPOINT is not set)")
                + refused;
    }

    private static String describe(Refused refused, Opened opened) {
        return "; not " + TierReport.what(refused, opened) + ": "
                + refused.reason().replaceAll("\\s+", " ") + " (hint: " + refused.hint() + ")";
    }
}
