package dev.aioscope.telemetry;

import dev.aioscope.lifecycle.Counters;
import dev.aioscope.probe.Losses;
import org.jspecify.annotations.Nullable;

/** What the agent has done since its start. All methods are cheap and callable from any thread. */
public interface AgentStatistics {
    /** Records read. */
    long events();

    /** Losses of the probes. */
    Losses losses();

    /** Evictions and orphans of the correlation. */
    Counters counters();

    /** Events that a full queue of a listener dropped. */
    long dropped();

    /** Processes that could not be identified. */
    long unidentified();

    /** How often the helper that identifies processes did not start or did not answer. */
    long helperFailures();

    /** Attach points whose probes do not fire; null if nothing tests them. */
    @Nullable Long silent();

    /** Events that the flight recorder dropped; null without a recorder. */
    @Nullable Long unrecorded();

    /** Snapshots that the flight recorder kept; null without a recorder. */
    @Nullable Long snapshots();
}
