package dev.aioscope.agent;

import dev.aioscope.probe.AttachPoint;
import dev.aioscope.probe.AttachPoint.Mode;
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

/** Finds the best tier that this host gives, by trying. */
public final class ProbeSelector {
    private ProbeSelector() {}

    /** The tiers, best first. */
    public static final List<Tier> ALL = List.of(Tier.values());

    /** The same without {@code syscall}, which slows every system call of the host. */
    public static final List<Tier> CHEAP = List.of(Tier.FULL, Tier.SAMPLE, Tier.PROC);

    /** Those that can be looked through without any probe on a call. */
    public static final List<Tier> LOOKS = List.of(Tier.SAMPLE, Tier.PROC);

    /**
     * A tier that could not be had.
     *
     * @param tier which
     * @param engine which engine tried; {@code none} where none is needed
     * @param reason the kernel's answer, as a sentence
     * @param hint what would change it
     * @param points its probe points, empty if it did not get so far
     */
    public record Refused(Tier tier, String engine, String reason, String hint, List<AttachPoint> points) {}

    /**
     * The probes, attached, and the better tiers that were tried before.
     *
     * @param probes the caller closes them
     * @param refused in the order of trying
     */
    public record Opened(Probes probes, List<Refused> refused) {}

    /**
     * Attaches the probes of the best tier that works.
     *
     * @param engines where the programs can come from, the preferred one first; the next is taken if one cannot work
     * @param tiers those to try, in this order
     * @param modes ways to attach that may be used
     * @param wanted what is wanted of them
     * @throws ProbeException if no tier works
     */
    public static Opened open(List<Engine> engines, List<Tier> tiers, Set<Mode> modes, ProbeSettings wanted) {
        List<Refused> refused = new ArrayList<>();
        for (Tier tier : tiers) {
            Probes probes = tier == Tier.PROC ? openProc(refused) : openBpf(engines, tier, modes, wanted, refused);
            if (probes != null) {
                return new Opened(probes, List.copyOf(refused));
            }
        }
        throw new ProbeException(
                refused.stream().map(Refused::reason).distinct().collect(Collectors.joining("; ")),
                refused.stream().map(Refused::hint).distinct().collect(Collectors.joining("; or ")));
    }

    private static @Nullable Probes openBpf(
            List<Engine> engines, Tier tier, Set<Mode> modes, ProbeSettings wanted, List<Refused> refused) {
        for (Engine engine : engines) {
            try {
                return BpfProbes.open(engine, tier, modes, wanted);
            } catch (TierUnavailableException e) {
                // The kernel has refused it: it would refuse the same program of another engine.
                refused.add(new Refused(
                        tier, engine.label(), String.valueOf(e.getMessage()), hint(e.missing()), e.attachPoints()));
                return null;
            } catch (ProbeException e) {
                refused.add(new Refused(tier, engine.label(), String.valueOf(e.getMessage()), e.hint(), List.of()));
            }
        }
        return null;
    }

    private static @Nullable Probes openProc(List<Refused> refused) {
        try {
            return ProcProbes.open();
        } catch (ProbeException e) {
            refused.add(new Refused(Tier.PROC, "none", String.valueOf(e.getMessage()), e.hint(), List.of()));
            return null;
        }
    }

    private static String hint(AttachPoint missing) {
        return missing.rejections().stream()
                .map(AttachPoint.Rejection::hint)
                .distinct()
                .collect(Collectors.joining(", or "));
    }
}
