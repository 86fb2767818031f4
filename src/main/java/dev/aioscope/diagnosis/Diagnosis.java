package dev.aioscope.diagnosis;

import dev.aioscope.probe.AttachPoint;
import dev.aioscope.probe.Tier;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The findings of {@code doctor}.
 *
 * @param tiers each tier after an attempt to attach it, best first
 * @param checks of the host and the settings
 */
public record Diagnosis(List<TierTrial> tiers, List<Check> checks) {

    /**
     * An attempt to attach one tier.
     *
     * @param works whether its probes attached; for {@code proc}, whether /proc is readable
     * @param reason why it does not work, or what it cannot observe; null if it works without gaps
     * @param hint how to enable it; null if there is none
     * @param points its attach points; those of a tier that does not work are all detached
     */
    public record TierTrial(
            Tier tier,
            boolean works,
            @Nullable String reason,
            @Nullable String hint,
            List<AttachPoint> points) {

        /** Whether both fail for the same reason, with the same hint and attach points. */
        public boolean failsLike(TierTrial other) {
            return !works && equals(new TierTrial(tier, other.works, other.reason, other.hint, other.points));
        }
    }

    /**
     * A property of the host that affects the tiers.
     *
     * @param name one word
     * @param ok whether it is as required; null if it is neutral
     * @param hint how to fix it; null unless {@code ok} is false
     */
    public record Check(
            String name,
            @Nullable Boolean ok,
            String value,
            @Nullable String hint) {
        /** A check without a requirement. */
        public static Check neutral(String name, String value) {
            return new Check(name, null, value, null);
        }

        /** A check with a requirement; the hint is dropped if it is met. */
        public static Check of(String name, boolean ok, String value, String hint) {
            return new Check(name, ok, value, ok ? null : hint);
        }
    }

    /** The tier that commands select; null if none works. */
    public @Nullable Tier commandTier() {
        return best(true);
    }

    /** The tier that the daemon selects; null if none works. */
    public @Nullable Tier daemonTier() {
        return best(false);
    }

    private @Nullable Tier best(boolean allowSyscall) {
        return tiers.stream()
                .filter(trial -> trial.works() && (allowSyscall || trial.tier() != Tier.SYSCALL))
                .map(TierTrial::tier)
                .findFirst()
                .orElse(null);
    }

    /** The result in one or two sentences. */
    public String summary() {
        Tier commands = commandTier();
        Tier daemon = daemonTier();
        String selected;
        if (commands == null) {
            selected = "No tier works on this host.";
        } else if (commands == daemon) {
            selected = "The commands and the daemon use the tier " + commands.label() + ".";
        } else {
            selected = "The commands use the tier " + commands.label() + ". The daemon "
                    + (daemon == null
                            ? "does not start without --allow-syscall-tier."
                            : "uses " + daemon.label() + ", or syscall with --allow-syscall-tier.");
        }
        return selected
                + tiers.stream()
                        .filter(trial -> !trial.works())
                        .findFirst()
                        .map(trial -> " To enable " + trial.tier().label() + ": " + trial.hint() + ".")
                        .orElse("");
    }
}
