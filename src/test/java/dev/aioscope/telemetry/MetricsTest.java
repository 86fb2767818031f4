package dev.aioscope.telemetry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.aioscope.audit.Audit;
import dev.aioscope.event.ReleasedBy;
import dev.aioscope.event.Trigger;
import dev.aioscope.event.WaitReason;
import dev.aioscope.host.Identity;
import dev.aioscope.host.KubernetesNames;
import dev.aioscope.host.Namespaces;
import dev.aioscope.inventory.Inventory;
import dev.aioscope.inventory.LiveContext;
import dev.aioscope.inventory.Scan;
import dev.aioscope.kernel.WallClock;
import dev.aioscope.lifecycle.Context;
import dev.aioscope.lifecycle.FailedCall;
import dev.aioscope.lifecycle.Task;
import dev.aioscope.lifecycle.Teardown;
import dev.aioscope.lifecycle.TeardownBuilder;
import dev.aioscope.lifecycle.TeardownInProgress;
import dev.aioscope.lifecycle.WrongHandle;
import dev.aioscope.probe.AttachPoint;
import dev.aioscope.probe.AttachPoint.Mode;
import dev.aioscope.probe.Losses;
import dev.aioscope.probe.NoProbes;
import dev.aioscope.probe.Quotas;
import dev.aioscope.probe.ScanGaps;
import dev.aioscope.probe.Tier;
import io.micrometer.core.instrument.Tags;
import io.opentelemetry.api.trace.SpanContext;
import io.opentelemetry.api.trace.TraceFlags;
import io.opentelemetry.api.trace.TraceState;
import io.opentelemetry.sdk.metrics.data.MetricData;
import io.opentelemetry.sdk.metrics.data.MetricDataType;
import io.opentelemetry.sdk.metrics.data.PointData;
import io.opentelemetry.sdk.resources.Resource;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tests the scrape and the push of all meters. */
class MetricsTest {
    private static final String OPEN = "application/openmetrics-text; version=1.0.0";
    private static final WallClock CLOCK = new WallClock(() -> 0, () -> Instant.EPOCH);
    private static final SpanContext ROOT = SpanContext.create(
            "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331", TraceFlags.getSampled(), TraceState.getDefault());
    private static final Map<String, String> PUSHES =
            Map.of("otel.exporter.otlp.endpoint", "http://127.0.0.1:1", "otel.metrics.exporter", "otlp");

    private static final List<AttachPoint> POINTS = List.of(
            new AttachPoint("kill_ioctx", Mode.FENTRY, List.of()),
            new AttachPoint("kill_ioctx return", null, List.of()));

    private final Metrics metrics = new Metrics();
    private final TeardownMetrics full = new TeardownMetrics(metrics, Tier.FULL, CLOCK);
    private final Audit audit = new Audit(Tier.FULL, false);
    private final HolderMetrics holders = holders(metrics, 100_000_000_000L, false);
    private TraceExport export = TraceExport.open(Map.of());

    @AfterEach
    void close() {
        export.close();
        metrics.close();
    }

    private static HolderMetrics holders(Metrics metrics, long now, boolean byPid) {
        return new HolderMetrics(metrics, (task, mm) -> identity(task), () -> now, 20, byPid);
    }

    private static Identity identity(Task task) {
        return task.pid() == 1
                ? Identity.UNKNOWN
                : new Identity(
                        null,
                        "/usr/sbin/" + task.comm(),
                        List.of(),
                        false,
                        "mysql",
                        null,
                        "/system.slice/" + task.comm() + ".service",
                        Namespaces.HOST);
    }

    /** Registers the rest: once per test. */
    private void register(Tier tier) {
        AgentMetrics.register(metrics, new NoProbes(tier, POINTS), new NoWork(), export);
        SpecMetrics.register(metrics, audit);
    }

    private String scrape() {
        return metrics.scrape("").body();
    }

    private String scrapeOpenMetrics() {
        return metrics.scrape(OPEN).body();
    }

    /** Gives a value to every metric. */
    private void fill() {
        register(Tier.FULL);
        full.onSetup(TeardownBuilder.idle().context);
        full.onTeardown(TeardownBuilder.busy().build());
        full.onTeardown(TeardownBuilder.idle().build());
        TeardownBuilder held = TeardownBuilder.busy();
        held.usersReleasedBy = ReleasedBy.HOLDER;
        full.onTeardown(held.build());
        audit.onTeardown(TeardownBuilder.idle().build());
        full.onFailedCall(failed(FailedCall.SystemCall.IO_SETUP, 11));
        full.onFailedCall(failed(FailedCall.SystemCall.IO_DESTROY, 22));
        TeardownBuilder exit = TeardownBuilder.idle();
        exit.trigger = Trigger.EXIT;
        holders.onTeardown(exit.build());
        holders.onScan(view(List.of(context("mysqld", 7, 100), context("init", 1, 5))));
    }

    private static FailedCall failed(FailedCall.SystemCall call, int errno) {
        return new FailedCall(
                call,
                new Task(1, 1, "a", 1, 0),
                1,
                1L,
                2,
                errno,
                null,
                null,
                null,
                null,
                null,
                List.of(),
                call == FailedCall.SystemCall.IO_DESTROY ? wrongHandle() : null);
    }

    private static WrongHandle wrongHandle() {
        return new WrongHandle(WrongHandle.Cause.LOST_RACE, null, null, null, null, false, null);
    }

    private static LiveContext context(String comm, int pid, int charge) {
        return new LiveContext(new Task(pid, pid, comm, 1, 0), null, pid, 0x1000, charge, 2 * charge, 0, 0);
    }

    private static Scan view(List<LiveContext> contexts) {
        TeardownBuilder stuck = TeardownBuilder.idle();
        stuck.end = Teardown.End.IN_PROGRESS;
        stuck.callTime = 58_000_000_000L;
        return new Scan(
                98_000_000_000L,
                new Inventory(Tier.FULL, contexts, 1, ScanGaps.NONE, Quotas.of(120L, 65536L)),
                List.of(new TeardownInProgress(
                        stuck.build(), 60_000_000_000L, WaitReason.REQUESTS, 3, 0, false, List.of(), true)));
    }

    @Test
    void namesPodOfHolder() {
        String id = "0123456789abcdef".repeat(4);
        Identity inPod = new Identity(
                null,
                "/usr/sbin/mysqld",
                List.of(),
                false,
                "mysql",
                null,
                "/kubepods/pod01234567-89ab-cdef-0123-456789abcdef/" + id,
                new Namespaces(7, "db-0"),
                new KubernetesNames("containerd", null, "shop", "db-0", "engine"));
        LiveContext context = new LiveContext(new Task(7, 7, "mysqld", 1, 0), null, 7, 0x1000, 100, 255, null, 0);
        new HolderMetrics(metrics, (task, mm) -> inPod, () -> 0, 20, false)
                .onScan(new Scan(
                        1,
                        new Inventory(Tier.FULL, List.of(context), 0, ScanGaps.NONE, Quotas.of(120L, 65536L)),
                        List.of()));

        assertThat(scrape())
                .contains("aio_context_active{container_id=\"" + id
                        + "\",container_runtime_name=\"containerd\",k8s_container_name=\"engine\",k8s_namespace_name=\"shop\","
                        + "k8s_pod_name=\"db-0\",k8s_pod_uid=\"01234567-89ab-cdef-0123-456789abcdef\","
                        + "process_executable_name=\"mysqld\"} 1.0");
    }

    @Test
    void namesProgramsOfStuckTeardowns() {
        holders.onScan(view(List.of()));
        assertThat(scrape())
                .contains("aio_context_teardown_stuck{aio_waits_for=\"requests\",process_executable_name=\"mysqld\","
                        + "systemd_unit_name=\"mysqld.service\"} 1.0");

        holders.onScan(new Scan(99_000_000_000L, view(List.of()).inventory(), List.of()));
        assertThat(scrape()).doesNotContain("aio_context_teardown_stuck{");
    }

    @Test
    void limitsProgramsOfStuckTeardowns() {
        Identity[] identities = {identity(new Task(2, 2, "one", 1, 0)), identity(new Task(3, 3, "two", 1, 0))};
        TeardownInProgress stuck = view(List.of()).inProgress().get(0);
        HolderMetrics limited = new HolderMetrics(
                metrics, (task, mm) -> identities[task.pid() == 100 ? 0 : 1], () -> 100_000_000_000L, 1, false);
        TeardownBuilder other = TeardownBuilder.idle();
        other.context = other.context.withOwner(new Task(200, 200, "two", 1, 0));
        TeardownInProgress second =
                new TeardownInProgress(other.build(), 1, WaitReason.REQUESTS, 1, 0, null, List.of(), true);
        limited.onScan(new Scan(1, view(List.of()).inventory(), List.of(stuck, stuck, second)));

        assertThat(scrape().lines().filter(line -> line.startsWith("aio_context_teardown_stuck{")))
                .containsExactlyInAnyOrder(
                        "aio_context_teardown_stuck{aio_waits_for=\"requests\",process_executable_name=\"one\","
                                + "systemd_unit_name=\"one.service\"} 2.0",
                        "aio_context_teardown_stuck{aio_waits_for=\"requests\",process_executable_name=\"other\"} 1.0");
    }

    @Test
    void omitsChargesWhenUnknown() {
        LiveContext context = new LiveContext(new Task(7, 7, "mysqld", 1, 0), null, 7, 0x1000, null, 255, null, 0);
        Inventory snapshot = new Inventory(
                Tier.PROC,
                List.of(context),
                0,
                new ScanGaps(Set.of(), Set.of(8, 9), ScanGaps.Scope.HOST),
                Quotas.of(120L, 65536L));
        holders.onScan(new Scan(98_000_000_000L, snapshot, List.of()));

        assertThat(scrape())
                .contains(
                        "aio_context_active{process_executable_name=\"mysqld\",systemd_unit_name=\"mysqld.service\"} 1.0")
                .contains("aioscope_scan_skipped{aioscope_reason=\"unreadable\"} 0.0")
                .contains("aioscope_scan_skipped{aioscope_reason=\"partial\"} 2.0")
                .doesNotContain(Metric.HOLDER_USAGE.prometheusName())
                .doesNotContain(Metric.EVENT_UNATTRIBUTED.prometheusName());
    }

    @Test
    void exposesEachMetricAndNoOther() {
        export.close();
        export = TraceExport.open(PUSHES);
        fill();
        Set<String> names = scrape().lines()
                .filter(line -> line.startsWith("# TYPE "))
                .map(line -> line.split(" ", -1)[2] + " " + line.split(" ", -1)[3])
                .collect(Collectors.toCollection(TreeSet::new));
        assertThat(names)
                .isEqualTo(Arrays.stream(Metric.values())
                        .map(metric ->
                                metric.prometheusName() + " " + metric.type().prometheusName())
                        .collect(Collectors.toCollection(TreeSet::new)));
    }

    @Test
    void usesOnlyTheLabelsOfTheMetric() {
        export.close();
        export = TraceExport.open(PUSHES);
        fill();
        Pattern series = Pattern.compile("([a-z_]+?)(?:_bucket|_sum|_count)?(?:\\{(.*)})? \\S+");
        for (String line :
                scrape().lines().filter(text -> !text.startsWith("#")).toList()) {
            Matcher matcher = series.matcher(line);
            assertThat(matcher.matches()).as(line).isTrue();
            Metric metric = Arrays.stream(Metric.values())
                    .filter(known -> known.prometheusName().equals(matcher.group(1)))
                    .findFirst()
                    .orElseThrow(() -> new AssertionError(line));
            String labels = matcher.group(2) == null ? "" : matcher.group(2);
            assertThat(Pattern.compile("(\\w+)=\"").matcher(labels).results().map(found -> found.group(1)))
                    .as(line)
                    .isSubsetOf(namesOf(metric));
        }
    }

    private static List<String> namesOf(Metric metric) {
        List<String> names = new ArrayList<>(
                metric.labels().stream().map(Metric.Label::prometheusName).toList());
        names.add("le");
        return names;
    }

    @Test
    void passesPromtool(@TempDir Path folder) throws Exception {
        Path promtool = Path.of("/usr/bin/promtool");
        assumeTrue(Files.isExecutable(promtool), "promtool is in the Debian package prometheus");
        fill();
        Path text = Files.writeString(folder.resolve("scrape"), scrape());
        Path output = folder.resolve("output");
        Process check = new ProcessBuilder(promtool.toString(), "check", "metrics")
                .redirectInput(text.toFile())
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        assertThat(check.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(Files.readString(output)).isEmpty();
        assertThat(check.exitValue()).isZero();
    }

    @Test
    void recordsTeardownInHistogramsOfItsPhases() {
        full.onTeardown(TeardownBuilder.busy().build());
        full.onTeardown(TeardownBuilder.idle().build());
        assertThat(scrape().lines())
                // From 10 µs to 30 ms, and to 2.025 s.
                .contains("aio_context_drain_duration_seconds_bucket{aio_trigger=\"destroy\",le=\"0.02\"} 0")
                .contains("aio_context_drain_duration_seconds_bucket{aio_trigger=\"destroy\",le=\"0.03\"} 1")
                .contains("aio_context_drain_duration_seconds_bucket{aio_trigger=\"destroy\",le=\"1.5\"} 1")
                .contains("aio_context_drain_duration_seconds_bucket{aio_trigger=\"destroy\",le=\"4.5\"} 2")
                .contains("aio_context_drain_duration_seconds_count{aio_trigger=\"destroy\"} 2")
                .contains("aio_context_drain_duration_seconds_sum{aio_trigger=\"destroy\"} 2.05498")
                .contains("aio_context_destroy_outstanding_bucket{aio_trigger=\"destroy\",le=\"0.5\"} 1")
                .contains("aio_context_destroy_outstanding_bucket{aio_trigger=\"destroy\",le=\"2.5\"} 1")
                .contains("aio_context_destroy_outstanding_bucket{aio_trigger=\"destroy\",le=\"4.5\"} 2")
                .contains("aio_context_destroy_outstanding_sum{aio_trigger=\"destroy\"} 3.0")
                .contains("aio_task_uninterruptible_time_seconds_total{aio_trigger=\"destroy\"} 2.05498")
                .contains("aio_context_teardowns_total{aio_teardown_end=\"complete\",aio_trigger=\"destroy\"} 2.0");
    }

    @Test
    void omitsSeriesThatTierCannotObserve() {
        TeardownBuilder vanished = new TeardownBuilder();
        vanished.trigger = null;
        vanished.end = Teardown.End.VANISHED;
        Metrics sample = new Metrics();
        new TeardownMetrics(sample, Tier.SAMPLE, CLOCK).onTeardown(vanished.build());
        assertThat(sample.scrape("").body())
                .contains("aio_context_teardowns_total{aio_teardown_end=\"vanished\"} 1.0")
                .doesNotContain("aio_context_setup")
                .doesNotContain("aio_context_destroy")
                .doesNotContain("_duration_seconds")
                .doesNotContain("aio_task_uninterruptible");
        Metrics syscall = new Metrics();
        new TeardownMetrics(syscall, Tier.SYSCALL, CLOCK);
        assertThat(syscall.scrape("").body())
                .contains("aio_context_setups_total{error_type=\"EAGAIN\"} 0.0")
                .doesNotContain("aio_context_drain_duration")
                .doesNotContain("aio_trigger=\"exit\"");
    }

    @Test
    void timesSetupsFromEntryToReturn() {
        full.onSetup(Context.of(1, 1, 1, 4096).withSize(1, 1).withSetup(1_000_000L, 8_000_000L, null));
        full.onSetup(Context.of(2, 1, 1, 4096).withSize(1, 1).withSetup(null, 9_000_000L, null));
        assertThat(scrape())
                .contains("aio_context_setup_duration_seconds_bucket{le=\"0.0025\"} 0")
                .contains("aio_context_setup_duration_seconds_bucket{le=\"0.025\"} 1")
                .contains("aio_context_setup_duration_seconds_count 1")
                .contains("aio_context_setup_duration_seconds_sum 0.007")
                .contains("aio_context_setups_total 2.0");
    }

    @Test
    void skipsUnobservedOutstandingCount() {
        TeardownBuilder blind = TeardownBuilder.idle();
        blind.outstanding = null;
        blind.reqsTime = null;
        full.onTeardown(blind.build());
        assertThat(scrape())
                .contains("aio_context_destroy_duration_seconds_count{aio_trigger=\"destroy\"} 1")
                .doesNotContain("aio_context_destroy_outstanding")
                .doesNotContain("aio_context_drain_duration_seconds");
    }

    @Test
    void countsWrongHandlesByCause() {
        full.onFailedCall(failed(FailedCall.SystemCall.IO_DESTROY, 22));
        assertThat(scrape())
                .contains("aio_context_destroy_duration_seconds_count{aio_destroy_error_cause=\"lost_race\","
                        + "aio_trigger=\"destroy\",error_type=\"EINVAL\"} 1")
                .doesNotContain("aio_destroy_error_cause=\"zero\"");
    }

    @Test
    void countsVerdictsFromTheirFirstObservation() {
        register(Tier.FULL);
        audit.onTeardown(TeardownBuilder.idle().build());
        assertThat(scrape())
                .contains("aio_spec_observations_total{aio_spec_clause=\"R1\",aio_spec_verdict=\"held\"} 1.0")
                .doesNotContain("violated")
                .doesNotContain("aio_spec_clause=\"L2\"");
    }

    @Test
    void countsRepeatedRefusals() {
        full.onFailedCall(failed(FailedCall.SystemCall.IO_SETUP, 11));
        full.onRetry(failed(FailedCall.SystemCall.IO_SETUP, 11));
        assertThat(scrape()).contains("aio_context_setups_total{error_type=\"EAGAIN\"} 2.0");
    }

    @Test
    void linksBucketsToTracesInOpenMetrics() {
        Teardown teardown = TeardownBuilder.busy().build();
        full.onTeardown(teardown);
        full.onTrace(teardown, ROOT);
        full.onTrace(TeardownBuilder.idle().build(), SpanContext.getInvalid());
        assertThat(scrapeOpenMetrics().lines())
                .contains("aio_context_drain_duration_seconds_bucket{aio_trigger=\"destroy\",le=\"4.5\"} 1 #"
                        + " {span_id=\"b7ad6b7169203331\",trace_id=\"0af7651916cd43dd8448eb211c80319c\"} 2.02499"
                        + " 2.025")
                .last()
                .isEqualTo("# EOF");
        // Prometheus 2.42 rejects a scrape with exemplars elsewhere.
        assertThat(scrapeOpenMetrics().lines().filter(line -> line.contains("trace_id")))
                .allMatch(line -> line.contains("_bucket{"));
        assertThat(scrape()).doesNotContain("trace_id");
    }

    @Test
    void showsHoldersAndWaitersOfLatestScan() {
        fill();
        assertThat(scrape().lines())
                .contains(
                        "aio_process_event_usage{process_executable_name=\"mysqld\",systemd_unit_name=\"mysqld.service\"}"
                                + " 100.0")
                .contains("aio_context_active{process_executable_name=\"[init]\"} 1.0")
                .contains("aio_process_event_usage{process_executable_name=\"other\"} 0.0")
                .contains("aio_event_unattributed 15.0")
                .contains("aio_task_uninterruptible_active{aio_trigger=\"destroy\"} 1.0")
                .contains("aio_task_uninterruptible_active{aio_trigger=\"exit\"} 0.0")
                .contains("aio_task_uninterruptible_oldest_age_seconds{aio_trigger=\"destroy\"} 40.0")
                .contains("aioscope_scan_age_seconds 2.0")
                .contains("aio_context_leaked_total{process_executable_name=\"mysqld\"} 1.0");
        assertThat(scrape()).doesNotContain("process_pid");
    }

    @Test
    void limitsSeriesOfTenThousandProcesses() {
        Metrics metrics = new Metrics();
        HolderMetrics byPid = holders(metrics, 0, true);
        List<LiveContext> contexts = new ArrayList<>();
        for (int pid = 2; pid < 10_002; pid++) {
            contexts.add(context("program" + pid, pid, pid));
            TeardownBuilder exit = TeardownBuilder.idle();
            exit.trigger = Trigger.EXIT;
            exit.context =
                    Context.of(pid, pid, pid, 1).withSize(1, 1).withOwner(new Task(pid, pid, "program" + pid, 1, 0));
            byPid.onTeardown(exit.build());
        }
        byPid.onScan(view(contexts));
        try (metrics) {
            String text = metrics.scrape("").body();
            assertThat(text.lines().filter(line -> line.startsWith("aio_process_event_usage{")))
                    .hasSize(21)
                    .allMatch(line -> line.contains("process_pid=\"") || line.contains("\"other\""));
            assertThat(text.lines().filter(line -> line.startsWith("aio_context_active{")))
                    .hasSize(21);
            assertThat(text.lines().filter(line -> line.startsWith("aio_context_leaked_total{")))
                    .hasSize(21)
                    .anyMatch(line -> line.endsWith("{process_executable_name=\"other\"} 9980.0"));
        }
    }

    @Test
    void pushesTheScrapedSeries() {
        export.close();
        export = TraceExport.open(PUSHES);
        fill();
        Teardown teardown = TeardownBuilder.busy().build();
        full.onTrace(teardown, ROOT);
        MetricPush push = new MetricPush();
        assertThat(push.produce(Resource.empty())).isEmpty();
        push.setSource(metrics);
        Collection<MetricData> pushed = push.produce(Resource.empty());
        assertThat(pushed)
                .extracting(MetricData::getName)
                .containsExactlyInAnyOrderElementsOf(
                        Arrays.stream(Metric.values()).map(Metric::otelName).toList());
        MetricData drain = pushed.stream()
                .filter(data -> data.getName().equals("aio.context.drain.duration"))
                .findFirst()
                .orElseThrow();
        assertThat(drain.getUnit()).isEqualTo("s");
        assertThat(drain.getHistogramData().getPoints())
                .filteredOn(point -> point.getCount() > 0)
                .singleElement()
                .satisfies(point -> {
                    assertThat(point.getSum()).isEqualTo(4.07997);
                    assertThat(point.getCounts()).hasSize(point.getBoundaries().size() + 1);
                    assertThat(point.getExemplars())
                            .singleElement()
                            .satisfies(exemplar -> assertThat(
                                            exemplar.getSpanContext().getTraceId())
                                    .isEqualTo(ROOT.getTraceId()));
                });
    }

    /** Scrape and push report the same start, so that a back end sees the first increase and each restart. */
    @Test
    void reportsWhenCountingBegan() {
        long[] clock = {5_250};
        try (Metrics one = new Metrics(() -> clock[0])) {
            new TeardownMetrics(one, Tier.FULL, CLOCK)
                    .onTeardown(TeardownBuilder.busy().build());
            MetricPush push = new MetricPush();
            push.setSource(one);
            clock[0] = 9_000;
            assertThat(one.scrape(OPEN).body())
                    .contains(
                            "aio_context_teardowns_created{aio_teardown_end=\"complete\",aio_trigger=\"destroy\"} 5.250")
                    .contains("aio_context_drain_duration_seconds_created{aio_trigger=\"destroy\"} 5.250");
            assertThat(one.scrape("").body()).doesNotContain("_created");
            assertThat(points(push))
                    .allSatisfy(point -> assertThat(point.getStartEpochNanos()).isEqualTo(5_250_000_000L))
                    .allSatisfy(point -> assertThat(point.getEpochNanos()).isEqualTo(9_000_000_000L));

            clock[0] = 3_000; // The clock was set back.
            assertThat(one.scrape(OPEN).body()).contains("\"} 3.000\n");
            assertThat(points(push))
                    .allSatisfy(point -> assertThat(point.getStartEpochNanos()).isEqualTo(3_000_000_000L))
                    .allSatisfy(point -> assertThat(point.getEpochNanos()).isEqualTo(3_000_000_000L));
        }
    }

    private static List<PointData> points(MetricPush push) {
        List<PointData> points = push.produce(Resource.empty()).stream()
                .<PointData>flatMap(data -> data.getData().getPoints().stream())
                .toList();
        assertThat(points).isNotEmpty();
        return points;
    }

    /** The Collector and Prometheus write a pushed bound as a plain number. */
    @Test
    void writesBoundsAsPushMakesThem() {
        fill();
        for (String text : List.of(scrape(), scrapeOpenMetrics())) {
            Map<String, Set<String>> scraped = new TreeMap<>();
            Matcher bound =
                    Pattern.compile("(?m)^([a-z_]+)_bucket\\{.*le=\"([^\"]+)\"").matcher(text);
            while (bound.find()) {
                scraped.computeIfAbsent(bound.group(1), name -> new TreeSet<>()).add(bound.group(2));
            }
            MetricPush push = new MetricPush();
            push.setSource(metrics);
            Map<String, Set<String>> pushed = new TreeMap<>();
            push.produce(Resource.empty()).stream()
                    .filter(data -> data.getType() == MetricDataType.HISTOGRAM)
                    .forEach(data -> pushed.put(
                            Metric.named(data.getName()).prometheusName(),
                            Stream.concat(
                                            data
                                                    .getHistogramData()
                                                    .getPoints()
                                                    .iterator()
                                                    .next()
                                                    .getBoundaries()
                                                    .stream()
                                                    .map(value -> BigDecimal.valueOf(value)
                                                            .stripTrailingZeros()
                                                            .toPlainString()),
                                            Stream.of("+Inf"))
                                    .collect(Collectors.toCollection(TreeSet::new))));
            assertThat(scraped).hasSizeGreaterThan(10).isEqualTo(pushed);
        }
    }

    @Test
    void omitsNumbersThatAreNotFinite() {
        double[] value = {Double.NaN};
        metrics.gauge(Metric.EVENT_UTILIZATION, Tags.empty(), () -> value[0]);
        assertThat(scrape()).doesNotContain("NaN");
        value[0] = Double.POSITIVE_INFINITY;
        assertThat(scrape()).doesNotContain("aio_event_utilization");
    }

    @Test
    void omitsLossThatKernelNoLongerCounts() {
        Long[] missed = {7L};
        AgentStatistics statistics = new NoWork() {
            @Override
            public Losses losses() {
                return new Losses(0, 0, 0, 0, missed[0]);
            }
        };
        AgentMetrics.register(metrics, new NoProbes(Tier.FULL, POINTS), statistics, export);
        assertThat(scrape()).contains("aioscope_event_lost_total{aioscope_reason=\"missed\"} 7.0");
        missed[0] = null;
        assertThat(scrape()).doesNotContain("\"missed\"").contains("aioscope_reason=\"ring_full\"");
    }

    @Test
    void describesBuildHostAndStart() {
        export.close();
        export = TraceExport.open(Map.of("otel.resource.attributes", "k8s.node.name=node-7,host.name=h"));
        register(Tier.FULL);
        assertThat(scrape())
                .contains("aioscope_build_info{java_version=\""
                        + Runtime.version().toString().replaceFirst("\\+.*", ""))
                .contains(
                        "aioscope_host_info{host_arch=\"",
                        "host_name=\"h\",k8s_node_name=\"node-7\",os_build_id=\"" + System.getProperty("os.version")
                                + "\"} 1.0")
                .containsPattern("process_start_time_seconds 1\\.\\d+E9");
    }

    @Test
    void omitsGaugeWhileItsValueIsUnknown() {
        Long[] age = {null};
        try (Metrics one = new Metrics()) {
            one.gauge(Metric.SCAN_AGE, Tags.empty(), () -> age[0]);
            assertThat(one.scrape("").body()).isEmpty();
            age[0] = 7L;
            assertThat(one.scrape("").body()).contains("aioscope_scan_age_seconds 7.0");
        }
    }
}
