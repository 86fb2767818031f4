package dev.aioscope.inventory;

import dev.aioscope.event.EventType;
import dev.aioscope.kernel.Host;
import dev.aioscope.probe.ProbeException;
import dev.aioscope.probe.Probes;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Who held what at one look.
 *
 * @param contexts in the order in which they were found
 * @param waiting threads that sat in io_destroy or in exit_aio: their contexts are in no table any more
 * @param aioNr fs.aio-nr right after the look; null on a kernel that does not tell
 * @param aioMaxNr fs.aio-max-nr
 */
public record Snapshot(
        List<LiveContext> contexts,
        int waiting,
        @Nullable Long aioNr,
        @Nullable Long aioMaxNr) {

    private record Place(long mm, long handle) {}

    /** Copies the contexts. */
    public Snapshot {
        contexts = List.copyOf(contexts);
    }

    /**
     * Looks at the host now.
     *
     * @throws ProbeException if the kernel does not let it
     */
    public static Snapshot take(Probes probes) {
        List<LiveContext> contexts = new ArrayList<>();
        Set<Place> places = new HashSet<>();
        Set<Integer> waiting = new HashSet<>();
        probes.inventory(event -> {
            if (event.type() == EventType.TASK_IN_TEARDOWN) {
                waiting.add(event.tid());
            } else if (places.add(new Place(event.mm(), event.handle()))) {
                contexts.add(LiveContext.of(event));
            }
        });
        return new Snapshot(
                contexts,
                waiting.size(),
                Host.aioNr().orElse(null),
                Host.aioMaxNr().orElse(null));
    }

    /** What all contexts that were found charge. */
    public long charge() {
        return new Holder("", contexts).charge();
    }

    /**
     * What of fs.aio-nr no context accounts for: processes inside exit_aio, whose contexts are in no table any more but
     * still charge, and what came and went during the look; below 0 if more contexts were found than are charged now.
     * Null if fs.aio-nr is not known.
     */
    public @Nullable Long unattributed() {
        return aioNr == null ? null : (Long) (aioNr - charge());
    }

    /** What is left of the quota; below 0 if the limit was lowered since. Null if it is not known. */
    public @Nullable Long headroom() {
        return aioNr == null || aioMaxNr == null ? null : (Long) (aioMaxNr - aioNr);
    }
}
