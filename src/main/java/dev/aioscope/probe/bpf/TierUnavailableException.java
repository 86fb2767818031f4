package dev.aioscope.probe.bpf;

import dev.aioscope.probe.AttachPoint;
import dev.aioscope.probe.Tier;
import java.util.List;
import java.util.stream.Collectors;

/** A tier cannot be had on this host, with everything that was tried. */
public final class TierUnavailableException extends RuntimeException {
    private static final long serialVersionUID = 1;
    private final transient List<AttachPoint> points;
    private final transient AttachPoint missing;

    TierUnavailableException(Tier tier, List<AttachPoint> points, AttachPoint missing) {
        super("the tier " + tier.label() + " cannot be had: no probe can be placed on " + missing.name() + " ("
                + missing.rejections().stream()
                        .map(rejection -> rejection.mode().label() + ": " + rejection.reason())
                        .collect(Collectors.joining("; "))
                + ")");
        this.points = points;
        this.missing = missing;
    }

    /** Every probe point of the tier. */
    public List<AttachPoint> attachPoints() {
        return points;
    }

    /** The one that the tier cannot do without. */
    public AttachPoint missing() {
        return missing;
    }
}
