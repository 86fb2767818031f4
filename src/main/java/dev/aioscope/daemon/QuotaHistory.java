package dev.aioscope.daemon;

import dev.aioscope.host.GroupBy;
import dev.aioscope.host.Identities;
import dev.aioscope.host.Identity;
import dev.aioscope.inventory.LiveContext;
import dev.aioscope.inventory.Scan;
import dev.aioscope.kernel.WallClock;
import dev.aioscope.lifecycle.Task;
import dev.aioscope.lifecycle.TeardownInProgress;
import dev.aioscope.output.Json;
import dev.aioscope.probe.Quota;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The quota and its largest holders over the last hour, from the scans that the daemon takes anyway. It takes at most 2 MB.
 * Thread-safe.
 */
public final class QuotaHistory {
    /** Time between two samples. */
    public static final Duration INTERVAL = Duration.ofSeconds(5);

    /** An hour of samples. */
    public static final int SAMPLES = 720;

    /** Holders in a sample, for each way of grouping. */
    static final int LARGEST = 6;

    /** A scan can begin a little early. */
    private static final long TOLERANCE = 500_000_000;

    private final Identities identities;
    private final WallClock clock;
    private final long interval;
    private final Deque<QuotaSample> samples = new ArrayDeque<>();

    /**
     * A process, container, cgroup or user.
     *
     * @param pid of the process; 0 for a group
     * @param start of the process, CLOCK_BOOTTIME ns; 0 if unknown, and for a group
     */
    private record HistoryHolder(GroupBy groupBy, String name, int pid, long start) {
        boolean isProcess() {
            return groupBy == GroupBy.PROCESS;
        }
    }

    private record Share(HistoryHolder holder, long charge) {}

    /** Times are CLOCK_BOOTTIME ns. */
    private record QuotaSample(
            long time,
            Quota quota,
            int contexts,
            @Nullable Long charge,
            int teardowns,
            int stuck,
            List<Share> largest) {}

    private record ProcessOfContext(int pid, long start) {}

    /** The contexts of one process in one scan. */
    private static final class Charges {
        private final LiveContext first;
        private long sum;

        Charges(LiveContext first) {
            this.first = first;
        }
    }

    /**
     * Has no samples yet.
     *
     * @param interval time between two samples
     */
    public QuotaHistory(Identities identities, WallClock clock, Duration interval) {
        this.identities = identities;
        this.clock = clock;
        this.interval = interval.toNanos();
    }

    /** Takes a sample from a scan, unless the last one is too recent. */
    public void accept(Scan scan) {
        if (isDue(scan.time())) {
            add(sample(scan));
        }
    }

    private synchronized boolean isDue(long time) {
        QuotaSample last = samples.peekLast();
        return last == null || time - last.time >= interval - TOLERANCE;
    }

    private synchronized void add(QuotaSample sample) {
        if (samples.size() == SAMPLES) {
            samples.removeFirst();
        }
        samples.addLast(sample);
    }

    private QuotaSample sample(Scan scan) {
        return new QuotaSample(
                scan.time(),
                scan.inventory().quota(),
                scan.inventory().contexts().size(),
                scan.inventory().charge(),
                scan.inProgress().size(),
                (int) scan.inProgress().stream()
                        .filter(TeardownInProgress::isStuck)
                        .count(),
                largest(scan.inventory().contexts()));
    }

    // ---- holders ----

    /** The largest holders for each way of grouping; none without charges. */
    private List<Share> largest(List<LiveContext> contexts) {
        Map<ProcessOfContext, Charges> processes = new HashMap<>();
        for (LiveContext context : contexts) {
            if (context.charge() != null) {
                Task owner = context.owner();
                processes.computeIfAbsent(
                                        new ProcessOfContext(owner.pid(), owner.processStart()),
                                        key -> new Charges(context))
                                .sum +=
                        context.charge();
            }
        }
        Map<GroupBy, Map<HistoryHolder, Long>> all = new LinkedHashMap<>();
        for (GroupBy groupBy : GroupBy.values()) {
            all.put(groupBy, new HashMap<>());
        }
        processes
                .values()
                .forEach(process -> holders(process.first)
                        .forEach(holder -> all.getOrDefault(holder.groupBy, new HashMap<>())
                                .merge(holder, process.sum, Long::sum)));
        Map<HistoryHolder, HistoryHolder> known = lastHolders();
        return all.values().stream()
                .flatMap(charges -> charges.entrySet().stream()
                        .sorted(Map.Entry.<HistoryHolder, Long>comparingByValue(Comparator.reverseOrder()))
                        .limit(LARGEST)
                        .map(entry -> new Share(known.getOrDefault(entry.getKey(), entry.getKey()), entry.getValue())))
                .toList();
    }

    private Stream<HistoryHolder> holders(LiveContext context) {
        Identity identity = identities.of(context.owner(), context.mm());
        String program = identity.executableName();
        String name = program == null ? "[" + context.owner().comm() + "]" : program;
        return Stream.of(GroupBy.values())
                .flatMap(groupBy -> groupBy == GroupBy.PROCESS
                        ? Stream.of(new HistoryHolder(
                                groupBy,
                                name,
                                context.owner().pid(),
                                context.owner().processStart()))
                        : groupBy.nameOf(identity).stream().map(group -> new HistoryHolder(groupBy, group, 0, 0)));
    }

    /** Those of the last sample: most stay, and then all samples share one object. */
    private synchronized Map<HistoryHolder, HistoryHolder> lastHolders() {
        Map<HistoryHolder, HistoryHolder> holders = new HashMap<>();
        QuotaSample last = samples.peekLast();
        if (last != null) {
            last.largest.forEach(share -> holders.put(share.holder, share.holder));
        }
        return holders;
    }

    // ---- JSON ----

    /** One object for each holder, then one for each sample, the oldest first. */
    public Stream<String> json() {
        return json(copy());
    }

    /** The same of the latest sample alone. */
    public Stream<String> jsonOfLatest() {
        List<QuotaSample> all = copy();
        return json(all.subList(Math.max(0, all.size() - 1), all.size()));
    }

    private synchronized List<QuotaSample> copy() {
        return new ArrayList<>(samples);
    }

    private Stream<String> json(List<QuotaSample> all) {
        Map<HistoryHolder, String> keys = new LinkedHashMap<>();
        all.forEach(sample -> sample.largest.forEach(share -> keys.computeIfAbsent(share.holder, QuotaHistory::key)));
        return Stream.concat(
                keys.entrySet().stream().map(entry -> holder(entry.getKey(), entry.getValue())),
                all.stream().map(sample -> sample(sample, keys)));
    }

    /** The same in each answer. */
    private static String key(HistoryHolder holder) {
        return holder.groupBy + ":" + (holder.isProcess() ? holder.pid + ":" + holder.start : holder.name);
    }

    private String holder(HistoryHolder holder, String key) {
        return Json.line(
                "history_holder",
                json -> json.put("key", key)
                        .put("group_by", holder.groupBy.toString())
                        .put("name", holder.name)
                        .put("pid", holder.isProcess() ? (Integer) holder.pid : null)
                        .put("start_time", holder.start == 0 ? null : (Long) clock.epochNanos(holder.start)));
    }

    private String sample(QuotaSample sample, Map<HistoryHolder, String> keys) {
        return Json.line(
                "history_sample",
                json -> json.put("time", clock.epochNanos(sample.time))
                        .put("aio_nr", sample.quota.aioNr())
                        .put("aio_max_nr", sample.quota.aioMaxNr())
                        .put("contexts", sample.contexts)
                        .put("charge", sample.charge)
                        .put("teardowns", sample.teardowns)
                        .put("stuck", sample.stuck)
                        .array(
                                "largest_holders",
                                sample.largest,
                                (inner, share) ->
                                        inner.put("key", keys.get(share.holder)).put("charge", share.charge)));
    }
}
