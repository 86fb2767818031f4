package dev.aioscope.inventory;

import dev.aioscope.event.Event;
import dev.aioscope.event.LiveContextEvent;
import dev.aioscope.lifecycle.Context;
import dev.aioscope.probe.ProbeException;
import dev.aioscope.probe.Probes;
import dev.aioscope.probe.Quota;
import dev.aioscope.probe.ScanGaps;
import dev.aioscope.probe.Tier;
import java.math.BigInteger;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The contexts of the host in one scan.
 *
 * @param tier the tier of the scan
 * @param contexts in the order of the scan
 * @param waiting number of threads that wait in io_destroy or in exit_aio: their contexts are no longer in a table
 * @param gaps the processes that the scan could not read
 * @param quota right after the scan
 */
public record Inventory(Tier tier, List<LiveContext> contexts, int waiting, ScanGaps gaps, Quota quota) {

    private record ContextKey(long mm, long handle) {}

    /** Builds an inventory from the records of one scan. */
    public static final class Builder {
        private final Tier tier;
        private final Map<ContextKey, LiveContext> contexts = new LinkedHashMap<>();
        private final Set<Integer> waiting = new HashSet<>();

        /** Starts empty. */
        public Builder(Tier tier) {
            this.tier = tier;
        }

        /** Takes the next record; ignores other types. Keeps no reference to the event. */
        public void accept(Event event) {
            switch (event.type()) {
                case TASK_IN_TEARDOWN -> waiting.add(event.tid());
                case LIVE_CONTEXT -> add(LiveContext.of((LiveContextEvent) event));
                default -> {}
            }
        }

        private void add(LiveContext context) {
            contexts.putIfAbsent(new ContextKey(context.mm(), context.handle()), context);
        }

        /**
         * The inventory.
         *
         * @param gaps the processes that the scan could not read
         * @param quota right after the scan
         * @param known contexts whose setup times may be known
         */
        public Inventory build(ScanGaps gaps, Quota quota, List<Context> known) {
            if (gaps.scope() == ScanGaps.Scope.NOTHING) {
                known.stream().map(LiveContext::of).flatMap(Optional::stream).forEach(this::add);
            }
            for (Context context : known) {
                contexts.computeIfPresent(
                        new ContextKey(context.mm(), context.handle()),
                        (key, found) -> found.withSetupTime(context.setupTime()));
            }
            return new Inventory(tier, List.copyOf(contexts.values()), waiting.size(), gaps, quota);
        }
    }

    /** Copies the contexts. */
    public Inventory {
        contexts = List.copyOf(contexts);
    }

    /**
     * Scans the host now.
     *
     * @throws ProbeException if the kernel does not permit it
     */
    public static Inventory take(Probes probes) {
        Builder builder = new Builder(probes.tier());
        ScanGaps gaps = probes.inventory(builder::accept);
        return builder.build(gaps, probes.quota(), List.of());
    }

    /** The charge of all contexts; null if no charge is readable, as in the tier {@code proc}. */
    public @Nullable Long charge() {
        return contexts.isEmpty() && tier != Tier.PROC ? (Long) 0L : new Holder("", contexts).charge();
    }

    /**
     * The part of fs.aio-nr that no found context charges: contexts of processes inside exit_aio, which are in no table
     * any more but still charge, and changes during the scan. Negative if contexts ended during the scan. Null if
     * fs.aio-nr or the charge is unknown, as for a scan that does not list all processes of the host.
     */
    public @Nullable BigInteger unattributed() {
        Long charge = charge();
        BigInteger used = quota.aioNr();
        return used == null || charge == null || !gaps.isOfHost() ? null : used.subtract(BigInteger.valueOf(charge));
    }
}
