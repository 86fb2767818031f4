package dev.aioscope.output;

import dev.aioscope.agent.DutyCycle.Stats;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The counts of a {@code trace}.
 *
 * @param teardowns printed teardowns
 * @param refusals printed refusals
 * @param failedCalls printed other failed calls
 * @param retries refusals that were only counted because they repeat a printed one
 * @param outcomes printed refusal outcomes
 * @param dropped lines not printed because the output was too slow
 * @param withheld events not selected because the name or executable of their process is unknown
 * @param unidentified processes that could not be identified
 * @param stats of the duty cycle
 */
public record TraceSummary(
        long teardowns,
        long refusals,
        long failedCalls,
        long retries,
        long outcomes,
        long dropped,
        long withheld,
        long unidentified,
        Stats stats) {

    /** The number of losses by reason, with the names of the JSON; null if not counted. */
    Map<String, @Nullable Long> lost() {
        Map<String, @Nullable Long> lost = new LinkedHashMap<>();
        lost.put("ring_full", stats.losses().ringFull());
        lost.put("map_full", stats.losses().mapFull());
        lost.put("identity", stats.losses().identity());
        lost.put("corrupt", stats.losses().corrupt());
        lost.put("missed", stats.losses().missed());
        lost.put("evicted_contexts", stats.counters().evictedContexts());
        lost.put("evicted_teardowns", stats.counters().evictedTeardowns());
        lost.put("evicted_calls", stats.counters().evictedCalls());
        lost.put("output_slow", dropped);
        lost.put("process_unknown", withheld);
        return lost;
    }

    /** One line for people, and a second line if something was lost. */
    public String text() {
        String counts = counted(teardowns, "teardown", "teardowns") + ", " + counted(refusals, "refusal", "refusals")
                + (retries == 0 ? "" : " and " + counted(retries, "retry", "retries"))
                + ", " + counted(failedCalls, "other failed call", "other failed calls")
                + (unidentified == 0
                        ? ""
                        : "; " + counted(unidentified, "process", "processes")
                                + " not identified (exited, or too many at once)");
        String lost = lostText();
        return lost.isEmpty() ? counts : counts + System.lineSeparator() + lost;
    }

    /** The losses for people; empty if there were none. */
    public String lostText() {
        String lost = lost().entrySet().stream()
                .filter(reason -> reason.getValue() != null && reason.getValue() > 0)
                .map(reason -> reason.getValue() + " " + describe(reason.getKey()))
                .collect(Collectors.joining("; "));
        return lost.isEmpty() ? "" : "LOST, the output is incomplete: " + lost;
    }

    private static String counted(long count, String one, String more) {
        return count + " " + (count == 1 ? one : more);
    }

    private static String describe(String reason) {
        return switch (reason) {
            case "ring_full" -> "events (ring buffer full)";
            case "map_full" -> "calls (map of pending calls full)";
            case "identity" -> "identities of processes (ring buffer full)";
            case "corrupt" -> "malformed events";
            case "missed" -> "probe runs (another probe was running on the CPU)";
            case "evicted_contexts" -> "contexts evicted (too many tracked)";
            case "evicted_teardowns" -> "teardowns reported early (too many tracked)";
            case "evicted_calls" -> "calls evicted (too many tracked)";
            case "process_unknown" -> "events not selected by --comm or --exe (process unknown)";
            default -> "lines not printed (output too slow)";
        };
    }
}
