package dev.aioscope.telemetry;

import dev.aioscope.lifecycle.Context;
import dev.aioscope.lifecycle.Teardown;
import java.time.Duration;

/**
 * Selects the teardowns that become traces: those with a finding, and a share of the others.
 *
 * @param slowThreshold a teardown that holds its caller at least this long is a finding
 * @param ratio share of the teardowns without a finding, 0 to 1
 */
public record SamplingPolicy(Duration slowThreshold, double ratio) {
    /** Rejects a ratio outside 0 to 1. */
    public SamplingPolicy {
        if (!(ratio >= 0 && ratio <= 1)) {
            throw new IllegalArgumentException("expected a ratio from 0 to 1, got " + ratio);
        }
    }

    /** Whether a teardown has a finding, as far as the teardown itself shows. */
    boolean isFinding(Teardown teardown, long heldNanos) {
        Integer outstanding = teardown.outstanding();
        return heldNanos >= slowThreshold.toNanos()
                || (outstanding != null && outstanding > 0)
                || TeardownAttributes.isFailed(teardown)
                || teardown.end() == Teardown.End.INCOMPLETE
                || teardown.end() == Teardown.End.UNKNOWN;
    }

    /** Decides by the context, so that a repeated run gives the same traces. */
    boolean isSampled(Context context) {
        // The finalizer of SplitMix64 spreads neighbouring generations over all 64 bits.
        long z = context.generation() + 0x9E3779B97F4A7C15L;
        z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
        z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
        z ^= z >>> 31;
        return (z >>> 11) * 0x1.0p-53 < ratio;
    }
}
