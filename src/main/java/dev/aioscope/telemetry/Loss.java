package dev.aioscope.telemetry;

import java.util.Locale;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** A way in which the agent can lose events, with a hint. */
public enum Loss {
    RING_FULL(agent -> agent.losses().ringFull(), "raise ring-size, or give the agent more CPU time"),
    MAP_FULL(agent -> agent.losses().mapFull(), "raise max-in-progress"),
    IDENTITY(agent -> agent.losses().identity(), "raise ring-size, or give the agent more CPU time"),
    CORRUPT(agent -> agent.losses().corrupt(), "report a bug in aioscope"),
    /** The kernel skips a probe now and then; no setting prevents it. */
    MISSED(agent -> agent.losses().missed(), ""),
    EVICTED_CONTEXTS(agent -> agent.counters().evictedContexts(), "raise max-contexts"),
    EVICTED_TEARDOWNS(agent -> agent.counters().evictedTeardowns(), "raise max-teardowns"),
    EVICTED_CALLS(agent -> agent.counters().evictedCalls(), "raise max-calls"),
    QUEUE_FULL(AgentStatistics::dropped, "raise max-queued-events"),
    UNRECORDED(AgentStatistics::unrecorded, "check that the disk of recorder-directory has space and is fast enough");

    @SuppressWarnings("ImmutableEnumChecker") // None of them has a state.
    private final Function<AgentStatistics, @Nullable Long> count;

    private final String hint;

    Loss(Function<AgentStatistics, @Nullable Long> count, String hint) {
        this.count = count;
        this.hint = hint;
    }

    /** The reason, as in metrics. */
    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** The number of lost events; null where nothing counts them. */
    public @Nullable Long of(AgentStatistics agent) {
        return count.apply(agent);
    }

    /** What to do; empty if nothing helps. */
    public String hint() {
        return hint;
    }
}
