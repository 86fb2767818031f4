package dev.aioscope.telemetry;

import dev.aioscope.telemetry.AgentMetrics.Work;
import java.util.Locale;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** The ways in which the agent can lose something of what happens, each with its hint. */
public enum Loss {
    RING_FULL(work -> work.losses().ringFull(), "raise ring-size, or see what keeps the agent from the processor"),
    MAP_FULL(work -> work.losses().mapFull(), "raise max-in-progress"),
    CORRUPT(work -> work.losses().corrupt(), "report a defect of aioscope"),
    /** The kernel has its reasons, and nothing can be done. */
    MISSED(work -> work.losses().missed(), ""),
    EVICTED_CONTEXTS(work -> work.counters().evictedContexts(), "raise max-contexts"),
    EVICTED_TEARDOWNS(work -> work.counters().evictedTeardowns(), "raise max-teardowns"),
    EVICTED_CALLS(work -> work.counters().evictedCalls(), "raise max-calls"),
    QUEUE_FULL(Work::dropped, "raise max-queued-events"),
    UNRECORDED(Work::unrecorded, "see that the disk of recorder-directory has room and is fast enough");

    @SuppressWarnings("ImmutableEnumChecker") // None of them has a state.
    private final Function<Work, @Nullable Long> count;

    private final String hint;

    Loss(Function<Work, @Nullable Long> count, String hint) {
        this.count = count;
        this.hint = hint;
    }

    /** The reason as metrics have it. */
    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** How much was lost so; null where nobody counts it. */
    public @Nullable Long of(Work work) {
        return count.apply(work);
    }

    /** Which setting helps; empty if nothing does. */
    public String hint() {
        return hint;
    }
}
