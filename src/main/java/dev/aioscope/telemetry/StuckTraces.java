package dev.aioscope.telemetry;

import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanContext;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** The traces of teardowns that are stuck, begun before the teardowns end, for a limited number of teardowns. */
final class StuckTraces {
    /** Limit for the late completions of one teardown. */
    static final int MAX_STRAGGLERS = 16;

    private static final int MAX_TEARDOWNS = 1024;

    /** By the generations of the contexts. */
    private final Map<Long, StuckTrace> byGeneration = new LinkedHashMap<>();

    /** The trace of one teardown. */
    static final class StuckTrace {
        private final @Nullable Span root;
        private final long offset;
        private Attributes whenFound = Attributes.empty();
        private Attributes latestStraggler = Attributes.empty();
        private @Nullable Long stragglers;
        private boolean isReported;

        /**
         * Begins a trace.
         *
         * @param root null if the begin of the teardown is unknown
         * @param offset from CLOCK_BOOTTIME to the epoch in ns
         */
        StuckTrace(@Nullable Span root, long offset) {
            this.root = root;
            this.offset = offset;
        }

        @Nullable Span root() {
            return root;
        }

        SpanContext context() {
            return root == null ? SpanContext.getInvalid() : root.getSpanContext();
        }

        long offset() {
            return offset;
        }

        void report(Attributes attributes) {
            isReported = true;
            whenFound = attributes;
        }

        /** Whether the teardown was reported as stuck. */
        boolean isReported() {
            return isReported;
        }

        /** Counts a late completion; returns whether it is within the limit. */
        boolean count(Attributes straggler) {
            latestStraggler = straggler;
            stragglers = stragglers == null ? 1 : stragglers + 1;
            return stragglers <= MAX_STRAGGLERS;
        }

        /** The number of late completions; null if none was observed. */
        @Nullable Long stragglers() {
            return stragglers;
        }

        /** What the teardown waited for when it was found stuck, and its latest late completion. */
        Attributes story() {
            return whenFound.toBuilder().putAll(latestStraggler).build();
        }
    }

    StuckTrace of(long generation, Supplier<StuckTrace> begin) {
        StuckTrace trace = byGeneration.computeIfAbsent(generation, key -> begin.get());
        TeardownSpans.limit(byGeneration, MAX_TEARDOWNS);
        return trace;
    }

    /** Removes and returns the trace of a teardown; null if there is none. */
    @Nullable StuckTrace remove(long generation) {
        return byGeneration.remove(generation);
    }
}
