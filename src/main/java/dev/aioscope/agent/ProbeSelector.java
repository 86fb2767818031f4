package dev.aioscope.agent;

import dev.aioscope.probe.AttachPoint;
import dev.aioscope.probe.AttachPoint.Mode;
import dev.aioscope.probe.HostCauseException;
import dev.aioscope.probe.ProbeException;
import dev.aioscope.probe.Probes;
import dev.aioscope.probe.Tier;
import dev.aioscope.probe.bpf.BpfProbes;
import dev.aioscope.probe.bpf.Engine;
import dev.aioscope.probe.bpf.ProbeSettings;
import dev.aioscope.probe.bpf.TierUnavailableException;
import dev.aioscope.probe.proc.ProcProbes;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Finds the best tier that this host supports, by trying. */
public final class ProbeSelector {
    private ProbeSelector() {}

    /** All tiers, best first. */
    public static final List<Tier> ALL = List.of(Tier.values());

    /** All tiers but {@code syscall}, which slows every system call of the host. */
    public static final List<Tier> WITHOUT_SYSCALL = List.of(Tier.FULL, Tier.SAMPLE, Tier.PROC);

    /** The tiers that can scan without a probe on any call. */
    public static final List<Tier> SCAN_TIERS = List.of(Tier.SAMPLE, Tier.PROC);

    /**
     * A tier that this host does not support.
     *
     * @param tier the tier
     * @param engine the engine that failed; {@code none} for a tier without one
     * @param reason the kernel's answer
     * @param hint how to make it available
     * @param points its attach points; empty if it failed before attaching
     */
    public record UnavailableTier(Tier tier, String engine, String reason, String hint, List<AttachPoint> points) {}

    /**
     * The attached probes, and the better tiers that failed before.
     *
     * @param probes the caller closes them
     * @param unavailable in the order of the attempts
     */
    public record SelectedProbes(Probes probes, List<UnavailableTier> unavailable) {}

    /**
     * Attaches the probes of the best tier that works.
     *
     * @param engines sources of the BPF programs, the preferred one first; the next serves if one cannot work
     * @param tiers in the order of the attempts
     * @param modes the attach modes that are allowed
     * @param wanted what the probes record and how much they keep
     * @throws ProbeException if no tier works
     */
    public static SelectedProbes open(List<Engine> engines, List<Tier> tiers, Set<Mode> modes, ProbeSettings wanted) {
        List<UnavailableTier> unavailable = new ArrayList<>();
        for (Tier tier : tiers) {
            Probes probes =
                    tier == Tier.PROC ? openProc(unavailable) : openBpf(engines, tier, modes, wanted, unavailable);
            if (probes != null) {
                return new SelectedProbes(probes, List.copyOf(unavailable));
            }
        }
        throw new ProbeException(
                unavailable.stream().map(UnavailableTier::reason).distinct().collect(Collectors.joining("; ")),
                unavailable.stream().map(UnavailableTier::hint).distinct().collect(Collectors.joining("; or ")));
    }

    private static @Nullable Probes openBpf(
            List<Engine> engines, Tier tier, Set<Mode> modes, ProbeSettings wanted, List<UnavailableTier> unavailable) {
        for (Engine engine : engines) {
            try {
                return BpfProbes.open(engine, tier, modes, wanted);
            } catch (TierUnavailableException e) {
                // The kernel rejected a program; it would reject the same program of another engine.
                unavailable.add(new UnavailableTier(
                        tier,
                        engine.label(),
                        String.valueOf(e.getMessage()),
                        e.missing().hints(),
                        e.attachPoints()));
                return null;
            } catch (ProbeException e) {
                unavailable.add(
                        new UnavailableTier(tier, engine.label(), String.valueOf(e.getMessage()), e.hint(), List.of()));
                if (e instanceof HostCauseException) {
                    return null;
                }
            }
        }
        return null;
    }

    private static @Nullable Probes openProc(List<UnavailableTier> unavailable) {
        try {
            return ProcProbes.open();
        } catch (ProbeException e) {
            unavailable.add(
                    new UnavailableTier(Tier.PROC, "none", String.valueOf(e.getMessage()), e.hint(), List.of()));
            return null;
        }
    }
}
