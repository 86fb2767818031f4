package dev.aioscope.inventory;

import dev.aioscope.event.Event;
import dev.aioscope.lifecycle.Context;
import dev.aioscope.probe.ProbeException;
import dev.aioscope.probe.Probes;
import dev.aioscope.probe.Quota;
import dev.aioscope.probe.ScanGaps;
import dev.aioscope.probe.Tier;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Who held what at one look.
 *
 * @param tier what the look could see
 * @param contexts in the order in which they were found
 * @param waiting threads that sat in io_destroy or in exit_aio: their contexts are in no table any more
 * @param unseen the processes that could not be looked at
 * @param aioNr fs.aio-nr right after the look; null on a kernel that does not tell
 * @param aioMaxNr fs.aio-max-nr
 */
public record Inventory(
        Tier tier,
        List<LiveContext> contexts,
        int waiting,
        ScanGaps unseen,
        @Nullable Long aioNr,
        @Nullable Long aioMaxNr) {

    private record Place(long mm, long handle) {}

    /** Puts a snapshot together from the records of one look. */
    public static final class Builder {
        private final Tier tier;
        private final Map<Place, LiveContext> contexts = new LinkedHashMap<>();
        private final Set<Integer> waiting = new HashSet<>();

        /** Begins with nothing found by this tier. */
        public Builder(Tier tier) {
            this.tier = tier;
        }

        /** Takes the next record of the inventory; others are of no interest. Nothing of the event is kept. */
        public void accept(Event event) {
            switch (event.type()) {
                case TASK_IN_TEARDOWN -> waiting.add(event.tid());
                case LIVE_CONTEXT -> contexts.putIfAbsent(new Place(event.mm(), event.handle()), LiveContext.of(event));
                default -> {}
            }
        }

        /**
         * The snapshot.
         *
         * @param unseen the processes that could not be looked at
         * @param quota right after the look
         * @param known contexts of which more may be known: when they were set up
         */
        public Inventory build(ScanGaps unseen, Quota quota, List<Context> known) {
            for (Context context : known) {
                contexts.computeIfPresent(
                        new Place(context.mm(), context.handle()),
                        (place, found) -> found.withSetupTime(context.setupTime()));
            }
            return new Inventory(
                    tier, List.copyOf(contexts.values()), waiting.size(), unseen, quota.aioNr(), quota.aioMaxNr());
        }
    }

    /** Copies the contexts. */
    public Inventory {
        contexts = List.copyOf(contexts);
    }

    /**
     * Looks at the host now.
     *
     * @throws ProbeException if the kernel does not let it
     */
    public static Inventory take(Probes probes) {
        Builder builder = new Builder(probes.tier());
        ScanGaps unseen = probes.inventory(builder::accept);
        return builder.build(unseen, probes.quota(), List.of());
    }

    /** What all contexts that were found charge; null if that could be read of none, as in the tier {@code proc}. */
    public @Nullable Long charge() {
        return contexts.isEmpty() && tier != Tier.PROC ? (Long) 0L : new Holder("", contexts).charge();
    }

    /**
     * What of fs.aio-nr no context accounts for: processes inside exit_aio, whose contexts are in no table any more but
     * still charge, and what came and went during the look; below 0 if more contexts were found than are charged now.
     * Null if fs.aio-nr or the charge is not known.
     */
    public @Nullable Long unattributed() {
        Long charge = charge();
        return aioNr == null || charge == null ? null : (Long) (aioNr - charge);
    }

    /** What is left of the quota; below 0 if the limit was lowered since. Null if it is not known. */
    public @Nullable Long headroom() {
        return aioNr == null || aioMaxNr == null ? null : (Long) (aioMaxNr - aioNr);
    }
}
