package dev.aioscope.output;

import dev.aioscope.agent.DutyCycle.Stats;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What {@code trace} has told, and what it could not.
 *
 * @param teardowns lines about teardowns
 * @param refusals lines about an io_setup that the quota refused
 * @param failedCalls lines about other calls that failed
 * @param retries refusals that were counted only, since they repeat one that was told
 * @param outcomes lines about what became of a refusal
 * @param dropped lines that were not printed because the output took them too slowly
 * @param unidentified how often a process was to be looked at and was not: it had ended, or there were too many
 * @param stats of the watch
 */
public record TraceSummary(
        long teardowns,
        long refusals,
        long failedCalls,
        long retries,
        long outcomes,
        long dropped,
        long unidentified,
        Stats stats) {

    /** How much was lost, by reason; the names are those of the JSON. Null where it is not counted. */
    Map<String, @Nullable Long> lost() {
        Map<String, @Nullable Long> lost = new LinkedHashMap<>();
        lost.put("ring_full", stats.losses().ringFull());
        lost.put("map_full", stats.losses().mapFull());
        lost.put("corrupt", stats.losses().corrupt());
        lost.put("missed", stats.losses().missed());
        lost.put("evicted_contexts", stats.counters().evictedContexts());
        lost.put("evicted_teardowns", stats.counters().evictedTeardowns());
        lost.put("evicted_calls", stats.counters().evictedCalls());
        lost.put("output_slow", dropped);
        return lost;
    }

    /** For people: a second line only if something was lost. */
    public String text() {
        String told = counted(teardowns, "teardown", "teardowns") + ", " + counted(refusals, "refusal", "refusals")
                + (retries == 0 ? "" : " and " + counted(retries, "retry", "retries"))
                + ", " + counted(failedCalls, "other failed call", "other failed calls")
                + (unidentified == 0
                        ? ""
                        : "; " + counted(unidentified, "process", "processes")
                                + " not looked at: ended at once, or too many");
        String lost = lostText();
        return lost.isEmpty() ? told : told + System.lineSeparator() + lost;
    }

    /** What was lost, for people; empty if nothing was. */
    public String lostText() {
        String lost = lost().entrySet().stream()
                .filter(reason -> reason.getValue() != null && reason.getValue() > 0)
                .map(reason -> reason.getValue() + " " + describe(reason.getKey()))
                .collect(Collectors.joining("; "));
        return lost.isEmpty() ? "" : "LOST, so the above is not all: " + lost;
    }

    private static String counted(long count, String one, String more) {
        return count + " " + (count == 1 ? one : more);
    }

    private static String describe(String reason) {
        return switch (reason) {
            case "ring_full" -> "events because the ring buffer was full";
            case "map_full" -> "calls because their entry could not be remembered";
            case "corrupt" -> "events that were not what the probes send";
            case "missed" -> "times a probe because another one ran on its CPU";
            case "evicted_contexts" -> "contexts forgotten for want of room";
            case "evicted_teardowns" -> "teardowns told early for want of room";
            case "evicted_calls" -> "calls forgotten for want of room";
            default -> "lines because the output took them too slowly";
        };
    }
}
