package dev.aioscope.telemetry;

import dev.aioscope.lifecycle.Counters;
import dev.aioscope.probe.Losses;
import org.jspecify.annotations.Nullable;

/** Statistics of a daemon that has done nothing. */
public class NoWork implements AgentStatistics {
    @Override
    public long events() {
        return 0;
    }

    @Override
    public Losses losses() {
        return new Losses(0, 0, 0, 0, 0L);
    }

    @Override
    public Counters counters() {
        return new Counters(0, 0, 0, 0);
    }

    @Override
    public long dropped() {
        return 0;
    }

    @Override
    public long unidentified() {
        return 0;
    }

    @Override
    public long helperFailures() {
        return 0;
    }

    @Override
    public @Nullable Long silent() {
        return 0L;
    }

    @Override
    public @Nullable Long unrecorded() {
        return 0L;
    }

    @Override
    public @Nullable Long snapshots() {
        return 0L;
    }
}
