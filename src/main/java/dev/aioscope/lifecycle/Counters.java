package dev.aioscope.lifecycle;

/**
 * What a {@link Lifecycle} could not keep or use since it began.
 *
 * @param evictedContexts live contexts forgotten for want of room; their end makes them known again
 * @param evictedTeardowns teardowns reported early for want of room
 * @param evictedCalls calls forgotten for want of room; their returns are orphans
 * @param orphanEvents records that belong to nothing known: mostly what was left of a teardown whose beginning was lost
 */
public record Counters(long evictedContexts, long evictedTeardowns, long evictedCalls, long orphanEvents) {}
