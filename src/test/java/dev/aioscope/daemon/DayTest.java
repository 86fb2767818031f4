package dev.aioscope.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aioscope.audit.Audit;
import dev.aioscope.event.Event;
import dev.aioscope.event.EventBuilder;
import dev.aioscope.event.Repeatable;
import dev.aioscope.host.Processes;
import dev.aioscope.inventory.Inventory;
import dev.aioscope.inventory.Scan;
import dev.aioscope.kernel.WallClock;
import dev.aioscope.lifecycle.ForwardingListener;
import dev.aioscope.lifecycle.Lifecycle;
import dev.aioscope.lifecycle.Limits;
import dev.aioscope.probe.Quota;
import dev.aioscope.probe.ScanGaps;
import dev.aioscope.probe.Tier;
import dev.aioscope.telemetry.HolderMetrics;
import dev.aioscope.telemetry.Metrics;
import dev.aioscope.telemetry.SamplingPolicy;
import dev.aioscope.telemetry.SpecMetrics;
import dev.aioscope.telemetry.TeardownMetrics;
import dev.aioscope.telemetry.TeardownSpans;
import io.opentelemetry.api.logs.LoggerProvider;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.regex.Pattern;
import javax.management.ObjectName;
import org.junit.jupiter.api.Test;

/**
 * Replays a day of recorded kernel events: the recorded processes repeat under other names, beside some that live for a
 * while and then vanish. The agent does not grow after the first hours.
 */
class DayTest {
    private static final long SECOND = 1_000_000_000L;
    private static final int HOURS = 24;
    /** After this many hours every bounded table is full. */
    private static final int WARM = 4;
    /** Repetitions of the recording, which lasts 4 s. */
    private static final int ROUNDS_PER_HOUR = 360;

    private static final long ROUND = 3600 * SECOND / ROUNDS_PER_HOUR;
    private static final int STAYING = 60;
    /** No process of this host has such an id, so the test reads nothing from /proc. */
    private static final int PIDS = 10_000_000;

    private static final int PIDS_PER_ROUND = 1000;

    private final Random random = new Random(1);
    private final WallClock clock = new WallClock(() -> 0, () -> Instant.EPOCH);
    private final Processes processes = Processes.ofThisHost(false, Processes.DEFAULT_CAPACITY);
    private final Metrics metrics = new Metrics();
    private final TeardownMetrics counts = new TeardownMetrics(metrics, Tier.FULL, clock);
    private final HolderMetrics holders = new HolderMetrics(metrics, processes, () -> 0, 20, false);
    private final RecentEvents recent = new RecentEvents(100, 100);
    private final Audit audit = new Audit(Tier.FULL, false);
    private final List<Staying> staying = new ArrayList<>();
    private int started;

    /** A process with one context, whose setup no record shows. */
    private record Staying(int pid, String comm, int charge) {
        Event found(long time) {
            ByteBuffer record = EventBuilder.liveContext()
                    .kioctx(0xffff_8881_0000_0000L + 1024L * (pid % 100_000))
                    .mm(0xffff_8882_0000_0000L + 1024L * (pid % 100_000))
                    .task(pid, pid, comm)
                    .time(time)
                    .handle(0x7f00_0000_0000L)
                    .size(charge, 2 * charge)
                    .build();
            return Event.of(record, 0, record.capacity());
        }
    }

    private Staying start() {
        int number = started++;
        return new Staying(
                2 * PIDS + number, "server" + random.nextInt(2000), 1 + random.nextInt(10) * random.nextInt(100));
    }

    /**
     * The live heap after a full garbage collection: bytes, objects of aioscope, entries of maps. Excludes the arrays of
     * int and filler objects with which the collector fills gaps.
     */
    private record Heap(long bytes, long ours, long entries) {
        private static final Pattern LINE = Pattern.compile("(?m)^ *\\d+: +(\\d+) +(\\d+) +([^ \\n]+)");

        static Heap now() throws Exception {
            String histogram = (String) ManagementFactory.getPlatformMBeanServer()
                    .invoke(
                            new ObjectName("com.sun.management:type=DiagnosticCommand"),
                            "gcClassHistogram",
                            new Object[] {new String[0]},
                            new String[] {String[].class.getName()});
            long[] sums = new long[3];
            LINE.matcher(histogram).results().forEach(found -> {
                long objects = Long.parseLong(found.group(1));
                String type = found.group(3);
                if (!type.equals("[I") && !type.startsWith("jdk.internal.vm.Filler")) {
                    sums[0] += Long.parseLong(found.group(2));
                }
                sums[1] += type.startsWith("dev.aioscope.") ? objects : 0;
                sums[2] += type.matches(".*Map\\$(Node|Entry|TreeNode)") ? objects : 0;
            });
            return new Heap(sums[0], sums[1], sums[2]);
        }
    }

    @Test
    void keepsMemoryAndSeriesConstantOverADay() throws Exception {
        Repeatable recording = Repeatable.read(Path.of("src/test/resources/recorded/6.1.aioscope"));
        SpecMetrics.register(metrics, audit);
        try (processes;
                metrics;
                SdkTracerProvider spans = SdkTracerProvider.builder().build()) {
            Lifecycle lifecycle = new Lifecycle(
                    ForwardingListener.to(
                            counts,
                            recent,
                            audit,
                            new TeardownSpans(
                                    spans.get("day"),
                                    LoggerProvider.noop().get("test"),
                                    clock,
                                    new SamplingPolicy(TeardownSpans.SLOW, 1),
                                    processes,
                                    numbers -> Optional.empty(),
                                    counts::onTrace),
                            holders),
                    Tier.FULL,
                    Limits.DEFAULT);
            Heap warm = null;
            for (int hour = 1; hour <= HOURS; hour++) {
                for (int round = (hour - 1) * ROUNDS_PER_HOUR; round < hour * ROUNDS_PER_HOUR; round++) {
                    live(recording, lifecycle, round);
                    if (round % 6 == 0) {
                        metrics.scrape(""); // once a minute
                    }
                }
                assertBounded(metrics.scrape("").body(), hour);
                Heap heap = Heap.now();
                warm = hour == WARM ? heap : warm;
                assertThat(heap.ours).isGreaterThan(STAYING);
                if (warm != null) {
                    assertThat(heap.bytes).as("bytes").isLessThan(warm.bytes + (1 << 20));
                    assertThat(heap.ours).as("objects of aioscope").isLessThan(warm.ours + 1000);
                    assertThat(heap.entries).as("entries of maps").isLessThan(warm.entries + 1000);
                }
            }
            assertThat(lifecycle.counters().evictedTeardowns()).isZero();
        }
    }

    /** Replays one round, with a scan in its middle and one after it. */
    private void live(Repeatable recording, Lifecycle lifecycle, int round) {
        long begin = recording.events().get(0).time() + round * ROUND;
        long middle = begin + ROUND / 5;
        boolean hasScanned = false;
        for (Event event :
                recording.again(round * ROUND, PIDS + round * PIDS_PER_ROUND, "program" + random.nextInt(1000))) {
            if (event.time() > middle && !hasScanned) {
                scan(lifecycle, middle);
                hasScanned = true;
            }
            lifecycle.accept(event);
        }
        scan(lifecycle, begin + ROUND / 2);
        lifecycle.advance(begin + ROUND / 2);
    }

    private void scan(Lifecycle lifecycle, long time) {
        while (staying.size() < STAYING) {
            staying.add(start());
        }
        staying.set(random.nextInt(STAYING), start());
        Inventory.Builder snapshot = new Inventory.Builder(Tier.FULL);
        lifecycle.beginScan(time);
        for (Staying process : staying) {
            Event found = process.found(time);
            lifecycle.accept(found);
            snapshot.accept(found);
        }
        lifecycle.endScan();
        holders.onScan(new Scan(
                time,
                snapshot.build(ScanGaps.NONE, new Quota(time, null, null), lifecycle.liveContexts()),
                lifecycle.teardownsInProgress()));
    }

    private void assertBounded(String scraped, int hour) {
        assertThat(scraped.lines().filter(line -> line.startsWith("aio_process_event_usage{")))
                .hasSize(21);
        assertThat(scraped.lines().filter(line -> line.startsWith("aio_context_active{")))
                .hasSize(21);
        assertThat(scraped.lines().filter(line -> line.startsWith("aio_context_leaked_total{")))
                .hasSizeLessThanOrEqualTo(21);
        // Each round has nine teardowns, and one process vanishes at each scan.
        assertThat(sum(scraped, "aio_context_teardowns_total"))
                .isGreaterThan(9.0 * ROUNDS_PER_HOUR * hour)
                .isLessThan(11.0 * ROUNDS_PER_HOUR * hour + 1);
        assertThat(sum(scraped, "aio_context_setups_total")).isGreaterThanOrEqualTo(8.0 * ROUNDS_PER_HOUR * hour);
    }

    private static double sum(String scraped, String metric) {
        return scraped.lines()
                .filter(line -> line.startsWith(metric))
                .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' '))))
                .sum();
    }
}
