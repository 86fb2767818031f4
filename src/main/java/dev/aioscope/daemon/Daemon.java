package dev.aioscope.daemon;

import dev.aioscope.agent.DutyCycle;
import dev.aioscope.agent.GuardedListener;
import dev.aioscope.agent.IdentityCollector;
import dev.aioscope.agent.ListenerQueue;
import dev.aioscope.agent.ProbeSelector.SelectedProbes;
import dev.aioscope.agent.ProbeSource;
import dev.aioscope.agent.Shutdown;
import dev.aioscope.agent.StackSymbolizer;
import dev.aioscope.agent.TaskSelector;
import dev.aioscope.audit.Audit;
import dev.aioscope.daemon.ApiDocuments.EventOrigin;
import dev.aioscope.daemon.ApiDocuments.Observed;
import dev.aioscope.diagnosis.LimitFile;
import dev.aioscope.host.Identities;
import dev.aioscope.host.Processes;
import dev.aioscope.inventory.Scan;
import dev.aioscope.kernel.Libc;
import dev.aioscope.kernel.ServiceManager;
import dev.aioscope.kernel.WallClock;
import dev.aioscope.lifecycle.ForwardingListener;
import dev.aioscope.lifecycle.LifecycleListener;
import dev.aioscope.output.TierReport;
import dev.aioscope.output.TraceJson;
import dev.aioscope.probe.Probes;
import dev.aioscope.probe.bpf.ProbeSettings;
import dev.aioscope.probe.proc.BlockDevice;
import dev.aioscope.recording.Recorder;
import dev.aioscope.telemetry.AgentMetrics;
import dev.aioscope.telemetry.HolderMetrics;
import dev.aioscope.telemetry.Metrics;
import dev.aioscope.telemetry.SpecMetrics;
import dev.aioscope.telemetry.TeardownMetrics;
import dev.aioscope.telemetry.TeardownSpans;
import dev.aioscope.telemetry.TraceExport;
import dev.aioscope.worker.ErrorBoundary;
import dev.aioscope.worker.Worker;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jline.utils.Signals;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Turns events into metrics, traces and HTTP endpoints until a signal stops it. */
public final class Daemon {
    private static final Logger LOG = LoggerFactory.getLogger("aioscope");
    private static final int RECENT_EVENTS = 100;
    private static final Duration LONGEST_FOLLOWER_INTERVAL = Duration.ofSeconds(1);

    private final ProbeSource source;
    private final Configuration configuration;
    private final Supplier<Configuration> reader;
    private final Garbage garbage = new Garbage();
    private volatile DaemonOptions options;

    /** What a running daemon uses; {@link #run} closes it. */
    private record Resources(
            SelectedProbes opened,
            WallClock clock,
            TraceExport export,
            Metrics metrics,
            @Nullable StackSymbolizer symbolizer,
            Processes processes,
            @Nullable Recorder recorder,
            ServiceManager manager,
            Shutdown shutdown) {
        Probes probes() {
            return opened.probes();
        }

        /** The probes, recorded if there is a flight recorder. */
        Probes recordedProbes() {
            return recorder == null ? probes() : recorder.record(probes());
        }

        /** Adds names to stacks and triggers snapshots before the listener. */
        LifecycleListener before(LifecycleListener listener) {
            LifecycleListener named = symbolizer == null ? listener : symbolizer.before(listener);
            return recorder == null ? named : ForwardingListener.to(new SnapshotTrigger(recorder::snapshot), named);
        }
    }

    /** The receivers of events. */
    private record Listeners(
            TeardownMetrics teardowns,
            HolderMetrics holders,
            RecentEvents recent,
            QuotaHistory history,
            TeardownSpans spans,
            Audit audit,
            RefusalLog refusals) {
        /** The listeners that may be slow, behind the queue. */
        LifecycleListener queued(boolean exports) {
            LifecycleListener audited = GuardedListener.of("audit", audit);
            LifecycleListener held = GuardedListener.of("holder-metrics", holders);
            LifecycleListener logged = GuardedListener.of("refusal-log", refusals);
            return exports
                    ? ForwardingListener.to(audited, GuardedListener.of("spans", spans), held, logged)
                    : ForwardingListener.to(audited, held, logged);
        }

        /** The listeners that the reading thread calls. */
        LifecycleListener direct(ListenerQueue queue) {
            return ForwardingListener.to(
                    GuardedListener.of("teardown-metrics", teardowns),
                    GuardedListener.of("recent-events", recent),
                    queue);
        }
    }

    /**
     * Prepares the daemon.
     *
     * @param source this host or a recording
     * @param configuration in force from the start
     * @param reader reads the configuration again on SIGHUP
     */
    public Daemon(ProbeSource source, Configuration configuration, Supplier<Configuration> reader) {
        this.source = source;
        this.configuration = configuration;
        this.reader = reader;
        this.options = configuration.options();
    }

    /**
     * Runs until a signal or the end of a recording.
     *
     * @throws dev.aioscope.probe.ProbeException if this host does not support what was asked
     * @throws dev.aioscope.telemetry.TelemetryException if an OTEL_ variable is wrong
     * @throws dev.aioscope.http.HttpException if the HTTP address is not available
     */
    @SuppressWarnings("try") // The lock and the manager only have to be held.
    public void run() {
        // The end that an operator asked for is no failure. The shutdown hook waits for the end of this method.
        Signals.register("TERM", () -> System.exit(0));
        Worker.watchLibraries();
        ProbeSettings.prepare();
        source.linger();
        boolean isLive = !source.isRecording();
        DaemonOptions.Capacity capacity = options.capacity();
        WallClock clock = source.clock();
        try (InstanceLock lock = isLive ? InstanceLock.take(InstanceLock.directory(System.getenv())) : null;
                ServiceManager manager = new ServiceManager(System.getenv());
                Shutdown shutdown = new Shutdown();
                TraceExport export = TraceExport.open(source.host());
                Metrics metrics = new Metrics();
                StackSymbolizer symbolizer = isLive && options.stacks() ? StackSymbolizer.start() : null;
                Processes processes = source.processes(options.hideArguments(), capacity.identities())) {
            SelectedProbes opened = source.open(
                    options.allowSyscallTier(),
                    new ProbeSettings(
                            options.stacks(),
                            false,
                            options.hideArguments(),
                            capacity.ringBytes(),
                            capacity.callsInProgress()));
            try (Recorder recorder = isLive ? FlightRecorder.start(options.recorder(), clock) : null) {
                if (recorder != null) {
                    processes.setObserver(recorder);
                }
                run(new Resources(opened, clock, export, metrics, symbolizer, processes, recorder, manager, shutdown));
            }
        }
    }

    private void run(Resources resources) {
        Probes probes = resources.probes();
        Listeners listeners = listeners(resources);
        try (ListenerQueue queue = new ListenerQueue(
                listeners.queued(resources.export.isActive()),
                options.capacity().queuedEvents(),
                probes.canWait())) {
            IdentityCollector identities = new IdentityCollector(
                    resources.processes, selector(resources).before(listeners.direct(queue)));
            try (DutyCycle dutyCycle = dutyCycle(resources, identities);
                    ProbeWatch watch = new ProbeWatch(resources.opened, ProbeWatch.INTERVAL)) {
                ErrorBoundary sampling = ErrorBoundary.of("quota-history");
                dutyCycle.onScan(scan -> queue.forward(next -> sampling.run(() -> listeners.history.accept(scan))));
                serve(
                        resources,
                        listeners,
                        dutyCycle,
                        new DaemonCounters(dutyCycle, queue, identities, watch, resources.recorder));
            }
        }
    }

    private TaskSelector selector(Resources resources) {
        return new TaskSelector(() -> options.filter(), resources.processes);
    }

    private DutyCycle dutyCycle(Resources resources, IdentityCollector identities) {
        DutyCycle dutyCycle = new DutyCycle(
                resources.recordedProbes(),
                GuardedListener.of("events", resources.before(identities)),
                resources.clock,
                options.scanInterval(),
                options.stuckAfter(),
                options.capacity().tables());
        dutyCycle.pauseBetweenLateCompletions(options.lateCompletionPause());
        dutyCycle.identifyBy(identities);
        return dutyCycle;
    }

    private Listeners listeners(Resources resources) {
        Probes probes = resources.probes();
        Metrics metrics = resources.metrics;
        TeardownMetrics teardowns = new TeardownMetrics(metrics, probes.tier(), resources.clock);
        DaemonOptions.HolderSeries series = options.holderSeries();
        Function<String, Optional<BlockDevice>> devices = source.devices();
        return new Listeners(
                teardowns,
                new HolderMetrics(metrics, resources.processes, probes::now, series.count(), series.byPid()),
                new RecentEvents(RECENT_EVENTS, RECENT_EVENTS),
                new QuotaHistory(resources.processes.withoutArguments(), resources.clock, QuotaHistory.INTERVAL),
                new TeardownSpans(
                        resources.export.tracer(),
                        resources.export.logger(),
                        resources.clock,
                        options.sampling(),
                        options.exportArguments() ? resources.processes : resources.processes.withoutArguments(),
                        numbers -> devices.apply(numbers).map(BlockDevice::name),
                        teardowns::onTrace),
                new Audit(probes.tier(), false),
                new RefusalLog(LimitFile.of(source), LOG::warn));
    }

    @SuppressWarnings("try") // The follower only has to be held.
    private void serve(Resources resources, Listeners listeners, DutyCycle dutyCycle, DaemonCounters counters) {
        Probes probes = resources.probes();
        LossLog losses = new LossLog(counters, System::nanoTime);
        Health health = new Health(
                probes::now,
                Worker::faults,
                dutyCycle::latestScan,
                () -> options.scanInterval(),
                () -> concat(losses.complaints(), counters.watch().complaints()),
                () -> concat(counters.remarks(losses), counters.watch().remarks()));
        AgentMetrics.register(resources.metrics, probes, counters, resources.export);
        SpecMetrics.register(resources.metrics, listeners.audit);
        try (HttpEndpoint http = new HttpEndpoint(
                        endpoints(resources, listeners, dutyCycle, counters, health)
                                .byPath(),
                        options.http());
                ScanFollower follower =
                        new ScanFollower(dutyCycle::latestScan, this::followerInterval, listeners.holders::onScan)) {
            resources.export.push(resources.metrics);
            reportTo(resources.manager, dutyCycle, counters, losses);
            resources.shutdown.onRequest(() -> {
                resources.manager.stopping();
                dutyCycle.stop();
            });
            reloadOnSignal(resources.manager, http, listeners.spans, dutyCycle);
            logStart(resources, http);
            resources.manager.ready();
            garbage.collect();
            Libc.malloc_trim(0); // libbpf has parsed all types of the kernel: some 1.5 MB
            dutyCycle.runGuarded();
        }
    }

    private static List<String> concat(List<String> first, List<String> second) {
        return Stream.of(first, second).flatMap(List::stream).toList();
    }

    private Endpoints endpoints(
            Resources resources, Listeners listeners, DutyCycle dutyCycle, DaemonCounters counters, Health health) {
        Probes probes = resources.probes();
        Identities identities = resources.processes.withoutArguments();
        return new Endpoints(
                resources.metrics,
                health,
                new ApiDocuments(
                        new EventOrigin(probes, resources.clock, false, probes.now(), options.stuckAfter()),
                        new Observed(
                                dutyCycle::latestScan, listeners.recent, listeners.history, listeners.audit, counters),
                        selector(resources),
                        identities,
                        new TraceJson(resources.clock, identities, source.devices(), LimitFile.of(source)),
                        () -> concat(
                                source.isRecording() ? List.of() : TierReport.limits(resources.opened),
                                concat(health.reasonsAgainst(), health.remarks()))));
    }

    private void reportTo(ServiceManager manager, DutyCycle dutyCycle, DaemonCounters counters, LossLog losses) {
        dutyCycle.waitAtMost(manager.pulse());
        dutyCycle.onTick(() -> {
            losses.update();
            garbage.collectIfGrown();
            manager.alive();
            manager.status(status(dutyCycle.latestScan(), counters));
        });
    }

    private void reloadOnSignal(ServiceManager manager, HttpEndpoint http, TeardownSpans spans, DutyCycle dutyCycle) {
        Reload reload = new Reload(configuration, manager, reader, wanted -> {
            http.change(wanted.http()); // First, because only this can fail.
            options = wanted;
            spans.setPolicy(wanted.sampling());
            dutyCycle.scanEvery(wanted.scanInterval());
        });
        Signals.register("HUP", () -> Worker.startOnce("reload", self -> reload.run()));
    }

    private void logStart(Resources resources, HttpEndpoint http) {
        LOG.info(StartMessage.of(resources.opened, resources.export, http.url()));
        if (!source.isRecording()) {
            TierReport.withoutAddresses(resources.probes().tier()).ifPresent(LOG::warn);
        }
        TierReport.restrictions(resources.probes()).forEach(cause -> LOG.warn(cause.text()));
        if (options.stacks()) {
            StackSymbolizer.unavailable(resources.probes().tier()).ifPresent(LOG::warn);
        }
    }

    /** The status line of {@code systemctl status}. */
    private static String status(@Nullable Scan latest, DaemonCounters counters) {
        return (latest == null
                        ? "no scan yet"
                        : latest.inventory().contexts().size() + " contexts, "
                                + latest.inProgress().size() + " teardowns in progress")
                + ", " + counters.lost() + " lost";
    }

    /** Short enough that the metrics have each scan before the next one. */
    private Duration followerInterval() {
        Duration interval = options.scanInterval();
        return interval.compareTo(LONGEST_FOLLOWER_INTERVAL) < 0 ? interval : LONGEST_FOLLOWER_INTERVAL;
    }
}
