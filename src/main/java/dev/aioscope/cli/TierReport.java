package dev.aioscope.cli;

import dev.aioscope.agent.ProbeChoice.Opened;
import dev.aioscope.agent.ProbeChoice.Refused;
import dev.aioscope.probe.ProbePoint;
import dev.aioscope.probe.Tier;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** Says which tier a command looks through, what that costs, and why it is not a better one. */
final class TierReport {
    /** Measured with getppid in a loop on two cores. */
    static final String SYSCALL_COST =
            "every system call of every process is slower while it is on (143 -> 218 ns, measured on 2 cores)";

    private TierReport() {}

    /** Lines for people. */
    static List<String> of(Opened opened, Duration interval) {
        Tier tier = opened.probes().tier();
        List<String> lines = new ArrayList<>();
        lines.add("Tier " + tier.label() + ", engine " + opened.probes().engine() + ", probes: "
                + modes(opened.probes().points()));
        switch (tier) {
            case FULL -> {}
            case SYSCALL -> lines.add("  Cost: " + SYSCALL_COST);
            case SAMPLE ->
                lines.add("  One look every " + Units.duration(interval.toNanos())
                        + ": a teardown that begins and ends between two looks shows only as a context that vanished");
        }
        for (Refused refused : opened.refused()) {
            lines.add("  Not " + what(refused, opened) + ": " + refused.reason());
            lines.add("    Cure: " + refused.cure());
        }
        return lines;
    }

    /** How many probes are attached in each mode. */
    static String modes(List<ProbePoint> points) {
        Map<String, Long> counts = points.stream()
                .map(ProbePoint::mode)
                .filter(Objects::nonNull)
                .collect(Collectors.groupingBy(
                        mode -> Objects.requireNonNull(mode).label(), TreeMap::new, Collectors.counting()));
        long missing = points.stream().filter(point -> point.mode() == null).count();
        String attached = counts.entrySet().stream()
                .map(entry -> entry.getValue() + " " + entry.getKey())
                .collect(Collectors.joining(", "));
        return missing == 0 ? attached : attached + ", " + missing + " not attached";
    }

    /** What could not be had: the tier, or only the engine for it. */
    static String what(Refused refused, Opened opened) {
        return refused.tier() == opened.probes().tier()
                ? "the engine " + refused.engine()
                : refused.tier().label();
    }
}
