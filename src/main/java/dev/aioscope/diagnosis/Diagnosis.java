package dev.aioscope.diagnosis;

import dev.aioscope.probe.AttachPoint;
import dev.aioscope.probe.Tier;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What {@code doctor} found.
 *
 * @param tiers each tier, really tried, best first
 * @param facts what the host and the settings are like
 */
public record Diagnosis(List<TierTrial> tiers, List<Fact> facts) {

    /**
     * One tier.
     *
     * @param works whether its probes could be attached, and for {@code proc} whether /proc could be read
     * @param reason why not, or what it does not see
     * @param hint what would change that
     * @param points its probe points; of a tier that does not work, none is attached
     */
    public record TierTrial(
            Tier tier,
            boolean works,
            @Nullable String reason,
            @Nullable String hint,
            List<AttachPoint> points) {}

    /**
     * Something that bears on what works.
     *
     * @param name what it is, one word
     * @param good whether it is as it should be; null if it is neither good nor bad
     * @param value what it is like
     * @param hint what to do about it if it is not good
     */
    public record Fact(
            String name,
            @Nullable Boolean good,
            String value,
            @Nullable String hint) {
        public static Fact neutral(String name, String value) {
            return new Fact(name, null, value, null);
        }

        public static Fact of(String name, boolean good, String value, String hint) {
            return new Fact(name, good, value, good ? null : hint);
        }
    }

    /** The tier that commands take by themselves, or null. */
    public @Nullable Tier commandTier() {
        return best(true);
    }

    /** The tier that the daemon takes by itself, or null. */
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

    /** All of it in a sentence. */
    public String summary() {
        Tier commands = commandTier();
        Tier daemon = daemonTier();
        String takes;
        if (commands == null) {
            takes = "No tier works here";
        } else if (commands == daemon) {
            takes = "The commands and the daemon will use the tier " + commands.label();
        } else {
            takes = "The commands will use the tier " + commands.label() + ", the daemon "
                    + (daemon == null
                            ? "will not start without --allow-syscall-tier"
                            : daemon.label() + " (or, with --allow-syscall-tier, syscall)");
        }
        String raise = tiers.stream()
                .filter(trial -> !trial.works())
                .findFirst()
                .map(trial -> "; what would give " + trial.tier().label() + ": " + trial.hint())
                .orElse("");
        return takes + raise + ".";
    }
}
