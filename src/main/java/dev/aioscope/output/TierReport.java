package dev.aioscope.output;

import dev.aioscope.agent.ProbeSelector.SelectedProbes;
import dev.aioscope.agent.ProbeSelector.UnavailableTier;
import dev.aioscope.kernel.Host;
import dev.aioscope.kernel.Host.Capability;
import dev.aioscope.kernel.HostCause;
import dev.aioscope.kernel.Kallsyms;
import dev.aioscope.kernel.ProcMount;
import dev.aioscope.kernel.Units;
import dev.aioscope.probe.AttachPoint;
import dev.aioscope.probe.Probes;
import dev.aioscope.probe.Tier;
import dev.aioscope.probe.bpf.ProbeSettings;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Describes the selected tier for people: its cost, its gaps, and why better tiers are unavailable. */
public final class TierReport {
    /** What the tier {@code proc} cannot observe. */
    static final String PROC_GAPS =
            "The tier proc observes neither charges nor outstanding requests; a ring has more slots than its charge";

    /** Measured with getppid in a loop on two cores. */
    private static final String SYSCALL_COST =
            "every system call of every process is slower while the probes are attached (143 -> 218 ns on 2 cores)";

    private TierReport() {}

    /** The lines that commands print to stderr at the start. */
    public static List<String> of(SelectedProbes selected, Duration scanInterval) {
        Tier tier = selected.probes().tier();
        List<String> lines = new ArrayList<>();
        lines.add("Tier " + tier.label() + ", engine " + selected.probes().engine() + ", probes: "
                + modes(selected.probes()));
        if (tier == Tier.SYSCALL) {
            lines.add("  Cost: " + SYSCALL_COST);
        }
        if (tier.isScanOnly()) {
            lines.add("  Scan every " + Units.duration(scanInterval.toNanos())
                    + ": a teardown that starts and ends between two scans shows only as a vanished context");
        }
        if (tier == Tier.PROC) {
            lines.add("  " + PROC_GAPS);
            if (!Host.has(Capability.CAP_SYS_PTRACE)) {
                lines.add("  Without CAP_SYS_PTRACE the kernel shows only processes of the same user");
            }
        }
        withoutAddresses(tier).ifPresent(gap -> lines.add("  " + gap));
        for (HostCause cause : restrictions(selected.probes())) {
            lines.add("  " + cause.reason());
            lines.add("    hint: " + cause.hint());
        }
        lines.addAll(unavailable(selected));
        return lines;
    }

    /** What probes of this tier cannot observe; empty for the tier {@code full}. */
    public static Optional<String> gaps(Tier tier) {
        return switch (tier) {
            case FULL -> Optional.empty();
            case SYSCALL ->
                Optional.of("The tier syscall observes no phases, and an exit only as contexts that vanish");
            case SAMPLE ->
                Optional.of("The tier sample observes what a scan finds: no refusals, short teardowns or phases");
            case PROC ->
                Optional.of(
                        "The tier proc observes rings and stuck threads: no charges, outstanding requests, refusals,"
                                + " short teardowns or phases");
        };
    }

    /** What limits these probes on this host, one sentence each, with a hint where there is one. */
    public static List<String> limits(SelectedProbes selected) {
        List<String> limits = new ArrayList<>();
        for (List<UnavailableTier> same : byCause(selected)) {
            limits.add("aioscope cannot use " + names(same, selected) + ": "
                    + same.get(0).reason() + " (hint: " + same.get(0).hint() + ")");
        }
        withoutAddresses(selected.probes().tier()).ifPresent(limits::add);
        restrictions(selected.probes()).forEach(cause -> limits.add(cause.text()));
        return limits;
    }

    /** What is missing because the kernel hides its symbol addresses; empty if it shows them. */
    public static Optional<String> withoutAddresses(Tier tier) {
        return tier == Tier.PROC || ProbeSettings.knowsAddresses()
                ? Optional.empty()
                : Optional.of((Kallsyms.isVisible()
                                ? "Without CAP_SYSLOG the kernel hides symbol addresses"
                                : "/proc/kallsyms does not exist")
                        + ": grace and io cannot be distinguished");
    }

    /** What the environment of this process hides from it; none for a recording. */
    public static List<HostCause> restrictions(Probes probes) {
        return probes.canWait()
                ? List.of()
                : Stream.concat(
                                ProcMount.hiding(probes.tier() == Tier.PROC).stream(),
                                ProcMount.ofUnreadableQuota().stream())
                        .toList();
    }

    /** Why better tiers are unavailable, each with a hint. */
    public static List<String> unavailable(SelectedProbes selected) {
        List<String> lines = new ArrayList<>();
        for (List<UnavailableTier> same : byCause(selected)) {
            lines.add(
                    "  cannot use " + names(same, selected) + ": " + same.get(0).reason());
            lines.add("    hint: " + same.get(0).hint());
        }
        return lines;
    }

    /** The unavailable tiers, those with the same reason and hint together. */
    public static List<List<UnavailableTier>> byCause(SelectedProbes selected) {
        return List.copyOf(selected.unavailable().stream()
                .collect(Collectors.groupingBy(
                        unavailable -> List.of(unavailable.reason(), unavailable.hint()),
                        LinkedHashMap::new,
                        Collectors.toList()))
                .values());
    }

    /** The number of attached probes for each mode; unknown in a recording. */
    public static String modes(Probes probes) {
        if (probes.canWait()) {
            return "as recorded";
        }
        List<AttachPoint> points = probes.attachPoints();
        if (points.isEmpty()) {
            return "none";
        }
        Map<String, Long> counts = points.stream()
                .map(AttachPoint::mode)
                .filter(Objects::nonNull)
                .collect(Collectors.groupingBy(
                        mode -> Objects.requireNonNull(mode).label(), TreeMap::new, Collectors.counting()));
        long missing = points.stream().filter(point -> point.mode() == null).count();
        if (missing > 0) {
            return join(counts) + ", " + missing + " not attached";
        }
        return join(counts);
    }

    private static String join(Map<String, Long> counts) {
        return counts.entrySet().stream()
                .map(entry -> entry.getValue() + " " + entry.getKey())
                .collect(Collectors.joining(", "));
    }

    /** The unavailable tiers; the engine instead of a tier that another engine provides. */
    public static String names(List<UnavailableTier> same, SelectedProbes selected) {
        return same.stream()
                .map(unavailable -> unavailable.tier() == selected.probes().tier()
                        ? "engine " + unavailable.engine()
                        : "tier " + unavailable.tier().label())
                .distinct()
                .collect(Collectors.joining(", "));
    }
}
