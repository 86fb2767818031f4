package dev.aioscope.output;

import dev.aioscope.agent.ProbeSelector.SelectedProbes;
import dev.aioscope.agent.ProbeSelector.UnavailableTier;
import dev.aioscope.kernel.Host;
import dev.aioscope.kernel.Host.Capability;
import dev.aioscope.kernel.Units;
import dev.aioscope.probe.AttachPoint;
import dev.aioscope.probe.Probes;
import dev.aioscope.probe.Tier;
import dev.aioscope.probe.bpf.ProbeSettings;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** Says which tier a command looks through, what that costs, and why it is not a better one. */
public final class TierReport {
    /** Measured with getppid in a loop on two cores. */
    static final String SYSCALL_COST =
            "every system call of every process is slower while it is on (143 -> 218 ns, measured on 2 cores)";

    /** What the tier {@code proc} does not see, for people. */
    static final String PROC_GAPS = "The tier proc sees neither charges nor requests outstanding; the size of a ring is"
            + " more than its charge";

    private TierReport() {}

    /** Lines for people. */
    public static List<String> of(SelectedProbes opened, Duration interval) {
        Tier tier = opened.probes().tier();
        List<String> lines = new ArrayList<>();
        lines.add("Tier " + tier.label() + ", engine " + opened.probes().engine() + ", probes: "
                + modes(opened.probes()));
        if (tier == Tier.SYSCALL) {
            lines.add("  Cost: " + SYSCALL_COST);
        }
        if (tier.isScanOnly()) {
            lines.add("  One look every " + Units.duration(interval.toNanos())
                    + ": a teardown that begins and ends between two looks shows only as a context that vanished");
        }
        if (tier == Tier.PROC) {
            lines.add("  " + PROC_GAPS);
            if (!Host.has(Capability.CAP_SYS_PTRACE)) {
                lines.add("  Without CAP_SYS_PTRACE the kernel shows only processes of the same user");
            }
        }
        withoutAddresses(tier).ifPresent(gap -> lines.add("  " + gap));
        lines.addAll(refused(opened));
        return lines;
    }

    /** What is missing because the kernel does not tell where its symbols are; empty if it does. */
    public static Optional<String> withoutAddresses(Tier tier) {
        return tier == Tier.PROC || ProbeSettings.knowsAddresses()
                ? Optional.empty()
                : Optional.of(
                        "Without CAP_SYSLOG the kernel hides the addresses of its symbols: grace cannot be told from io");
    }

    /** What was tried before, and what would change that. */
    public static List<String> refused(SelectedProbes opened) {
        List<String> lines = new ArrayList<>();
        for (UnavailableTier refused : opened.unavailable()) {
            lines.add("  Not " + what(refused, opened) + ": " + refused.reason());
            lines.add("    hint: " + refused.hint());
        }
        return lines;
    }

    /** How many probes are attached in each mode; a recording does not tell. */
    public static String modes(Probes probes) {
        if (probes.canWait()) {
            return "as recorded";
        }
        List<AttachPoint> points = probes.attachPoints();
        Map<String, Long> counts = points.stream()
                .map(AttachPoint::mode)
                .filter(Objects::nonNull)
                .collect(Collectors.groupingBy(
                        mode -> Objects.requireNonNull(mode).label(), TreeMap::new, Collectors.counting()));
        long missing = points.stream().filter(point -> point.mode() == null).count();
        String attached = counts.entrySet().stream()
                .map(entry -> entry.getValue() + " " + entry.getKey())
                .collect(Collectors.joining(", "));
        String all = points.isEmpty() ? "none" : attached;
        return missing == 0 ? all : all + ", " + missing + " not attached";
    }

    /** What could not be had: the tier, or only the engine for it. */
    public static String what(UnavailableTier refused, SelectedProbes opened) {
        return refused.tier() == opened.probes().tier()
                ? "the engine " + refused.engine()
                : refused.tier().label();
    }
}
