package dev.aioscope.top;

import dev.aioscope.probe.Tier;

/**
 * The part of the header that does not change while the view is open.
 *
 * @param host host name
 * @param kernel kernel release
 * @param tier tier of the probes
 * @param engine engine that loaded the probes
 * @param tierNote what the tier costs or cannot observe; empty for nothing
 */
public record HeaderInfo(String host, String kernel, Tier tier, String engine, String tierNote) {
    /** Whether the tier observes setups, refusals and destroys as they happen. */
    boolean observesCalls() {
        return tier == Tier.FULL || tier == Tier.SYSCALL;
    }
}
