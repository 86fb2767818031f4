package dev.aioscope.telemetry;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Keeps the events of stuck teardowns until their spans exist, for a limited number of teardowns. */
final class StuckEvents {
    /** Limit for the late completions of one teardown. */
    static final int MAX_STRAGGLERS = 16;

    private static final int MAX_TEARDOWNS = 1024;

    /** By the generations of the contexts. */
    private final Map<Long, Kept> byGeneration = new LinkedHashMap<>();

    /** The events of one teardown. */
    static final class Kept {
        private final List<SpanEvent> events = new ArrayList<>();
        private @Nullable Long stragglers;

        List<SpanEvent> events() {
            return events;
        }

        /** The number of late completions; null if none was observed. */
        @Nullable Long stragglers() {
            return stragglers;
        }
    }

    void add(long generation, SpanEvent event) {
        of(generation).events.add(event);
    }

    /** Counts a late completion, and keeps it unless the limit is reached. */
    void addStraggler(long generation, SpanEvent event) {
        Kept kept = of(generation);
        long before = kept.stragglers == null ? 0 : kept.stragglers;
        kept.stragglers = before + 1;
        if (before < MAX_STRAGGLERS) {
            kept.events.add(event);
        }
    }

    private Kept of(long generation) {
        Kept kept = byGeneration.computeIfAbsent(generation, key -> new Kept());
        TeardownSpans.limit(byGeneration, MAX_TEARDOWNS);
        return kept;
    }

    /** Removes and returns the events of a teardown; null if there are none. */
    @Nullable Kept remove(long generation) {
        return byGeneration.remove(generation);
    }
}
