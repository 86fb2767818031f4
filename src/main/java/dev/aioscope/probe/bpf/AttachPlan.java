package dev.aioscope.probe.bpf;

import dev.aioscope.probe.AttachPoint;
import dev.aioscope.probe.AttachPoint.Mode;
import dev.aioscope.probe.AttachPoint.Refusal;
import dev.aioscope.probe.Tier;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Which way each probe point of a tier is to be attached, given what the kernel refused so far. */
public final class AttachPlan {
    private final Tier tier;
    private final Set<Mode> allowed;
    private final boolean watchHandles;
    private final Map<AttachTarget, List<Refusal>> refusals = new EnumMap<>(AttachTarget.class);

    /**
     * Wants everything that the tier has, the best way first.
     *
     * @param allowed modes that may be used at all
     * @param watchHandles whether calls with destroyed handles are wanted
     */
    AttachPlan(Tier tier, Set<Mode> allowed, boolean watchHandles) {
        this.tier = tier;
        this.watchHandles = watchHandles;
        this.allowed = Set.copyOf(allowed);
    }

    public Tier tier() {
        return tier;
    }

    /** The probe points of the tier that still have a way left. */
    public List<AttachTarget> sites() {
        return wanted().stream().filter(site -> mode(site) != null).toList();
    }

    /** The best way that was not refused, or null. */
    public @Nullable Mode mode(AttachTarget site) {
        List<Refusal> refused = refusals.getOrDefault(site, List.of());
        for (Mode mode : site.modes()) {
            if (allowed.contains(mode) && refused.stream().noneMatch(refusal -> refusal.mode() == mode)) {
                return mode;
            }
        }
        return null;
    }

    /** The probe point that this program serves. */
    public Optional<AttachTarget> siteOf(String program) {
        return sites().stream()
                .filter(site -> {
                    Mode mode = mode(site);
                    return mode != null && site.program(mode).equals(program);
                })
                .findFirst();
    }

    /** Takes note of the kernel's answer: the next best way is next. */
    void refuse(AttachTarget site, String answer, String hint) {
        Mode mode = mode(site);
        if (mode != null) {
            refusals.computeIfAbsent(site, key -> new ArrayList<>()).add(new Refusal(mode, answer, hint));
        }
    }

    /** The same answer for every probe point that is to be attached in one of these modes. */
    void refuseAll(Set<Mode> modes, String answer, String hint) {
        for (AttachTarget site : sites()) {
            Mode mode = mode(site);
            if (mode != null && modes.contains(mode)) {
                refuse(site, answer, hint);
            }
        }
    }

    /** The first probe point without which the tier is not to be had, and that has no way left. */
    Optional<AttachPoint> missing() {
        return wanted().stream()
                .filter(site -> site.isEssential() && mode(site) == null)
                .map(this::point)
                .findFirst();
    }

    /** What became of each probe point; of one that is attached on demand, only if it cannot be. */
    List<AttachPoint> points() {
        return wanted().stream()
                .filter(site -> !site.isOnDemand() || mode(site) == null)
                .map(this::point)
                .toList();
    }

    private AttachPoint point(AttachTarget site) {
        return new AttachPoint(site.label(), mode(site), refusals.getOrDefault(site, List.of()));
    }

    private List<AttachTarget> wanted() {
        return List.of(AttachTarget.values()).stream()
                .filter(site -> site.isWantedBy(tier) && (watchHandles || !site.isOnPathOfIo()))
                .filter(site -> site.insteadOf() == null || mode(site.insteadOf()) == null)
                .toList();
    }
}
