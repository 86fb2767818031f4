package dev.aioscope.lifecycle;

/**
 * What a {@link Lifecycle} has lost since its start.
 *
 * @param evictedContexts live contexts dropped at the limit; their teardowns make them known again
 * @param evictedTeardowns teardowns reported early at the limit
 * @param evictedCalls calls dropped at the limit; their returns are orphans
 * @param orphanEvents records without a known context: usually the rest of a teardown whose beginning is lost
 */
public record Counters(long evictedContexts, long evictedTeardowns, long evictedCalls, long orphanEvents) {}
