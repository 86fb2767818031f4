package dev.aioscope.probe.bpf;

import dev.aioscope.probe.AttachPoint;
import java.util.List;
import java.util.stream.Collectors;

/** A tier does not work on this host; has all attempts. */
public final class TierUnavailableException extends RuntimeException {
    private static final long serialVersionUID = 1;
    private final transient List<AttachPoint> attachPoints;
    private final transient AttachPoint missing;

    TierUnavailableException(List<AttachPoint> attachPoints, AttachPoint missing) {
        super(missing.failure() + " ("
                + missing.rejections().stream()
                        .map(rejection -> rejection.mode().label() + ": " + rejection.reason())
                        .collect(Collectors.joining("; "))
                + ")");
        this.attachPoints = attachPoints;
        this.missing = missing;
    }

    /** All attach points of the tier. */
    public List<AttachPoint> attachPoints() {
        return attachPoints;
    }

    /** The essential attach point that has no mode. */
    public AttachPoint missing() {
        return missing;
    }
}
