package dev.aioscope.probe.bpf;

import dev.aioscope.probe.AttachPoint;
import dev.aioscope.probe.AttachPoint.Mode;
import dev.aioscope.probe.AttachPoint.Rejection;
import dev.aioscope.probe.Tier;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The mode of each attach target of a tier, given the modes that did not work so far. Not thread-safe. */
public final class AttachPlan {
    /** These programs can interrupt each other, and without a ring they would share the memory for records. */
    private static final Set<Mode> NEED_RING_BUFFER = Set.of(Mode.FENTRY, Mode.FEXIT);

    private final Tier tier;
    private final Set<Mode> allowed;
    private final boolean watchHandles;
    private final Map<AttachTarget, List<Rejection>> rejections = new EnumMap<>(AttachTarget.class);
    private boolean hasRingBuffer = true;

    /**
     * Plans all targets of the tier, each in its best mode.
     *
     * @param allowed the modes to try
     * @param watchHandles whether to watch destroyed handles
     */
    AttachPlan(Tier tier, Set<Mode> allowed, boolean watchHandles) {
        this.tier = tier;
        this.watchHandles = watchHandles;
        this.allowed = Set.copyOf(allowed);
    }

    public Tier tier() {
        return tier;
    }

    /** The targets of the tier that still have a mode. */
    public List<AttachTarget> targets() {
        return wanted().stream().filter(target -> mode(target) != null).toList();
    }

    /** The best mode without a rejection; null if there is none. */
    public @Nullable Mode mode(AttachTarget target) {
        List<Rejection> rejected = rejections.getOrDefault(target, List.of());
        for (Mode mode : target.modes()) {
            if (allows(mode) && rejected.stream().noneMatch(rejection -> rejection.mode() == mode)) {
                return mode;
            }
        }
        return null;
    }

    private boolean allows(Mode mode) {
        return allowed.contains(mode) && (hasRingBuffer || !NEED_RING_BUFFER.contains(mode));
    }

    /** The target that this program serves. */
    public Optional<AttachTarget> targetOf(String program) {
        return targets().stream()
                .filter(target -> {
                    Mode mode = mode(target);
                    return mode != null && target.program(mode).equals(program);
                })
                .findFirst();
    }

    /** Records a rejection: the target gets its next best mode. */
    void reject(AttachTarget target, String reason, String hint) {
        Mode mode = mode(target);
        if (mode != null) {
            reject(target, new Rejection(mode, reason, hint));
        }
    }

    /** Records that a kprobe is rejected because the kernel has ended ftrace, as its other modes were before. */
    void rejectForEndOfFtrace(AttachTarget target, String reason) {
        reject(target, reason, Hints.END_OF_FTRACE);
        rejections
                .getOrDefault(target, List.of())
                .replaceAll(earlier ->
                        new Rejection(earlier.mode(), earlier.reason(), Hints.END_OF_FTRACE, earlier.isSilent()));
    }

    private void reject(AttachTarget target, Rejection rejection) {
        rejections.computeIfAbsent(target, key -> new ArrayList<>()).add(rejection);
    }

    /**
     * Records that these targets attached but did not fire. If no target fires in this kind of mode, all others lose it too.
     *
     * @param fired the targets that fired
     */
    void rejectSilent(Set<AttachTarget> silent, Set<AttachTarget> fired) {
        Set<Mode> dead = EnumSet.noneOf(Mode.class);
        modes(silent).forEach(mode -> dead.addAll(mode.kind()));
        modes(fired).forEach(mode -> dead.removeAll(mode.kind()));
        for (AttachTarget target : targets()) {
            Mode mode = mode(target);
            if (mode != null && (silent.contains(target) || dead.contains(mode))) {
                reject(target, SilenceCause.of(mode).rejection(mode));
            }
        }
    }

    private Set<Mode> modes(Set<AttachTarget> targets) {
        return targets.stream().map(this::mode).filter(Objects::nonNull).collect(Collectors.toSet());
    }

    /** Records the same rejection for each target in one of these modes. */
    void rejectAll(Set<Mode> modes, String reason, String hint) {
        for (AttachTarget target : targets()) {
            Mode mode = mode(target);
            if (mode != null && modes.contains(mode)) {
                reject(target, reason, hint);
            }
        }
    }

    /** Whether the kernel has not rejected a BPF ring buffer. */
    boolean hasRingBuffer() {
        return hasRingBuffer;
    }

    /** Records that the kernel has no BPF ring buffer. */
    void rejectRingBuffer() {
        rejectAll(
                NEED_RING_BUFFER,
                "unsupported without a BPF ring buffer, which this kernel does not have",
                "use Linux 5.8 or newer");
        hasRingBuffer = false;
    }

    /** The first essential target without a mode. */
    Optional<AttachPoint> missing() {
        return wanted().stream()
                .filter(target -> target.isEssential(tier) && mode(target) == null)
                .map(this::point)
                .findFirst();
    }

    /** The result for each target; for one that attaches on demand, only if it cannot attach. */
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
                .filter(target -> target.isUsedBy(tier) && (watchHandles || !target.isOnPathOfIo()))
                .filter(target -> target.replaces() == null || mode(target.replaces()) == null)
                .toList();
    }
}
