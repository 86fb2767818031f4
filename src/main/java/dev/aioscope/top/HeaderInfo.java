package dev.aioscope.top;

import dev.aioscope.probe.Tier;

/**
 * What does not change while the view lasts.
 *
 * @param host its name
 * @param kernel its release
 * @param tier what it lets us see
 * @param engine where the probes come from
 * @param caution what the tier costs or lacks; empty for nothing
 */
public record HeaderInfo(String host, String kernel, Tier tier, String engine, String caution) {
    /** Whether set-ups, refusals and destroys are seen as they happen. */
    boolean seesCalls() {
        return tier == Tier.FULL || tier == Tier.SYSCALL;
    }
}
