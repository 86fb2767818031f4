package dev.aioscope.probe.bpf;

import dev.aioscope.probe.AttachPoint;
import dev.aioscope.probe.AttachPoint.Mode;
import dev.aioscope.probe.AttachPoint.Rejection;
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
    private final Map<AttachTarget, List<Rejection>> rejections = new EnumMap<>(AttachTarget.class);

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
    public List<AttachTarget> targets() {
        return wanted().stream().filter(target -> mode(target) != null).toList();
    }

    /** The best way that was not refused, or null. */
    public @Nullable Mode mode(AttachTarget target) {
        List<Rejection> refused = rejections.getOrDefault(target, List.of());
        for (Mode mode : target.modes()) {
            if (allowed.contains(mode) && refused.stream().noneMatch(rejection -> rejection.mode() == mode)) {
                return mode;
            }
        }
        return null;
    }

    /** The probe point that this program serves. */
    public Optional<AttachTarget> targetOf(String program) {
        return targets().stream()
                .filter(target -> {
                    Mode mode = mode(target);
                    return mode != null && target.program(mode).equals(program);
                })
                .findFirst();
    }

    /** Takes note of the kernel's answer: the next best way is next. */
    void reject(AttachTarget target, String reason, String hint) {
        Mode mode = mode(target);
        if (mode != null) {
            rejections.computeIfAbsent(target, key -> new ArrayList<>()).add(new Rejection(mode, reason, hint));
        }
    }

    /** The same answer for every probe point that is to be attached in one of these modes. */
    void rejectAll(Set<Mode> modes, String reason, String hint) {
        for (AttachTarget target : targets()) {
            Mode mode = mode(target);
            if (mode != null && modes.contains(mode)) {
                reject(target, reason, hint);
            }
        }
    }

    /** The first probe point without which the tier is not to be had, and that has no way left. */
    Optional<AttachPoint> missing() {
        return wanted().stream()
                .filter(target -> target.isEssential() && mode(target) == null)
                .map(this::point)
                .findFirst();
    }

    /** What became of each probe point; of one that is attached on demand, only if it cannot be. */
    List<AttachPoint> attachPoints() {
        return wanted().stream()
                .filter(target -> !target.isOnDemand() || mode(target) == null)
                .map(this::point)
                .toList();
    }

    private AttachPoint point(AttachTarget target) {
        return new AttachPoint(target.label(), mode(target), rejections.getOrDefault(target, List.of()));
    }

    private List<AttachTarget> wanted() {
        return List.of(AttachTarget.values()).stream()
                .filter(target -> target.isWantedBy(tier) && (watchHandles || !target.isOnPathOfIo()))
                .filter(target -> target.insteadOf() == null || mode(target.insteadOf()) == null)
                .toList();
    }
}
