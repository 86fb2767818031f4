package dev.aioscope.agent;

import dev.aioscope.probe.ProbeException;
import dev.aioscope.probe.ProbePoint;
import dev.aioscope.probe.ProbePoint.Mode;
import dev.aioscope.probe.Probes;
import dev.aioscope.probe.Tier;
import dev.aioscope.probe.bpf.BpfProbes;
import dev.aioscope.probe.bpf.Engine;
import dev.aioscope.probe.bpf.TierRefusedException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Finds the best tier that this host gives, by trying. */
public final class ProbeChoice {
    private ProbeChoice() {}

    /**
     * A tier that could not be had.
     *
     * @param tier which
     * @param engine which engine tried
     * @param reason the kernel's answer, as a sentence
     * @param cure what would change it
     * @param points its probe points, empty if it did not get so far
     */
    public record Refused(Tier tier, String engine, String reason, String cure, List<ProbePoint> points) {}

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
     * @param forced the only tier to try, or null
     * @param allowSyscall whether the tier {@code syscall}, which slows every system call of the host, may be taken
     *     without being asked for
     * @param modes ways to attach that may be used
     * @param stacks whether the user stacks of io_setup and io_destroy are wanted
     * @throws ProbeException if no tier works
     */
    public static Opened open(
            List<Engine> engines, @Nullable Tier forced, boolean allowSyscall, Set<Mode> modes, boolean stacks) {
        List<Refused> refused = new ArrayList<>();
        for (Tier tier : candidates(forced, allowSyscall)) {
            for (Engine engine : engines) {
                try {
                    return new Opened(BpfProbes.open(engine, tier, modes, stacks), List.copyOf(refused));
                } catch (TierRefusedException e) {
                    // The kernel has refused it: it would refuse the same program of another engine.
                    refused.add(new Refused(
                            tier, engine.label(), String.valueOf(e.getMessage()), cure(e.missing()), e.points()));
                    break;
                } catch (ProbeException e) {
                    refused.add(new Refused(tier, engine.label(), String.valueOf(e.getMessage()), e.cure(), List.of()));
                }
            }
        }
        throw new ProbeException(
                refused.stream().map(Refused::reason).distinct().collect(Collectors.joining("; ")),
                refused.stream().map(Refused::cure).distinct().collect(Collectors.joining("; or ")));
    }

    private static List<Tier> candidates(@Nullable Tier forced, boolean allowSyscall) {
        if (forced != null) {
            return List.of(forced);
        }
        return allowSyscall ? List.of(Tier.FULL, Tier.SYSCALL, Tier.SAMPLE) : List.of(Tier.FULL, Tier.SAMPLE);
    }

    private static String cure(ProbePoint missing) {
        return missing.refusals().stream()
                .map(ProbePoint.Refusal::cure)
                .distinct()
                .collect(Collectors.joining(", or "));
    }
}
