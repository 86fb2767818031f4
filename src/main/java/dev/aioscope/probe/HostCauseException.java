package dev.aioscope.probe;

import dev.aioscope.kernel.HostCause;

/** The host or the environment of this process prevents all probes: another engine or mode would fail alike. */
public final class HostCauseException extends ProbeException {
    private static final long serialVersionUID = 1;

    /** Takes what failed, {@code cannot VERB OBJECT}, and why. */
    public HostCauseException(String failed, HostCause cause) {
        super(failed + ": " + cause.reason(), cause.hint());
    }
}
